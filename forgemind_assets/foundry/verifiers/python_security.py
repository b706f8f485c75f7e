"""Checks a claimed label of a Python snippet by analysis: rules of our own, and Bandit.

Nothing of the snippet is executed. The rules follow the values through the snippet and know
where untrusted data comes from; Bandit knows calls. Its tests that look at a call's arguments
count like the rules; the others do not: on the hand-written seeds, what they alone name is more
often harmless (47 of 524 safe seeds) than a weakness that the rules miss (19 of 690).
"""

import ast
import warnings
from collections.abc import Sequence
from functools import lru_cache

from pydantic import Field

from forgemind_assets.foundry.verifiers import bandit_scan
from forgemind_assets.foundry.verifiers.base import Claim, Verifier
from forgemind_assets.foundry.verifiers.expressions import READERS
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.rules import (
    addresses,
    certificates,
    credentials,
    cryptography,
    deserialisation,
    doubts,
    html,
    injection,
    paths,
    randomness,
    xml_entities,
)
from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.foundry.verifiers.walk import walk

RULES = (
    injection.check,
    deserialisation.check,
    xml_entities.check,
    cryptography.check,
    certificates.check,
    credentials.check,
    randomness.check,
    addresses.check,
    paths.check,
    html.check,
)
NONE = "none"
Found = tuple[str, int, int]  # label, first line, last line


def find(code: str) -> tuple[tuple[str, int], ...]:
    """(label, 1-based line) of everything that the rules find. Raises SyntaxError."""
    return tuple((label, line) for label, line, _ in _find(code)[0])


@lru_cache(maxsize=4096)
def _find(code: str) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """What the rules find, and what only raises a doubt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        scene = Scene.of(code, READERS)
        found: dict[Found, None] = {}
        doubted: dict[Found, None] = {}

        def visit(node: ast.AST, inner: Scene) -> None:
            for rule in (*RULES, doubts.check):
                label = rule(node, inner)
                if label:
                    line: int = node.lineno  # type: ignore[attr-defined]
                    seen = doubted if rule is doubts.check else found
                    seen[label, line, _last_line(node, line)] = None

        walk(scene, visit)
        return tuple(found), tuple(doubted)


def _last_line(node: ast.AST, line: int) -> int:
    """Where the call ends; for a definition, the line on which it begins."""
    body = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return line if body else getattr(node, "end_lineno", line) or line


class PythonSecurity(Verifier):
    """The verifier of the goal `python_security`.

    A line within `line_tolerance` of the lines of a finding counts as right.
    """

    language = "python"
    needs_label = True

    line_tolerance: int = Field(default=1, ge=0)

    def explain(self) -> str:
        """See `Verifier.explain`."""
        return "the label of Python code is what its own rules and Bandit find"

    def check(self, claim: Claim, programs: ProgramRunner | None = None) -> Verdict:
        """See `verify`."""
        return self.verify(claim.input, claim.label or NONE, claim.line)

    def locate(self, text: str, label: str) -> Sequence[tuple[str, int]]:
        """See `Verifier.locate`."""
        return self.verify(text, label, None).found

    def verify(self, code: str, claimed: str, claimed_line: int | None) -> Verdict:
        """Keep a label that the analysis supports; drop one that it refutes or cannot confirm.

        Reasons to keep: `confirmed`, `confirmed_by_bandit`, `no_finding`. Reasons to drop:
        `unverifiable` (does not parse), `still_vulnerable`, `doubtful` (said to be safe, and not
        plainly so), `other_weakness`, `wrong_line`, `disputed` (only Bandit's rules of thumb name
        it), `not_confirmed`.
        """
        try:
            found, doubted = _find(code)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                bandit = bandit_scan.scan(code)
        except (SyntaxError, ValueError, RecursionError):
            return Verdict(False, "unverifiable")
        if claimed == NONE:
            return self._refute(found, doubted, bandit)
        return self._confirm(claimed, claimed_line, found, bandit)

    def _refute(
        self,
        found: tuple[Found, ...],
        doubted: tuple[Found, ...],
        bandit: list[tuple[str, int, bool]],
    ) -> Verdict:
        certain = tuple((label, line) for label, line, sure in bandit if sure)
        every = tuple(dict.fromkeys((*(f[:2] for f in found), *certain)))
        if every:
            return Verdict(False, "still_vulnerable", every)
        if doubted:
            return Verdict(False, "doubtful", tuple(one[:2] for one in doubted))
        return Verdict(True, "no_finding")

    def _confirm(
        self,
        claimed: str,
        line: int | None,
        spans: tuple[Found, ...],
        bandit: list[tuple[str, int, bool]],
    ) -> Verdict:
        found = tuple((label, at) for label, at, _ in spans)
        mine = [(at, end) for label, at, end in spans if label == claimed]
        theirs = [(at, at) for label, at, sure in bandit if label == claimed and sure]
        others = tuple(f for f in found if f[0] != claimed)
        near = self.line_tolerance
        supported = [
            at for at, end in (*mine, *theirs) if line is None or at - near <= line <= end + near
        ]
        if not mine and not theirs:
            doubtful = any(label == claimed for label, _, _ in bandit)
            reason = "other_weakness" if others else "disputed" if doubtful else "not_confirmed"
            return Verdict(False, reason, found, silent=not others)
        if not supported:
            return Verdict(False, "wrong_line", found)
        if others:
            return Verdict(False, "other_weakness", found)
        return Verdict(True, "confirmed" if mine else "confirmed_by_bandit", found)
