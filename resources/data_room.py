"""Makes the datasets of an iteration: asks the teachers, filters, and counts what each gave."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forgemind_assets.foundry.generate import generate
from forgemind_assets.foundry.pipeline import funnel_text, pipeline_for, run_filters
from forgemind_assets.foundry.tables import (
    funnel_records,
    read_rows,
    rejection_reasons,
    slice_counts,
    write_rejected,
    write_rows,
    yield_by_strategy,
)
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.records import Plan
from resources.workshop import Workshop
