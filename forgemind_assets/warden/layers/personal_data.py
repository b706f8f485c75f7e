"""Personal data: e-mail, telephone, accounts, identity numbers, addresses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgemind_assets.warden.layers.secrets import strongest
from forgemind_assets.warden.number_runs import runs
from forgemind_assets.warden.personal_contacts import emails, phones
from forgemind_assets.warden.personal_numbers import accounts, identities
from forgemind_assets.warden.personal_places import addresses
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.verdict import NotRun, Outcome, Passage, Verdict, redacted
from forgemind_assets.warden.views import View

_DIGIT = re.compile(r"\d")
_MANY_DIGITS = re.compile(
    r"\d(?:(?:[ .\-/()]{0,3}[\dA-Z]){6}|(?<=[A-Z]{5}.)\d{3}[A-Z]"
    r"|(?<=[a-z]{2}.)(?<![a-z0-9]...)\d[ .-]?[\da-z]{4})"
)


@dataclass(frozen=True)
class PersonalData:
    """Finds what belongs to a person; checked by its check digits where it has any."""

    name: str = "personal_data"
    version: str = "3"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: `email`, `phone`, `iban`, `credit_card`, `us_ssn`, `es_dni`, … and others."""
        return [self._outcome(passage) for passage in passages]

    def _outcome(self, passage: Passage) -> Outcome:
        verdicts = [
            Verdict(
                layer=self.name,
                version=self.version,
                score=found.score,
                reason=found.kind,
                span=view.source(*found.span),
                part=passage.part,
                where=view.how(*found.span),
                shown=redacted(found.kind, view.text[slice(*found.span)]),
            )
            for view in passage.views
            for found in _found(view)
        ]
        if not verdicts and not passage.readings.complete:
            return NotRun(self.name, self.version, "decoding_limit", "too much encoded text")
        return strongest(verdicts)


def _found(view: View) -> Iterator[Found]:
    yield from emails(view)
    if not _DIGIT.search(view.text):
        return
    if _MANY_DIGITS.search(view.text):
        found = runs(view.text)
        yield from accounts(view)
        yield from identities(view, found)
        yield from phones(view, found)
    yield from addresses(view)
