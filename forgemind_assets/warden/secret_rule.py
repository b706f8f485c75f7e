"""What a rule for one token format is, and short ways to write one.

`literal` is what a text must hold (in lower case) before the pattern is tried.
"""

import re
from dataclasses import dataclass

# A token may stand behind `\n` that is spelled out, as in a string literal.
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
END = r"(?![A-Za-z0-9])"


@dataclass(frozen=True)
class SecretRule:
    """One format.

    Attributes:
        kind: the verdict's reason.
        literals: any of these, in lower case, must be in the text.
        pattern: group 1 is the secret where the pattern has one.
        score: how sure the format is.
        random: whether the secret must look random besides.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    score: float = 0.95
    random: bool = False
    in_token: bool = False
    """The literals are part of the token itself."""
    shared: bool = False
    """Digests, public keys or identifiers have the same shape: the surroundings decide."""
    needs: re.Pattern[str] | None = None
    """What a long run of the text must hold before the pattern is tried: for common literals."""


def token(
    kind: str,
    literal: str,
    body: str,
    *,
    score: float = 0.95,
    random: bool = False,
    shared: bool = False,
    needs: str = "",
) -> SecretRule:
    """A token that its own mark tells; `literal` has its marks, parted by spaces."""
    pattern = re.compile(f"{START}({body}){END}")
    literals = tuple(literal.split(" "))
    part = re.compile(needs) if needs else None
    return SecretRule(kind, literals, pattern, score, random, True, shared, part)


def near(kind: str, literal: str, names: str, body: str, *, score: float = 0.85) -> SecretRule:
    """A token without a mark of its own, told by a provider's name before it on the same line."""
    pattern = re.compile(rf"(?i:{names})[^\n]{{0,60}}?[^A-Za-z0-9\n]({body})(?![A-Za-z0-9+/_-])")
    literals = tuple(literal.split(" "))
    return SecretRule(kind, literals, pattern, score, random=True, shared=True)


U = "[A-Za-z0-9_-]"
W = "[A-Za-z0-9]"
H = "[0-9a-f]"
