"""Prompt injection: text that tries to command the model that judges it or learns from it."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgemind_assets.warden.layers.secrets import strongest
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.verdict import Outcome, Passage, Verdict
from forgemind_assets.warden.views import View
from forgemind_assets.warden.words import Seen, seen

_GAP = r"[^\n.;]{0,40}?"
_OLD = r"(?:previous|prior|above|preceding|earlier|foregoing|former|system|original|initial|your|all|any)"
_ORDERS = r"(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|commands?|context|constraints?|policies|programming)"
_JUDGE = r"(?:judge|grader|evaluator|reviewer|classifier|scanner|assistant|model|llm|\bai\b|auditor|scorer|moderator|filter)"
_RULES: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    (
        "override_instructions",
        ("ignore", "disregard", "forget", "override", "bypass", "do not follow", "don't follow"),
        rf"\b(?:ignore|disregard|forget|override|bypass|overrule|(?:do not|don't) (?:follow|obey))\b{_GAP}\b{_OLD}\b{_GAP}\b{_ORDERS}",
        0.9,
    ),
    (
        "override_instructions",
        ("ignorier", "vergiss", "ignorez", "ignora", "oublie", "olvida"),
        r"\b(?:ignorier\w*|vergiss|ignorez?|oublie\w*|ignor[ae]|olvida)\b[^\n.;]{0,40}?\b(?:anweisung\w*|vorherig\w*|bisherig\w*|instruc\w+|consignes?|anteriores|précédentes)\b",
        0.85,
    ),
    (
        "address_to_judge",
        (
            "judge",
            "grader",
            "evaluator",
            "reviewer",
            "classifier",
            "scanner",
            "scorer",
            "auditor",
            "assistant",
            "model",
            "llm",
            "ai ",
            "moderator",
            "filter",
        ),
        rf"\b(?:(?:note|message|attention|instruction|hint|reminder|dear|hey|hello)s?\b[,: ]{{0,3}}(?:to|for)? ?(?:the |any |all |you,? )?(?:\w+ ){{0,2}}{_JUDGE}\b"
        rf"|(?:if you are|as) (?:an?|the) (?:\w+ ){{0,2}}{_JUDGE}\b[^\n]{{0,60}}?\b(?:must|should|give|score|mark|rate|answer|output|return|say|label|respond))",
        0.8,
    ),
    (
        "dictated_verdict",
        (
            "score",
            "rate",
            "mark",
            "label",
            "classify",
            "grade",
            "report",
            "flag",
            "verdict",
            "answer",
            "output",
        ),
        r"\b(?:you (?:must|should|will|have to)|always|please|just|simply|only)\b[^\n.;]{0,30}?\b(?:score|rate|mark|label|classify|grade|report|answer|output|return|respond)\b[^\n.;]{0,40}?\b(?:10/10|100 ?%|full marks|highest|maximum|perfect|passed|correct|safe|secure|none|benign|no (?:issues?|vulnerabilit\w+|findings?)|not vulnerable|clean)\b",
        0.8,
    ),
    (
        "dictated_verdict",
        ("do not", "don't", "never"),
        r"\b(?:do not|don't|never)\b (?:flag|report|mention|penali[sz]e|deduct|mark (?:this|it) (?:as )?(?:wrong|unsafe|vulnerable))\b[^\n]{0,40}?\b(?:this|it|the (?:code|row|answer|vulnerab\w+|issue|response|submission)|any (?:issue|vulnerab\w+))",
        0.7,
    ),
    (
        "role_change",
        (
            "you are now",
            "from now on",
            "pretend",
            "act as",
            "developer mode",
            "jailbreak",
            "dan mode",
            "roleplay",
            "no longer",
        ),
        r"\b(?:you are now (?:an?|the|in|dan\b|no longer|free|going)|from now on,? you\b|pretend (?:to be|that you are|you are) |(?:enter|enable|activate) (?:developer|dan|god|debug|jailbreak) mode|do anything now|you are no longer (?:an?|bound|a|restricted))",
        0.75,
    ),
    (
        "prompt_extraction",
        ("system prompt", "your instructions", "initial prompt", "hidden prompt", "your prompt"),
        rf"\b(?:reveal|print|show|repeat|output|leak|disclose|tell me|what (?:is|are)|summari[sz]e|dump)\b{_GAP}\b(?:system prompt|your (?:initial |hidden |secret )?(?:instructions|prompt)|(?:initial|hidden) prompt)",
        0.75,
    ),
    (
        "chat_markup",
        (
            "<|",
            "[inst]",
            "<<sys>>",
            "### system",
            "### instruction",
            "<start_of_turn>",
            "</s>",
            "[/inst]",
            "human:",
            "<system>",
        ),
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|channel|message)\|>|\[/?INST\]|<</?SYS>>|^#{2,4} ?(?:system|instruction|assistant) ?(?:prompt|message)?:?\s*$|<start_of_turn>|\n\n(?:Human|Assistant): |</?system(?:_prompt)?>",
        0.8,
    ),
    (
        "tool_command",
        ("send", "upload", "post ", "forward", "exfiltrate", "email"),
        r"\b(?:send|upload|post|forward|exfiltrate|e?mail|leak)\b[^\n.;]{0,30}?\b(?:conversation|chat history|system prompt|api keys?|credentials|your (?:memory|context|instructions))\b[^\n]{0,30}?\b(?:to|at)\b",
        0.8,
    ),
)
_BESIDES = {
    "address_to_judge": (
        "note",
        "message",
        "attention",
        "instruction",
        "hint",
        "reminder",
        "dear ",
        "hey",
        "hello",
        "if you are",
        "as a ",
        "as an ",
        "as the ",
    ),
    "dictated_verdict": (
        "you ",
        "always",
        "please",
        "just ",
        "simply",
        "only ",
        "do not ",
        "don't ",
        "never ",
    ),
}
"""Words of which one must be there besides: the others are common in code."""
_COMPILED = tuple(
    (reason, words, re.compile(pattern, re.IGNORECASE | re.MULTILINE), score)
    for reason, words, pattern, score in _RULES
)
_WORDS = sorted(
    {word for _, words, _, _ in _RULES for word in words}
    | {word for words in _BESIDES.values() for word in words}
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")


@dataclass(frozen=True)
class Injection:
    """Finds orders to the model that reads, chat markup, and text that is hidden from people."""

    name: str = "injection"
    version: str = "1"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: `override_instructions`, `dictated_verdict`, `chat_markup`, `hidden_text`, … and others."""
        views = seen([passage.views for passage in passages], _WORDS)
        pairs = zip(passages, views, strict=True)
        return [strongest(self._verdicts(passage, held)) for passage, held in pairs]

    def _verdicts(self, passage: Passage, views: Seen) -> Iterator[Verdict]:
        text = passage.text
        if not text.isascii():
            for found in _hidden(text):
                yield self._verdict(passage, found, found.span, "text")
        for view, present in views:
            for found in _found(view, present):
                where = view.how(*found.span)
                yield self._verdict(passage, found, view.source(*found.span), where)

    def _verdict(
        self, passage: Passage, found: Found, span: tuple[int, int], where: str
    ) -> Verdict:
        return Verdict(
            layer=self.name,
            version=self.version,
            score=found.score,
            reason=found.kind,
            span=span,
            part=passage.part,
            where=where,
            shown=f"… ({found.kind}, {span[1] - span[0]} characters)",
        )


def _hidden(text: str) -> Iterator[Found]:
    """Directions that turn text around (CVE-2021-42574), and letters that no screen shows."""
    for m in _BIDI.finditer(text):
        yield Found("bidirectional_control", m.span(), 0.6)
    for m in _TAGS.finditer(text):
        yield Found("hidden_text", m.span(), 0.8)


def _found(view: View, present: frozenset[str]) -> Iterator[Found]:
    if not present:
        return
    for reason, words, pattern, score in _COMPILED:
        more = _BESIDES.get(reason, present)
        if not present.isdisjoint(words) and not present.isdisjoint(more):
            for m in pattern.finditer(view.text):
                yield Found(reason, m.span(), score)
