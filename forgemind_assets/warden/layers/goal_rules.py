"""The goal's own regular expressions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgemind_assets.warden.layers.secrets import strongest
from forgemind_assets.warden.patterns import PatternTimeout, compile_pattern, search_all
from forgemind_assets.warden.policy import GoalRule
from forgemind_assets.warden.verdict import NotRun, Outcome, Passage, Verdict, redacted


@dataclass(frozen=True)
class GoalRules:
    """Finds what the policy's `rules` describe, also where it is encoded or disguised."""

    rules: tuple[GoalRule, ...]
    name: str = "goal_rules"
    version: str = "1"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: the rules' names."""
        return [self._outcome(passage) for passage in passages]

    def _outcome(self, passage: Passage) -> Outcome:
        if not self.rules:
            return ()
        try:
            verdicts = list(self._verdicts(passage))
        except PatternTimeout:
            return NotRun(self.name, self.version, "pattern_timed_out", "bound its repetitions")
        if not verdicts and not passage.readings.complete:
            return NotRun(self.name, self.version, "decoding_limit", "too much encoded text")
        return strongest(verdicts)

    def _verdicts(self, passage: Passage) -> Iterator[Verdict]:
        for rule in self.rules:
            compiled = compile_pattern(f"(?i){rule.pattern}" if rule.ignore_case else rule.pattern)
            for view in passage.views:
                for start, end in search_all(compiled, view.text):
                    yield Verdict(
                        layer=self.name,
                        version=self.version,
                        score=rule.score,
                        reason=rule.name,
                        span=view.source(start, end),
                        part=passage.part,
                        where=view.how(start, end),
                        shown=redacted(rule.name, view.text[start:end]),
                    )
