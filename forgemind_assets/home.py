"""Where ForgeMind keeps its state: one home folder, and a cache of model weights."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The folders of one installation.

    `root` holds all state and may be deleted to begin anew; `models` is a cache of weights
    that is shared by all homes.
    """

    root: Path
    models: Path

    @staticmethod
    def from_environment() -> "Home":
        """`FORGEMIND_HOME` (default `.forgemind` in the repository), `FORGEMIND_MODELS`."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        root = os.environ.get("FORGEMIND_HOME") or REPOSITORY / ".forgemind"
        models = os.environ.get("FORGEMIND_MODELS") or cache / "forgemind" / "models"
        return Home(root=Path(root).resolve(), models=Path(models).resolve())

    def has_no_space(self) -> bool:
        """Whether the disk of the state is full to the last MiB."""
        return self.root.exists() and shutil.disk_usage(self.root).free < 2**20

    @property
    def store(self) -> Path:
        """Published artefacts."""
        return self.root / "store"

    @property
    def work(self) -> Path:
        """Unfinished work that a later attempt resumes: checkpoints, journals of answers."""
        return self.root / "work"

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger; `FORGEMIND_LEDGER_URL` overrides the SQLite default."""
        return os.environ.get("FORGEMIND_LEDGER_URL") or f"sqlite:///{self.root / 'ledger.db'}"

    @property
    def dagster(self) -> Path:
        """`DAGSTER_HOME` of this installation."""
        return self.root / "dagster"

    @property
    def mlflow_uri(self) -> str:
        """MLflow tracking URI; `MLFLOW_TRACKING_URI` overrides the SQLite default."""
        default = f"sqlite:///{self.root / 'mlflow' / 'mlflow.db'}"
        return os.environ.get("MLFLOW_TRACKING_URI") or default

    @property
    def logs(self) -> Path:
        """Log files of the servers that ForgeMind starts."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Locks, progress and addresses of running processes."""
        return self.root / "run"

    @property
    def settings(self) -> Path:
        """The installation's settings; `FORGEMIND_SETTINGS` overrides `settings.yaml`."""
        return Path(os.environ.get("FORGEMIND_SETTINGS") or self.root / "settings.yaml")
