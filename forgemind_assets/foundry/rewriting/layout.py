"""Changes what Python does not read: quotes, indentation, blank lines, line breaks in calls."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting.source import Edit, Source


def change_quotes(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that write all plain literals with the other kind of quotes."""
    target = rng.choice("\"'")
    edits: list[Edit] = []
    for _, literals in source.strings:
        for literal in literals:
            start, end = literal.body
            body = source.text[start:end]
            if len(literal.quote) == 1 and not re.search(r"[\"'\\]", body):
                edits.append(Edit(start - 1, start, target))
                edits.append(Edit(end, end + 1, target))
    return edits


def _lines_in_strings(source: Source) -> set[int]:
    """1-based lines that begin within a string literal."""
    inside: set[int] = set()
    for _, literals in source.strings:
        for literal in literals:
            if len(literal.quote) == 3:
                first = source.text.count("\n", 0, literal.start) + 1
                inside.update(range(first + 1, source.text.count("\n", 0, literal.end) + 2))
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            inside.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return inside


def change_indent(source: Source, rng: random.Random) -> list[Edit]:
    """Edits from four blanks to two, three or a tab, if the snippet is indented by four."""
    wanted = rng.choice(("  ", "  ", "  ", "\t", "   "))
    skipped = _lines_in_strings(source)
    edits: list[Edit] = []
    at = 0
    for number, line in enumerate(source.text.split("\n"), 1):
        blanks = len(line) - len(line.lstrip(" "))
        if number not in skipped and blanks:
            if blanks % 4 and wanted == "\t":
                return []
            edits.append(Edit(at, at + blanks, wanted * (blanks // 4) + " " * (blanks % 4)))
        at += len(line) + 1
    return edits


def change_blank_lines(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that drop blank lines, or set other numbers of them before definitions."""
    skipped = _lines_in_strings(source)
    edits: list[Edit] = []
    keep = rng.choice((0, 0, 1, 2))
    for match in re.finditer(r"\n((?:[ \t]*\n)+)", source.text):
        line = source.text.count("\n", 0, match.start()) + 2
        if line in skipped or (line - 1 in skipped and line in skipped):
            continue
        edits.append(Edit(match.start(1), match.end(1), "\n" * keep))
    return edits


def join_calls(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that write a call that runs over several lines on one, where it fits."""
    edits: list[Edit] = []
    covered = -1
    for node in source.nodes:
        if (
            not isinstance(node, ast.Call | ast.Dict | ast.List | ast.Tuple)
            or node.lineno == node.end_lineno
        ):
            continue
        start, end = source.start(node), source.end(node)
        code = source.text[start:end]
        if (
            start < covered
            or "#" in code
            or '"""' in code
            or "'''" in code
            or "\\\n" in code
            or rng.random() < 0.3
        ):
            continue
        if len(re.sub(r"\s+", " ", code)) + len(source.indent(node)) > 110:
            continue
        edits += _joined(source, start, end)
        covered = end
    return edits


def _joined(source: Source, start: int, end: int) -> list[Edit]:
    edits: list[Edit] = []
    for match in re.finditer(r",?[ \t]*\n[ \t]*", source.text[start:end]):
        before = source.text[start + match.start() - 1] if match.start() else ""
        after = source.text[start + match.end() : start + match.end() + 1]
        comma = match[0].startswith(",")
        if after in ")]}":
            new = (
                "," if comma and before != ")" and _is_tuple_of_one(source.text[start:end]) else ""
            )
        else:
            new = ", " if comma else ("" if before in "([{" else " ")
        edits.append(Edit(start + match.start(), start + match.end(), new))
    return edits


def _is_tuple_of_one(code: str) -> bool:
    """Whether dropping the last comma could turn a tuple into a parenthesised value."""
    return code.startswith("(")


def split_calls(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that give each argument of a long call a line of its own.

    A call on the finding's line with a constant keyword is left alone: there the finding may
    be that keyword.
    """
    edits: list[Edit] = []
    covered = -1
    finding = source.snippet.line
    for node in source.nodes:
        if (
            not isinstance(node, ast.Call)
            or node.lineno != node.end_lineno
            or source.start(node) < covered
        ):
            continue
        arguments = [*node.args, *node.keywords]
        if len(arguments) < 2 or len(source.code(node)) < 30 or rng.random() < 0.4:
            continue
        may_be_finding = any(isinstance(k.value, ast.Constant) for k in node.keywords) or any(
            isinstance(a, ast.Call) for a in node.args
        )
        if node.lineno == finding and may_be_finding:
            continue
        if not _first_on_line(source, node):
            continue
        edits += _split(source, node, arguments, source.indent(node))
        covered = source.end(node)
    return edits


def _first_on_line(source: Source, node: ast.Call) -> bool:
    """Whether the call ends a simple statement's line."""
    parent = source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Lambda | ast.comprehension | ast.JoinedStr | ast.Call):
            return False
        parent = source.parents.get(parent)
    return isinstance(parent, ast.Assign | ast.Expr | ast.Return) and source.starts_its_line(parent)


def _split(source: Source, node: ast.Call, arguments: list[ast.AST], indent: str) -> list[Edit]:
    edits: list[Edit] = []
    step = "\n" + indent + "    "
    for argument in sorted(arguments, key=source.start):
        start = source.start(argument)
        while source.text[start - 1] in " *":
            start -= 1
        begin = start
        while source.text[begin] == " ":
            begin += 1
        edits.append(Edit(start, begin, step))
    end = source.end(node) - 1
    last = max(source.end(a) for a in arguments)
    if (
        "," in source.text[last:end]
        or "\n" in source.text[last:end]
        or ")" in source.text[last:end]
    ):
        return []
    if len(arguments) == 1 and isinstance(arguments[0], ast.GeneratorExp):
        return []
    edits.append(Edit(last, end, ",\n" + indent))
    return edits
