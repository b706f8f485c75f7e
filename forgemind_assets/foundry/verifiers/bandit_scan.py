"""Bandit in this process: findings of the analyser as labels of the goal."""

import ast
import io
import logging
import warnings
from functools import cache
from typing import Any

# Bandit's test -> label. Tests that are not named here say nothing about the goal's classes.
LABELS = {
    **dict.fromkeys(("B608", "B610", "B611"), "CWE-89"),
    **dict.fromkeys(("B601", "B602", "B605", "B609"), "CWE-78"),
    **dict.fromkeys(("B301", "B302", "B506", "B614"), "CWE-502"),
    **dict.fromkeys(("B303", "B304", "B305", "B324", "B502", "B503", "B505"), "CWE-327"),
    **dict.fromkeys(("B323", "B501", "B504", "B507"), "CWE-295"),
    **dict.fromkeys(("B102", "B307"), "CWE-94"),
    **dict.fromkeys(("B105", "B106", "B107"), "CWE-798"),
    "B311": "CWE-330",
    **dict.fromkeys(("B313", "B314", "B315", "B316", "B317", "B318", "B319", "B320"), "CWE-611"),
    "B202": "CWE-22",
    **dict.fromkeys(("B308", "B701", "B702", "B703", "B704"), "CWE-79"),
    "B310": "CWE-918",
}
# These look at a call's own arguments, so that what they flag on repaired code is a finding.
CERTAIN = frozenset({"B323", "B324", "B501", "B502", "B505", "B506", "B507"})


class _NoMetrics:
    """Bandit counts suppressions; nothing here asks for them."""

    def note_nosec(self, num: int = 1) -> None:
        """Ignored."""

    def note_skipped_test(self, num: int = 1) -> None:
        """Ignored."""


class _NoMeta:
    """Bandit keeps every node for its debug output; here it is dropped."""

    def add_node(self, node: ast.AST, parent_id: str, depth: int) -> None:
        """Ignored."""


@cache
def _tests() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # raised by Bandit's plug-in loader
        from bandit.core import config, test_set

    logging.getLogger("bandit").setLevel(logging.CRITICAL)
    return test_set.BanditTestSet(config.BanditConfig(), profile={})


def scan(code: str) -> list[tuple[str, int, bool]]:
    """(label, 1-based line, certain) of each finding that has a label. Raises SyntaxError.

    Comments such as `# nosec` have no effect.
    """
    tests = _tests()
    from bandit.core import node_visitor

    visitor = node_visitor.BanditNodeVisitor(
        "snippet.py", io.BytesIO(code.encode()), _NoMeta(), tests, False, {}, _NoMetrics()
    )
    visitor.process(code)
    return [
        (LABELS[issue.test_id], issue.lineno, issue.test_id in CERTAIN)
        for issue in visitor.tester.results
        if issue.test_id in LABELS
    ]
