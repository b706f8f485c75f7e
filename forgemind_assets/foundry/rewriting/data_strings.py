"""Changes string literals that are plain data, and keeps what code depends on.

Changed: names in SQL, keys, routes, URLs, file paths, HTML, messages, environment variables,
credentials (same shape). Kept: modes, algorithms, parser features, keywords, placeholders, and
every word that may decide the label.
"""

import ast
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from forgemind_assets.foundry.rewriting import secret_shapes
from forgemind_assets.foundry.rewriting import string_kinds as kinds
from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.literals import Literal
from forgemind_assets.foundry.rewriting.meaning import TELLING, tells
from forgemind_assets.foundry.rewriting.source import Edit, Source


@dataclass
class DataStrings:
    """One rewriting of a snippet's data strings; equal names become equal names."""

    source: Source
    rng: random.Random
    theme: words.Theme
    renamed: dict[str, str] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    skipped: dict[str, bool] = field(default_factory=dict)

    def run(self, share: float = 0.85) -> list[Edit]:
        """Edits for about `share` of the strings that may change."""
        self.docstrings = self.source.docstrings()
        ordered = sorted(self.source.strings, key=lambda s: not self._is_sql(s[1]))
        for node, literals in ordered:
            whole = "".join(self._body(one) for one in literals)
            if whole not in self.skipped:  # equal strings share their fate
                self.skipped[whole] = self.rng.random() > share
            if node not in self.docstrings and not self.skipped[whole]:
                self._one(node, literals, whole)
        return self.edits

    def _is_sql(self, literals: list[Literal]) -> bool:
        return any(kinds.SQL.search(self._body(one)) for one in literals)

    def _body(self, literal: Literal) -> str:
        start, end = literal.body
        return self.source.text[start:end]

    def _one(self, node: ast.AST, literals: list[Literal], whole: str) -> None:
        change = self._change_for(node, whole)
        if change is None:
            return
        for literal in literals:
            for start, end in _text_spans(literal):
                old = self.source.text[start:end]
                new = change(old)
                if new != old and literal.quote not in new:
                    self.edits.append(Edit(start, end, new))

    def _change_for(self, node: ast.AST, whole: str) -> Callable[[str], str] | None:
        rules = (
            (self._is_credential, self._credential),
            (self._is_env_name, self._env_name),
            (lambda n, w: "://" in w, self._url),
            (lambda n, w: kinds.HTML.search(w) is not None, self._html),
            (lambda n, w: kinds.SQL.search(w) is not None, self._sql),
            (self._is_message, self._message),
            (self._is_key, self._key),
            (lambda n, w: kinds.BARE_HOST.match(w) is not None, self._host),
            (self._is_path, self._path),
        )
        return next((change for applies, change in rules if applies(node, whole)), None)

    # credentials
    def _is_credential(self, node: ast.AST, whole: str) -> bool:
        if secret_shapes.URL_LOGIN.search(whole):
            return True
        if isinstance(node, ast.JoinedStr) or not secret_shapes.looks_like_credential(whole):
            return False
        parent = self.source.parents.get(node)
        if isinstance(parent, ast.Subscript) or (
            isinstance(parent, ast.Dict) and node in parent.keys
        ):
            return False
        if secret_shapes.CREDENTIAL_NAME.search(self._given_to(node, parent)):
            return True
        on_finding = node.lineno == self.source.snippet.line  # type: ignore[attr-defined]
        return on_finding and secret_shapes.LOGIN_CALL.search(self._call_around(node)) is not None

    def _given_to(self, node: ast.AST, parent: ast.AST | None) -> str:
        """The name that a literal is given to: a target, a keyword, a key or a parameter."""
        if isinstance(parent, ast.keyword):
            return parent.arg or ""
        if isinstance(parent, ast.Assign | ast.AnnAssign):
            target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
            return self.source.code(target)
        if isinstance(parent, ast.Dict):
            key = parent.keys[parent.values.index(node)] if node in parent.values else None  # type: ignore[arg-type]
            return self.source.code(key) if key is not None else ""
        if isinstance(parent, ast.arguments):
            given = [*parent.args[len(parent.args) - len(parent.defaults) :], *parent.kwonlyargs]
            values = [*parent.defaults, *parent.kw_defaults]
            return next((a.arg for a, v in zip(given, values, strict=True) if v is node), "")
        if isinstance(parent, ast.Compare):
            return self.source.code(parent)
        if isinstance(parent, ast.Call) and parent.args[1:2] == [node]:
            return self.source.code(parent.args[0])
        return ""

    def _call_around(self, node: ast.AST) -> str:
        top = self.source.parents.get(node)
        while top is not None and not isinstance(top, ast.Call | ast.stmt):
            top = self.source.parents.get(top)
        return self.source.code(top.func) if isinstance(top, ast.Call) else ""

    def _credential(self, text: str) -> str:
        if secret_shapes.URL_LOGIN.search(text):
            return secret_shapes.other_login(text, self.rng)
        return secret_shapes.another(text, self.rng) if "\\" not in text else text

    # environment variables
    def _is_env_name(self, node: ast.AST, whole: str) -> bool:
        parent = self.source.parents.get(node)
        return (
            bool(kinds.ENV_NAME.match(whole))
            and parent is not None
            and hasattr(parent, "lineno")
            and bool(kinds.ENV_CALL.search(self.source.code(parent).split(whole)[0]))
        )

    def _env_name(self, text: str) -> str:
        def word(part: str) -> str:
            low = part.lower()
            return (
                part
                if low in TELLING or low in kinds.KEPT_ENV_WORDS
                else self.theme.noun(self.rng).upper()
            )

        return "_".join(dict.fromkeys(word(p) for p in text.split("_")))

    # URLs and hosts
    def _url(self, text: str) -> str:
        text = kinds.URL_HOST.sub(lambda m: m[1] + self._host(m[2]), text)
        head, mark, rest = text.partition("://")
        if not mark:
            return self._segments(text)
        host, slash, path = rest.partition("/")
        return head + mark + host + slash + self._segments(path)

    def _host(self, text: str) -> str:
        if kinds.KEPT_HOST.search(text):
            return text
        return self._map(
            text,
            lambda: f"{self.rng.choice(words.HOST_WORDS)}.{self.rng.choice(words.HOST_ENDINGS)}",
        )

    def _segments(self, text: str) -> str:
        return kinds.SEGMENT.sub(lambda m: self._word(m[1]), text)

    def _word(self, old: str) -> str:
        if old in TELLING or old in kinds.KEPT_KEYS:
            return old
        return self._map(
            old,
            lambda: (
                words.plural(self.theme.noun(self.rng))
                if old.endswith("s")
                else self.theme.noun(self.rng)
            ),
        )

    # kinds.HTML
    def _html(self, text: str) -> str:
        text = kinds.TAG.sub(
            lambda m: self._map("<" + m[1], lambda: self.rng.choice(kinds.TAGS)), text
        )
        return re.sub(r"(?:(?<=>)|^)[^<>{}=&%/\\]+(?=<|$)", lambda m: self._prose(m[0]), text)

    def _prose(self, text: str) -> str:
        def swap(match: re.Match[str]) -> str:
            if match[0].lower() in TELLING or self.rng.random() < 0.3:
                return match[0]
            word = (
                self.rng.choice(words.PROSE)
                if self.rng.random() < 0.5
                else self.theme.noun(self.rng)
            )
            return word.capitalize() if match[0][0].isupper() else word

        return re.sub(r"[A-Za-z]{3,}", swap, text)

    # kinds.SQL
    def _sql(self, text: str) -> str:
        def swap(match: re.Match[str]) -> str:
            old = match[0]
            if old in kinds.SQL_WORDS or old in TELLING:
                return old
            if kinds.TABLE_BEFORE.search(text[: match.start()]):
                return self._map(
                    old,
                    lambda: (
                        self.theme.noun(self.rng)
                        if self.rng.random() < 0.4
                        else self.theme.plural(self.rng)
                    ),
                )
            return self._map(old, lambda: self.rng.choice(words.COLUMNS))

        return kinds.SQL_NAME.sub(swap, text)

    # messages
    def _is_message(self, node: ast.AST, whole: str) -> bool:
        if not (" " in whole and kinds.PROSE_TEXT.match(whole)) or any(
            tells(w) for w in whole.split()
        ):
            return False
        parent = self.source.parents.get(node)
        call = self.source.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        return isinstance(call, ast.Call) and bool(
            kinds.SPEAKERS.search(self.source.code(call.func))
        )

    def _message(self, text: str) -> str:
        new = self.rng.choice(words.MESSAGES)
        return new.capitalize() if text[:1].isupper() else new

    # keys
    def _is_key(self, node: ast.AST, whole: str) -> bool:
        if not kinds.KEY.match(whole) or whole in kinds.KEPT_KEYS or tells(whole):
            return False
        if re.search(rf"[:@$(<{{%]{re.escape(whole)}\b(?!\()", self.source.text):
            return False
        parent = self.source.parents.get(node)
        if isinstance(parent, ast.Subscript):
            above = self.source.parents.get(parent)
            setting = isinstance(above, ast.Assign) and isinstance(above.value, ast.Constant)
            return not setting
        if isinstance(parent, ast.Dict):
            return node in parent.keys and not any(
                isinstance(k, ast.Constant) and tells(str(k.value)) for k in parent.keys
            )
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            return parent.func.attr in kinds.GETTERS and parent.args[:1] == [node]
        return isinstance(parent, ast.Set | ast.Tuple) and whole in self.renamed

    def _key(self, text: str) -> str:
        return self._map(
            text,
            lambda: self.rng.choice(words.COLUMNS if self.rng.random() < 0.5 else words.VALUES),
        )

    # paths and routes
    def _is_path(self, node: ast.AST, whole: str) -> bool:
        if " " in whole or kinds.SYSTEM_PATH.match(whole):
            return False
        return (whole.startswith("/") and len(whole) > 2) or bool(kinds.FILE_NAME.match(whole))

    def _path(self, text: str) -> str:
        stem, dot, ending = text.rpartition(".") if kinds.FILE_NAME.match(text) else (text, "", "")
        return (
            re.sub(r"(?<![\\\w<{:%$])([a-z]{3,})(?![\w>}:(=])", lambda m: self._word(m[1]), stem)
            + dot
            + ending
        )

    def _map(self, old: str, make: Callable[[], str]) -> str:
        if old not in self.renamed:
            new = make()
            self.renamed[old] = old if new in self.renamed.values() or new in TELLING else new
        return self.renamed[old]


def _text_spans(literal: Literal) -> list[tuple[int, int]]:
    """The parts of a literal's body outside its replacement fields."""
    start, end = literal.body
    spans: list[tuple[int, int]] = []
    at = start
    for part in sorted(literal.fields, key=lambda f: f.outer_start):
        if part.outer_start >= at:
            spans.append((at, part.outer_start))
            at = part.outer_end
    spans.append((at, end))
    return spans


def change_data_strings(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put other data into the snippet's strings."""
    return DataStrings(source, rng, theme).run()
