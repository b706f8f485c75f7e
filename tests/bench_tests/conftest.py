"""The measurements' modules import each other by plain names, as they do when run as scripts."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))
