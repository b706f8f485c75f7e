"""How much the base model is surprised by texts; it is loaded with the first of them."""

from collections.abc import Callable, Sequence

from forgemind_assets.errors import DownloadError, NotAvailable, StoreError, UnsafeArtefact
from forgemind_assets.forge.scoring import mean_log_probabilities
from resources.models import ModelStore


class BasePerplexity:
    """Mean log-probabilities under a base model of the catalogue. Each text is judged once."""

    def __init__(
        self,
        models: ModelStore,
        name: str,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._models, self._name, self._on_progress = models, name, on_progress
        self._known: dict[str, float] = {}

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """Mean log-probability of each text's tokens, in nats.

        Raises NotAvailable where the weights cannot be fetched or loaded.
        """
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known |= zip(missing, self._judged(missing), strict=True)
        return [self._known[text] for text in texts]

    def _judged(self, texts: Sequence[str]) -> list[float]:
        from forgemind_assets.forge.inference import merge_and_load

        try:
            model, tokenizer = merge_and_load(self._models.clean(self._name), None)
        except (DownloadError, StoreError, UnsafeArtefact) as error:
            raise NotAvailable("base_model_missing", f"{self._name}: {error}") from error
        return mean_log_probabilities(model, tokenizer, texts, on_progress=self._on_progress)
