"""The manifest of an adapter: all that is needed to know where it came from."""

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from forgemind_assets.errors import StoreError

MANIFEST = "manifest.json"
CURVE = "loss_curve.png"
PACKAGES = ("torch", "transformers", "peft", "safetensors", "bitsandbytes", "tokenizers")


def package_versions() -> dict[str, str]:
    """Versions of the packages that a training depends on; absent ones are left out."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_manifest(out: Path, manifest: dict[str, Any]) -> Path:
    """Writes `manifest.json` last and whole: where it exists, the adapter is complete."""
    partial = out / f".{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    path = out / MANIFEST
    partial.replace(path)
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished adapter. Raises StoreError where there is none."""
    path = folder / MANIFEST
    if not path.is_file():
        raise StoreError(f"expected {path}, found none: the training did not finish")
    return json.loads(path.read_text(encoding="utf-8"))


def draw_curve(
    out: Path, losses: Sequence[tuple[int, float]], dev_losses: Sequence[tuple[int, float]]
) -> Path:
    """Draws training and dev loss (nats per label token) over optimizer steps as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if losses:
        steps, values = zip(*losses, strict=True)
        axes.plot(steps, values, color="#b8cbe6", linewidth=0.8, label="training")
        axes.plot(
            steps, _smooth(values), color="#1f5fa8", linewidth=1.6, label="training, smoothed"
        )
    if dev_losses:
        steps, values = zip(*dev_losses, strict=True)
        axes.plot(steps, values, "o-", color="#c0582b", linewidth=1.4, label="dev")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss (nats per label token)")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if losses or dev_losses:
        axes.legend(frameon=False)
    path = out / CURVE
    figure.savefig(path)
    return path


def _smooth(values: Sequence[float], weight: float = 0.9) -> list[float]:
    """Exponential moving average, corrected for its start."""
    smoothed: list[float] = []
    mean = 0.0
    for count, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        smoothed.append(mean / (1 - weight**count))
    return smoothed
