"""Regular expressions that people write into a policy: compiled only if they cannot explode.

The `regex` engine backtracks; a pattern is refused here when its cost can grow faster than
the square of the text's length, and `search_all` gives up at a time limit besides.
"""

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import regex

MAX_PATTERN = 1000
MAX_REPEAT = 1000
SECONDS = 0.25
_LOOPS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
_REFUSED = {
    _constants.GROUPREF: "a reference back to a group",
    _constants.GROUPREF_EXISTS: "a condition on a group",
}


class PatternError(ValueError):
    """A pattern that does not compile, or whose cost could explode."""


class PatternTimeout(Exception):
    """A search took longer than `SECONDS`."""


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern. Raises PatternError that says what is wrong and what to do."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(
            f"expected a pattern of at most {MAX_PATTERN:,} characters, found {len(pattern):,}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parser.parse(pattern)
            compiled = regex.compile(pattern, regex.VERSION0)
        if tree.getwidth()[0] == 0:
            raise PatternError("expected a pattern that needs text, found one that matches nothing")
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise PatternError(f"expected a regular expression, found: {error}") from error
    problem = next(_explosive(tree, looped=False), None)
    if problem is None and _crowded(tree):
        problem = "two unbounded repetitions in a row that match the same characters"
    if problem is not None:
        raise PatternError(
            f"expected a pattern whose cost is bounded, found {problem}; bound the repetition, "
            "as in {0,50}, or make what is repeated begin differently from what follows"
        )
    return compiled


def search_all(compiled: Any, text: str) -> list[tuple[int, int]]:
    """Spans of all matches. Raises PatternTimeout after `SECONDS`."""
    try:
        return [m.span() for m in compiled.finditer(text, timeout=SECONDS)]
    except TimeoutError as error:
        raise PatternTimeout from error


def _explosive(tree: Any, *, looped: bool) -> Iterator[str]:
    """What in a parsed pattern can take more than quadratic time."""
    for op, value in tree:
        if op in _REFUSED:
            yield _REFUSED[op]
        elif op in _LOOPS:
            low, high, inner = value
            many = high > MAX_REPEAT
            if low > MAX_REPEAT or (high != _constants.MAXREPEAT and many):
                yield f"a repetition of more than {MAX_REPEAT:,}"
            if looped and high != low:
                yield "a repetition within a repetition"
            yield from _explosive(inner, looped=looped or high > 1)
        elif op is _constants.BRANCH:
            if looped and _overlapping(value[1]):
                yield "alternatives that begin alike within a repetition"
            for branch in value[1]:
                yield from _explosive(branch, looped=looped)
        elif op is _constants.SUBPATTERN:
            yield from _explosive(value[3], looped=looped)
        elif op in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from _explosive(value[1], looped=looped)


def _overlapping(branches: Any) -> bool:
    firsts = [_first(branch) for branch in branches]
    return any(a & b for i, a in enumerate(firsts) for b in firsts[i + 1 :])


def _crowded(tree: Any) -> bool:
    """Whether unbounded repetitions of the same characters stand side by side."""
    last: frozenset[int] = frozenset()
    for op, value in tree:
        if op in _LOOPS and value[1] > MAX_REPEAT:
            here = _first(value[2])
            if last & here:
                return True
            last = here if value[0] == 0 else here | last
        elif op is _constants.SUBPATTERN:
            if _crowded(value[3]):
                return True
            last = frozenset()
        elif op is not _constants.AT:
            last = frozenset()
    return False


_SAMPLE = [chr(code) for code in range(256)]


def _first(tree: Any) -> frozenset[int]:
    """Codes below 256 with which a parsed pattern can begin; all of them where that is unclear."""
    for op, value in tree:
        if op is _constants.LITERAL:
            return frozenset({value if value < 256 else 255})
        if op in (_constants.IN, _constants.ANY, _constants.NOT_LITERAL, _constants.CATEGORY):
            return _class_of(op, value)
        if op is _constants.SUBPATTERN:
            return _first(value[3])
        if op in _LOOPS and value[0] > 0:
            return _first(value[2])
        if op is not _constants.AT:
            break
    return frozenset(range(256))


def _class_of(op: Any, value: Any) -> frozenset[int]:
    if op is _constants.ANY:
        return frozenset(range(256))
    if op is _constants.NOT_LITERAL:
        return frozenset(range(256)) - {value}
    members: set[int] = set()
    negated = False
    for kind, item in value:
        if kind is _constants.NEGATE:
            negated = True
        elif kind is _constants.LITERAL:
            members.add(item)
        elif kind is _constants.RANGE:
            members.update(range(item[0], min(item[1], 255) + 1))
        elif kind is _constants.CATEGORY:
            members.update(_category(item))
    every = frozenset(range(256))
    return every - members if negated else frozenset(members) & every or frozenset({255})


def _category(name: Any) -> set[int]:
    classes = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
    words = str(name).split("_")
    wanted = re.compile(classes[words[-1]])
    return {i for i, c in enumerate(_SAMPLE) if bool(wanted.match(c)) != ("NOT" in words)}
