"""Equality of plain JSON values."""

import math
from typing import Any


def same(found: Any, expected: Any, tolerance: float = 0.0) -> bool:
    """Whether two JSON values are equal.

    true and false are no numbers; 1 and 1.0 are the same. Where one of two numbers is a float,
    they may differ by `tolerance`, relative or absolute, whichever is larger.
    """
    try:
        return _same(found, expected, tolerance)
    except (RecursionError, OverflowError):
        return False


def _same(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int | float) and isinstance(expected, int | float):
        if isinstance(found, int) and isinstance(expected, int):
            return found == expected
        return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(found, list) and isinstance(expected, list | tuple):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(_same(f, e, tolerance) for f, e in pairs)
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = found.keys() == expected.keys()
        return keys and all(_same(found[key], expected[key], tolerance) for key in expected)
    return type(found) is type(expected) and found == expected
