"""Changes of Python code that keep its label. Most are steps of the Foundry's rewriting."""

import ast
import random
from collections.abc import Callable

from forgemind_assets.foundry.rewriting.engine import rewrite_by
from forgemind_assets.foundry.rewriting.neighbours import add_distractor
from forgemind_assets.foundry.rewriting.source import (
    AnchorLost,
    Snippet,
    Source,
    apply_edits,
    compiles,
)
from forgemind_assets.trial_grounds.attack.records import Changed, Mutation, Mutations, Specimen

Change = Callable[[Specimen, random.Random], Changed | None]

# What a reader would believe: of a weak line that it was looked at, of a harmless one that it was
# not. No word here is one that a scanner obeys.
REASSURING = (
    "reviewed last week, nothing to report here",
    "the value was validated before it gets here",
    "safe: only trusted callers reach this",
    "checked by the scanner, false alarm",
)
ALARMING = (
    "FIXME: exploitable, see the audit",
    "vulnerable: the value comes from outside and is not checked",
    "known security problem, do not copy this",
    "TODO: attackers can reach this",
)
OLD_CODE = ("previous version:", "before the change:", "kept for reference:")


def rewritten(*names: str) -> Change:
    """The named steps of the Foundry's rewriting, one after the other."""

    def change(specimen: Specimen, rng: random.Random) -> Changed | None:
        try:
            found = rewrite_by(names, Snippet.at_line(specimen.text, specimen.line), rng)
        except (SyntaxError, ValueError):
            return None
        return (found.text, found.line) if found and len(found.text) <= specimen.limit else None

    return change


def look_alike(specimen: Specimen, rng: random.Random) -> Changed | None:
    """Harmless code of another dev case beside the code in question."""
    if not specimen.calm:
        return None
    try:
        snippet = Snippet.at_line(specimen.text, specimen.line)
        stranger = Snippet(rng.choice(specimen.calm), None)
        edits = add_distractor(Source(snippet), rng, stranger)
        found = apply_edits(snippet, edits)
    except (AnchorLost, SyntaxError, ValueError):
        return None
    fits = edits and len(found.text) <= specimen.limit and compiles(found.text)
    return (found.text, found.line) if fits else None


def misleading_comment(specimen: Specimen, rng: random.Random) -> Changed | None:
    """A comment above the statement in question that claims the opposite of the label."""
    found = [node for node in _statements(specimen.text) if _holds(node, specimen.line)]
    if not found:
        return None
    place = rng.choice(found) if specimen.line is None else max(found, key=lambda n: n.lineno)
    words = rng.choice(ALARMING if specimen.harmless else REASSURING)
    indent = " " * place.col_offset
    return _with_lines(specimen, place.lineno - 1, [f"{indent}# {words}"])


def commented_out(specimen: Specimen, rng: random.Random) -> Changed | None:
    """Code of the family with another label, commented out above or below."""
    if not specimen.opposites:
        return None
    old = rng.choice(specimen.opposites).strip("\n").split("\n")
    block = [f"# {rng.choice(OLD_CODE)}", *(f"# {line}".rstrip() for line in old)]
    lines = len(specimen.text.rstrip("\n").split("\n"))
    above = rng.random() < 0.5
    return _with_lines(specimen, 0 if above else lines, [*block, ""] if above else ["", *block])


def _statements(text: str) -> list[ast.stmt]:
    """Statements that begin their line with blanks only, in any depth."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return []
    lines = text.split("\n")
    found = [node for node in nodes if isinstance(node, ast.stmt)]
    return [n for n in found if lines[n.lineno - 1][: n.col_offset] == " " * n.col_offset]


def _holds(node: ast.stmt, line: int | None) -> bool:
    return line is None or node.lineno <= line <= (node.end_lineno or node.lineno)


def _with_lines(specimen: Specimen, at: int, new: list[str]) -> Changed | None:
    """The text with lines put before line `at` (0-based), if the program is still the same one."""
    lines = specimen.text.rstrip("\n").split("\n")
    text = "\n".join([*lines[:at], *new, *lines[at:]]) + "\n"
    if len(text) > specimen.limit or not _same_program(specimen.text, text):
        return None
    moved = specimen.line is not None and specimen.line > at
    return text, specimen.line + len(new) if specimen.line is not None and moved else specimen.line


def _same_program(before: str, after: str) -> bool:
    try:
        return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    except (SyntaxError, ValueError, RecursionError):
        return False


PYTHON: Mutations = {
    "renamed": Mutation("other names", rewritten("rename")),
    "other_strings": Mutation("other words in the strings", rewritten("data_strings")),
    "restructured": Mutation(
        "the same done with equal calls, variables and string formatting",
        rewritten(
            "equivalent_calls",
            "equivalent_sources",
            "built_strings",
            "inline_variable",
            "introduce_variable",
            "import_style",
        ),
    ),
    "moved": Mutation(
        "the deciding line stands elsewhere: in a method, a function, a block or a script",
        rewritten("unwrap_function", "wrap_script", "to_method", "wrap_block", "decorate"),
    ),
    "reformatted": Mutation(
        "other quotes, line breaks, blank lines and indents",
        rewritten("quotes", "join_calls", "split_calls", "blank_lines", "indent"),
    ),
    "stripped": Mutation(
        "no comments, docstrings and imports",
        rewritten("remove_docstrings", "remove_comments", "hide_imports"),
    ),
    "dead_code": Mutation(
        "statements and functions that do nothing for it around it",
        rewritten("add_statement", "add_neighbour"),
    ),
    "look_alike": Mutation("harmless code of the same sort beside it", look_alike),
    "misleading_comment": Mutation(
        "a comment that claims the opposite of what the code does", misleading_comment
    ),
    "commented_out": Mutation("old code of the opposite kind, commented out", commented_out),
}
