"""Keeps libraries from writing progress and hints of their own into the terminal."""

import logging
import os

SETTINGS = {
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "BITSANDBYTES_NOWELCOME": "1",
}


def quieten() -> None:
    """Sets what is not set; call it before the libraries are imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    # It warns of each kernel that it could fetch from a hub.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
