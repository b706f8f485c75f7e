"""The dashboard's forms: who may send one, what proves where it came from, and what it holds."""

import hmac
import json
import secrets
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

from forgemind_assets.warden.reviews import Review
from resources.guard.admission import Facts, Refuse, Rights

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 10


class DashboardSite:
    """What the guard lets through: reading for all, forms for those who may act."""

    max_body_bytes = 64 * 1024

    def judge_request(self, facts: Facts, rights: Rights) -> Refuse | None:
        """Only a form may be sent, and only by who may act."""
        if facts.method in ("GET", "HEAD"):
            return None
        if facts.method != "POST":
            return Refuse(403, "this page has no such door")
        if rights < Rights.ACT:
            return Refuse(403, "this session is for looking: nothing can be decided here")
        kinds = [kind.split(";")[0].strip().lower() for kind in facts.content_types]
        if kinds != [FORM] or facts.content_encodings:
            return Refuse(415, "this page takes its own forms only")
        return None

    def judge_body(self, facts: Facts, rights: Rights, body: bytes) -> bytes | Refuse:
        """The form is read by its handler."""
        return body

    def judge_frame(self, rights: Rights, text: str) -> str | Refuse:
        """There is no WebSocket here."""
        return Refuse(403, "this page has no such door")


class FormTokens:
    """What proves that a form was made by this process, for one action on what was shown."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def make(self, action: str, review: Review) -> str:
        """The token of a form on a review."""
        return self._token(action, review.id, review.question.subject.digest, len(review.rulings))

    def make_stop(self, goal: str, words: int) -> str:
        """The token of the form that stops a loop; `words` were said of it before."""
        return self._token("stop", goal, words)

    def same(self, given: str, wanted: str) -> bool:
        """Whether a token is the wanted one, in the same time for every wrong one."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())

    def _token(self, *shown: str | int) -> str:
        return hmac.new(self._secret, json.dumps(shown).encode(), "sha256").hexdigest()


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises HTTPException 400 where a field comes twice or is no text."""
    try:
        found = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "expected the fields of a form, found something else") from None
    if len({name for name, _ in found}) != len(found):
        raise HTTPException(400, "expected each field of the form once")
    return dict(found)
