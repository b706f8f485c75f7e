"""What a row of code may do: no live attack, read from the syntax tree and from shell lines.

Vulnerable code passes: it is the subject of goals such as `python_security`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgemind_assets.warden.code_facts import Facts, Unparsable, read
from forgemind_assets.warden.layers.secrets import strongest
from forgemind_assets.warden.malware_rules import RULES, CodeRule
from forgemind_assets.warden.shell_rules import SHELL_RULES
from forgemind_assets.warden.verdict import NotRun, Outcome, Passage, Verdict
from forgemind_assets.warden.views import View
from forgemind_assets.warden.words import Seen, seen

_WORDS = sorted(
    {word for _, words, _ in SHELL_RULES for word in words}
    | {word for rule in RULES for group in rule.needs for word in group}
)


@dataclass(frozen=True)
class CodeRules:
    """Finds reverse shells, droppers, keyloggers, ransomware, fork bombs, stealers and the like."""

    name: str = "code_rules"
    version: str = "1"
    shell_score: float = 0.85

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: `reverse_shell`, `download_and_execute`, `ransomware`, … and others."""
        views = seen([passage.views for passage in passages], _WORDS)
        return [self._outcome(*pair) for pair in zip(passages, views, strict=True)]

    def _outcome(self, passage: Passage, views: Seen) -> Outcome:
        verdicts: list[Verdict] = []
        problem = ""
        for view, present in views:
            verdicts += self._shell(passage, view, present)
            wanted = _wanted(present)
            if not wanted:
                continue
            first = view is passage.views[0]
            try:
                whole = first and passage.language == "python"
                pieces = read(view.text, only_code=whole, inner=view.decoded())
            except Unparsable as error:
                problem = str(error)
                continue
            for facts in pieces:
                verdicts += self._tree(passage, view, facts, wanted)
        if not verdicts and problem:
            return NotRun(self.name, self.version, problem, "the code could not be parsed")
        if not verdicts and not passage.readings.complete:
            return NotRun(self.name, self.version, "decoding_limit", "too much encoded text")
        return strongest(verdicts)

    def _shell(self, passage: Passage, view: View, present: frozenset[str]) -> Iterator[Verdict]:
        if present:
            for reason, words, pattern in SHELL_RULES:
                if not present.isdisjoint(words):
                    for m in pattern.finditer(view.text):
                        yield self._verdict(passage, view, m.span(), reason, self.shell_score)

    def _tree(
        self, passage: Passage, view: View, facts: Facts, wanted: Sequence[CodeRule]
    ) -> Iterator[Verdict]:
        for rule in wanted:
            for node, score in rule.find(facts):
                span = facts.span(view.text, node)
                yield self._verdict(passage, view, span, rule.reason, score)

    def _verdict(
        self, passage: Passage, view: View, span: tuple[int, int], reason: str, score: float
    ) -> Verdict:
        return Verdict(
            layer=self.name,
            version=self.version,
            score=score,
            reason=reason,
            span=view.source(*span),
            part=passage.part,
            where=view.how(*span),
            shown=f"… ({reason}, {span[1] - span[0]} characters)",
        )


def _wanted(present: frozenset[str]) -> list[CodeRule]:
    """The rules whose words are all there: parsing costs more than looking."""
    if not present:
        return []
    return [rule for rule in RULES if not any(present.isdisjoint(group) for group in rule.needs)]
