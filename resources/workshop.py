"""The installation that assets work in: home folder, store, ledger, weights, progress."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from resources.ledger import Ledger
from resources.models import ModelStore
from resources.places import place
from resources.progress import Progress
from resources.recovery import mark_run, unmark_run
from resources.run_tags import AT_ONCE_TAG, PHASE_TAG


class Workshop(dg.ConfigurableResource):
    """Opens everything that lies in the home folder."""

    home_root: str | None = Field(
        default=None, description="home folder; FORGEMIND_HOME or .forgemind if not given"
    )
    models_root: str | None = Field(
        default=None, description="cache of weights; FORGEMIND_MODELS or the user's cache"
    )

    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Notes this process, so that a later start knows whether the run is alive.

        A run of a trial then waits for its share of the machine.
        """
        if context.run:
            mark_run(self.home, context.run.run_id)
            if context.run.tags.get(PHASE_TAG) in ("train", "test"):
                at_once = int(context.run.tags.get(AT_ONCE_TAG, "1"))
                self._held.enter_context(place(self.home, at_once))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Forgets it, and gives the share back."""
        self._held.close()
        if context.run:
            unmark_run(self.home, context.run.run_id)

    @property
    def home(self) -> Home:
        """The folders of this installation."""
        default = Home.from_environment()
        return Home(
            root=Path(self.home_root).resolve() if self.home_root else default.root,
            models=Path(self.models_root).resolve() if self.models_root else default.models,
        )

    @property
    def store(self) -> Store:
        """Published artefacts."""
        return Store(self.home.store)

    @property
    def models(self) -> ModelStore:
        """Weights, fetched when they are needed."""
        return ModelStore(self.home)

    def ledger(self) -> Ledger:
        """Opens the ledger."""
        self.home.root.mkdir(parents=True, exist_ok=True)
        return Ledger(self.home.ledger_url)

    @contextmanager
    def gpu_bill(
        self, goal: str, trial: str, most: float, limit: float
    ) -> Iterator[Callable[[float], None]]:
        """Reserves `most` dollars of machine time; the block calls what it got with the cost.

        A block that fails without saying what it cost is charged in full. Raises BudgetExceeded
        before anything is spent where the trial's limit would be passed.
        """
        ledger = self.ledger()
        ledger.release_stale(goal)
        reservation = ledger.reserve(goal, trial, "gpu", most, limit, per="scope")
        cost = [most]
        try:
            yield lambda dollars: cost.__setitem__(0, dollars)
        finally:
            ledger.settle(reservation, cost[0])

    def progress(self, goal: str) -> Progress:
        """Where progress is shown."""
        return Progress(self.home, goal)

    def work(self, goal: str, partition: str) -> Path:
        """A folder for unfinished work that a later attempt of the partition resumes."""
        path = self.home.work / goal / partition
        path.mkdir(parents=True, exist_ok=True)
        return path
