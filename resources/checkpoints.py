"""Released checkpoints: fetched, checked against their pin, and turned into safetensors once."""

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forgemind_assets.errors import DownloadError
from forgemind_assets.forge.catalogue import Checkpoint
from resources.package_index import CHUNK, OnProgress, mismatch

# The architectures that detoxify 0.5.4 was released with, and the tokenizer of each.
ARCHITECTURES = {
    "BertForSequenceClassification": "BertTokenizer",
    "RobertaForSequenceClassification": "RobertaTokenizer",
    "XLMRobertaForSequenceClassification": "XLMRobertaTokenizer",
    "AlbertForSequenceClassification": "AlbertTokenizer",
}
# detoxify.detoxify.load_checkpoint gives its models' labels these names.
LABEL_NAMES = {
    "toxic": "toxicity",
    "severe_toxic": "severe_toxicity",
    "identity_hate": "identity_attack",
}


def fetch_checkpoint(release: Checkpoint, folder: Path, on_progress: OnProgress) -> Path:
    """Downloads the checkpoint and goes on where an interrupted download stopped.

    Its bytes are not checked here, but where they are unpickled.

    Raises:
        DownloadError: it cannot be reached, or is longer than it should be.
    """
    import httpx

    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{release.sha256}.part"
    done = out.stat().st_size if out.is_file() else 0
    if done > release.size:
        out.unlink()
        done = 0
    if done == release.size:
        return out
    loopback = release.url.startswith("http://127.0.0.1")
    headers = {"Range": f"bytes={done}-"} if done else {}
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=60, trust_env=not loopback) as client,
            client.stream("GET", release.url, headers=headers) as response,
        ):
            response.raise_for_status()
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                done = 0
            _write(response, out, done, release, on_progress)
    except httpx.HTTPError as error:
        raise DownloadError(
            f"{release.url}: {type(error).__name__}: {str(error)[:200]}; check the network and "
            "proxy (HTTPS_PROXY), or set FORGEMIND_MODEL_SOURCE=hub; what was fetched is kept"
        ) from error
    return out


def _write(
    response: Any, out: Path, done: int, release: Checkpoint, on_progress: OnProgress
) -> None:
    with out.open("ab" if done else "wb") as stream:
        for block in response.iter_bytes(CHUNK):
            done += len(block)
            if done > release.size:
                raise DownloadError(f"{release.url}: more than the {release.size} bytes expected")
            stream.write(block)
            on_progress(done, release.size)
    if done != release.size:
        raise DownloadError(
            f"{release.url}: expected {release.size} bytes, found {done}; pull again"
        )


def convert_detoxify(checkpoint: Path, sha256: str, base: Path, out: Path) -> Path:
    """Writes a detoxify checkpoint as a folder of safetensors, configuration and tokenizer.

    The package's own `get_model_and_tokenizer` builds the model, so it is what detoxify runs.

    Args:
        checkpoint: the pickled file; deleted where its hash is not the pinned one.
        sha256: the pin.
        base: folder with `config.json` and tokenizer files of the architecture.
        out: the folder to write.

    Raises:
        HashMismatch: the file is not the pinned one; nothing was unpickled.
        DownloadError: it holds something other than a detoxify model.
    """
    import torch
    from detoxify.detoxify import get_model_and_tokenizer

    state, labels, names = read_checkpoint(checkpoint, sha256)
    model, tokenizer = get_model_and_tokenizer(
        model_type=str(base), num_classes=len(labels), state_dict=dict(state), **names
    )
    model = model.float().eval()
    wrong = [
        name
        for name, tensor in model.named_parameters()
        if name not in state or not torch.equal(tensor, state[name].float())
    ]
    if wrong:
        raise DownloadError(f"{checkpoint}: no weights, or others, for {', '.join(wrong[:5])}")
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: index for index, label in enumerate(labels)}
    model.config.problem_type = "multi_label_classification"
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


def read_checkpoint(
    file: Path, sha256: str
) -> tuple[Mapping[str, Any], tuple[str, ...], dict[str, str]]:
    """Tensors by name, labels, and the names of the model's and tokenizer's classes.

    The very bytes that were hashed are unpickled, and torch lets through nothing but tensors,
    plain values and containers. Raises as `convert_detoxify`.
    """
    import torch

    data = file.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        file.unlink(missing_ok=True)
        raise mismatch(str(file), sha256, found)
    try:
        loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).splitlines()[0][:200]
        raise DownloadError(
            f"{file}: refused, not only tensors and plain values: {reason}"
        ) from None
    try:
        arch = loaded["config"]["arch"]["args"]
        names = {"model_name": arch["model_name"], "tokenizer_name": arch["tokenizer_name"]}
        labels = tuple(str(c) for c in loaded["config"]["dataset"]["args"]["classes"])
        state, count = loaded["state_dict"], arch["num_classes"]
    except (KeyError, TypeError) as error:
        raise DownloadError(f"{file}: no detoxify checkpoint: {error!r}") from None
    if ARCHITECTURES.get(names["model_name"]) != names["tokenizer_name"]:
        raise DownloadError(f"{file}: refused, no architecture of detoxify: {names}")
    if count != len(labels) or not all(torch.is_tensor(one) for one in state.values()):
        raise DownloadError(f"{file}: {count} classes, {len(labels)} labels, or no tensors")
    return state, tuple(LABEL_NAMES.get(label, label) for label in labels), names
