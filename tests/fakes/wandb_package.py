"""A package of the name `wandb` that does as a test says, for a process of its own."""

from pathlib import Path


def write_wandb(site: Path, body: str) -> Path:
    """Writes it into a folder for `PYTHONPATH`, with `body` as its code, and returns the folder."""
    package = site / "wandb"
    package.mkdir(parents=True, exist_ok=True)
    text = body if "Settings" in body else f"def Settings(**values):\n    return values\n\n{body}"
    (package / "__init__.py").write_text(text + "\n", encoding="utf-8")
    return site
