"""Moderation by a service: the OpenAI moderation API. What it could not judge says so.

The texts leave this machine. Look for secrets and personal data first, and do not send what holds
any; the endpoint itself costs nothing.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forgemind_assets.errors import NotAvailable
from resources.ledger import Ledger, request_key
from resources.teacher_api import is_loopback

OPENAI_URL = "https://api.openai.com/v1"
MODEL = "omni-moderation-latest"
KEY, BASE_URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"
HARMFUL = 0.5


@dataclass(frozen=True)
class NotJudged:
    """A text has no scores: not the same as scores of zero.

    Attributes:
        reason: stable snake_case name of why.
        detail: what a person should know or do, without any of the text.
    """

    reason: str
    detail: str = ""


Judgement = Mapping[str, float] | NotJudged
"""A score (0 to 1) by category, or why there is none."""


@dataclass(frozen=True)
class Pieces:
    """How a long text is cut, in characters; neighbours share `overlap`."""

    size: int = 8000
    overlap: int = 400

    def cut(self, text: str) -> list[str]:
        """The pieces, in order; at least one."""
        step = self.size - self.overlap
        starts = range(0, max(1, len(text) - self.overlap), step)
        return [text[start : start + self.size] for start in starts]


def worst_of(judged: Sequence[Judgement]) -> Judgement:
    """One judgement for all pieces of a text: the highest score of each category.

    A piece that was not judged leaves the whole not judged, unless another one is harmful.
    """
    scores: dict[str, float] = {}
    missed: NotJudged | None = None
    for one in judged:
        if isinstance(one, NotJudged):
            missed = missed or one
            continue
        for name, score in one.items():
            scores[name] = max(score, scores.get(name, 0.0))
    if missed is not None and max(scores.values(), default=0.0) < HARMFUL:
        return missed
    return scores


@dataclass(frozen=True)
class ApiSettings:
    """How the API is asked. Seconds; `batch` pieces go into one request."""

    model: str = MODEL
    base_url: str = OPENAI_URL
    timeout: float = 30.0
    retries: int = 3
    batch: int = 16
    pieces: Pieces = Pieces()


def open_moderation(
    ledger: Ledger, goal: str, iteration: str, settings: ApiSettings | None = None
) -> "OpenAIModeration":
    """The API with the key of the environment. Raises NotAvailable where there is none.

    `OPENAI_BASE_URL` names another service with that API, as it does for OpenAI's own client.
    """
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise NotAvailable(
            "key_missing",
            f"{KEY} is not in the environment; set it, or make the layer `off` in the policy",
        )
    address = os.environ.get(BASE_URL, "").strip() or OPENAI_URL
    return OpenAIModeration(key, ledger, goal, iteration, settings or ApiSettings(base_url=address))


class OpenAIModeration:
    """Judges texts; each answer is kept in the ledger and asked for once."""

    def __init__(self, key: str, ledger: Ledger, goal: str, iteration: str, settings: ApiSettings):
        import openai

        self.settings = settings
        self.version = settings.model
        self._ledger, self._goal, self._iteration = ledger, goal, iteration
        self._client = openai.OpenAI(
            api_key=key,
            base_url=settings.base_url,
            timeout=settings.timeout,
            max_retries=settings.retries,
            http_client=openai.DefaultHttpx2Client(trust_env=not is_loopback(settings.base_url)),
        )

    def scores(self, texts: Sequence[str]) -> list[Judgement]:
        """For each text its scores by category, or why there are none. Raises nothing for them."""
        pieces = [self.settings.pieces.cut(text) for text in texts]
        judged = self._judge(dict.fromkeys(piece for own in pieces for piece in own))
        return [worst_of([judged[piece] for piece in own]) for own in pieces]

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _judge(self, pieces: Mapping[str, None]) -> dict[str, Judgement]:
        """Judgements of distinct pieces, from the ledger or from the service."""
        judged: dict[str, Judgement] = {}
        for piece in pieces:
            if (stored := self._stored(piece)) is not None:
                judged[piece] = stored
        missing = [piece for piece in pieces if piece not in judged]
        fatal: NotJudged | None = None
        for start in range(0, len(missing), self.settings.batch):
            batch = missing[start : start + self.settings.batch]
            answers = [fatal] * len(batch) if fatal else self._ask(batch)
            for piece, answer in zip(batch, answers, strict=True):
                judged[piece] = answer
                if not isinstance(answer, NotJudged):
                    self._store(piece, answer)
            first = answers[0]
            if isinstance(first, NotJudged) and first.reason in ("refused", "unreachable"):
                fatal = first
        return judged

    def _ask(self, batch: Sequence[str]) -> Sequence[Judgement]:
        """One request. A failure is the judgement of all its pieces."""
        import openai

        body = {"model": self.settings.model, "input": list(batch)}
        try:
            answer = self._client.post("/moderations", body=body, cast_to=object)
        except openai.APIConnectionError as error:
            where = urlsplit(self.settings.base_url).hostname
            failed = NotJudged("unreachable", f"{where}: {type(error).__name__}")
        except openai.APIStatusError as error:
            refused = error.status_code in (401, 403, 404)
            reason = "refused" if refused else "service_failed"
            failed = NotJudged(reason, f"the service answered with status {error.status_code}")
        except (openai.OpenAIError, ValueError):
            failed = NotJudged("unreadable_answer", "the service's answer is no JSON")
        else:
            return read_scores(answer, len(batch))
        return [failed] * len(batch)

    def _key(self, piece: str) -> str:
        message = {"role": "user", "content": piece}
        return request_key(self.settings.model, [message], {"endpoint": "moderations"}, 0)

    def _stored(self, piece: str) -> Judgement | None:
        found = self._ledger.response(self._key(piece))
        return None if found is None else json.loads(found.text)

    def _store(self, piece: str, scores: Mapping[str, float]) -> None:
        digest = hashlib.sha256(piece.encode()).hexdigest()
        self._ledger.store_response(
            self._key(piece),
            goal=self._goal,
            teacher=f"moderation:{self.settings.model}",
            iteration=self._iteration,
            request={"model": self.settings.model, "input_sha256": digest},
            text=json.dumps(scores, sort_keys=True),
            input_tokens=0,
            output_tokens=0,
            dollars=0.0,
            seconds=0.0,
        )


def read_scores(answer: Any, count: int) -> Sequence[Judgement]:
    """The scores of an answer, one a piece. What is not as it should be is not judged."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count:
        bad = NotJudged("unreadable_answer", f"expected {count} results from the service")
        return [bad] * count
    return [_read_result(one) for one in results]


def _read_result(result: Any) -> Judgement:
    given = result.get("category_scores") if isinstance(result, dict) else None
    if not isinstance(given, dict) or not given or not all(map(_is_score, given.values())):
        return NotJudged("unreadable_answer", "expected a score from 0 to 1 for each category")
    return {re.sub(r"\W+", "_", str(name)): float(score) for name, score in given.items()}


def _is_score(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1
