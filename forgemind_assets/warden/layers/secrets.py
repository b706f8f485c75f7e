"""Secrets: providers' token formats, names that are given a random value, bare random tokens."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forgemind_assets.warden.public_values import public_blocks
from forgemind_assets.warden.random_tokens import BODY, bare, excused
from forgemind_assets.warden.randomness import looks_random
from forgemind_assets.warden.secret_context import (
    NAME_WORDS,
    UUID,
    Found,
    assigned,
    in_addresses,
    is_placeholder,
    is_published,
)
from forgemind_assets.warden.secret_rule import SecretRule
from forgemind_assets.warden.secret_rules import RULES
from forgemind_assets.warden.verdict import NotRun, Outcome, Passage, Verdict, redacted
from forgemind_assets.warden.views import View
from forgemind_assets.warden.words import Seen, seen

_RUN = re.compile(r"[\w+/%.:$!~\-]{16,}")
_ASCII_RUN = re.compile(r"[A-Za-z0-9_+/%.:$!~\-]{16,}")
"""The same for a text of ASCII alone, at a third of the cost."""
_KEY_BLOCKS = tuple(rule for rule in RULES if rule.kind == "private_key")
_LITERALS = sorted({literal for rule in RULES for literal in rule.literals})
_BY_LITERAL = {
    literal: [i for i, rule in enumerate(RULES) if literal in rule.literals]
    for literal in _LITERALS
}
_WORDS = sorted({*_LITERALS, *NAME_WORDS})
_DIGIT = re.compile(r"[0-9]")
_KEY_BODY = re.compile(
    r"-----(?:[^A-Za-z0-9+/]|\\[nr]|[A-Z][A-Za-z-]{2,12}: [^\n]{0,80}){0,240}?(?=[A-Za-z0-9+/]{0,40}[0-9+/])[A-Za-z0-9+/]{20,}"
)


@dataclass(frozen=True)
class Secrets:
    """Finds keys, tokens and passwords, also where they are encoded or split."""

    name: str = "secrets"
    version: str = "3"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: the provider's kind, `generic_secret`, `prefixed_token` and others."""
        views = seen([passage.views for passage in passages], _WORDS)
        return [self._outcome(*pair) for pair in zip(passages, views, strict=True)]

    def _outcome(self, passage: Passage, views: Seen) -> Outcome:
        verdicts: list[Verdict] = []
        for view, present in views:
            for found in _found(view, present):
                verdicts.append(self._verdict(passage, view, found))
        if not verdicts and not passage.readings.complete:
            return NotRun(self.name, self.version, "decoding_limit", "too much encoded text")
        return strongest(verdicts)

    def _verdict(self, passage: Passage, view: View, found: Found) -> Verdict:
        start, end = found.span
        return Verdict(
            layer=self.name,
            version=self.version,
            score=found.score,
            reason=found.kind,
            span=view.source(start, end),
            part=passage.part,
            where=view.how(start, end),
            shown=redacted(found.kind, view.text[start:end]),
        )


def strongest(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Of verdicts on overlapping spans the one with the highest score, in the text's order."""
    found = list(verdicts)
    if len(found) < 2:
        return tuple(found)
    kept: list[Verdict] = []
    for verdict in sorted(found, key=lambda v: (-v.score, v.span)):
        start, end = verdict.span
        if not any(start < other.span[1] and other.span[0] < end for other in kept):
            kept.append(verdict)
    return tuple(sorted(kept, key=lambda v: v.span))


def _found(view: View, present: frozenset[str]) -> Iterator[Found]:
    if not NAME_WORDS.isdisjoint(present):
        yield from assigned(view)
    yield from in_addresses(view)
    runs = _ASCII_RUN if view.text.isascii() else _RUN
    tokens = "\n".join(filter(_may_be_token, runs.findall(view.text)))
    if tokens:
        for rule in _wanted(present, tokens):
            yield from _matches(rule, view)
        if BODY.search(tokens):
            yield from bare(view)
    elif "private key" in present:
        for rule in _KEY_BLOCKS:
            yield from _matches(rule, view)


def _wanted(present: frozenset[str], tokens: str) -> list[SecretRule]:
    """The rules of which a literal is there; within a token where it is a part of it."""
    lowered = tokens.lower()
    indices = {
        index
        for literal in present
        for index in _BY_LITERAL.get(literal, ())
        if not RULES[index].in_token or literal in lowered
    }
    rules = [RULES[index] for index in sorted(indices)]
    return [rule for rule in rules if rule.needs is None or rule.needs.search(tokens)]


def _may_be_token(run: str) -> bool:
    """Every provider's token holds a digit, or letters of both cases and a mark between them."""
    if run.isupper():
        return "_" not in run or bool(_DIGIT.search(run))
    return not (run.isalpha() or run.islower()) or bool(_DIGIT.search(run))


def _matches(rule: SecretRule, view: View) -> Iterator[Found]:
    for m in rule.pattern.finditer(view.text):
        group = 1 if rule.pattern.groups else 0
        secret = m[group]
        if secret is None or _harmless(rule, secret):
            continue
        if rule.shared and excused(view.text, m.span(group), public_blocks(view.text)):
            continue
        yield Found(rule.kind, m.span(group), rule.score)


def _harmless(rule: SecretRule, secret: str) -> bool:
    if rule.kind == "private_key":
        return not _KEY_BODY.match(secret, secret.find("-----", 5))
    if rule.random and not looks_random(secret, 12):
        return True
    if rule.shared and UUID.search(secret):
        return True
    if rule.kind == "basic_auth_header" and is_published(secret):
        return True
    return is_placeholder(secret)
