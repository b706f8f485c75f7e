"""Who may enter a page that ForgeMind serves on loopback: a pure decision on a request's facts.

A page on loopback has three kinds of uninvited guests: other people on the machine, pages of
other sites that the same browser has open, and names of other sites that resolve to loopback
(DNS rebinding). A key keeps out the first, the origin and the cookie's `SameSite=Strict` the
second, the host the third. The three checks are independent: each holds where another fails.

The Dagster UI and the dashboard share this module; what may be done inside is theirs.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import IntEnum

UPGRADE = "WEBSOCKET"
READING = frozenset({"GET", "HEAD"})
METHODS = READING | {"POST", UPGRADE}
TOKEN_PARAMETER = "token"  # noqa: S105


class Rights(IntEnum):
    """What a session may do."""

    LOOK = 1
    ACT = 2


@dataclass(frozen=True)
class Keys:
    """The two secrets of an installation; they never show in a representation."""

    act: str = field(repr=False)
    look: str = field(repr=False)

    def rights_of_token(self, token: str) -> Rights | None:
        """The rights of a token from an address. Takes the same time for every wrong token."""
        return self._match(token, {Rights.LOOK: self.look, Rights.ACT: self.act})

    def rights_of_cookie(self, value: str) -> Rights | None:
        """The rights of a cookie's value, in the same time for every wrong value."""
        cookies = {rights: self.cookie(rights) for rights in Rights}
        return self._match(value, cookies)

    def token(self, rights: Rights) -> str:
        """What the address holds."""
        return self.act if rights is Rights.ACT else self.look

    def cookie(self, rights: Rights) -> str:
        """What the browser keeps: derived, so that a cookie that leaks opens no address."""
        return hmac.new(
            self.token(rights).encode(), b"forgemind cookie", hashlib.sha256
        ).hexdigest()

    @staticmethod
    def _match(given: str, known: dict[Rights, str]) -> Rights | None:
        found = None
        for rights, secret in known.items():
            if hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode()):
                found = rights
        return found


@dataclass(frozen=True)
class Rules:
    """What one server admits.

    `addresses` are the `host:port` pairs under which a browser may see it, in lower case;
    `read_only` turns every session into one that looks.
    """

    addresses: frozenset[str]
    keys: Keys
    cookie_name: str
    read_only: bool = False

    @property
    def origins(self) -> frozenset[str]:
        """The pages that may send requests: the server's own."""
        return frozenset(f"http://{address}" for address in self.addresses)


@dataclass(frozen=True)
class Facts:
    """A request as it arrived. A header that came twice has two entries.

    `method` is `WEBSOCKET` for an upgrade; `query` holds the decoded pairs of the address.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    content_encodings: tuple[str, ...] = ()
    accept: str = ""
    fetch_site: str = ""
    fetch_mode: str = ""
    fetch_dest: str = ""

    @property
    def is_navigation(self) -> bool:
        """Whether a person opens a page in a tab: nothing is embedded, nothing is sent."""
        opens = (self.fetch_mode, self.fetch_dest) == ("navigate", "document")
        return self.method in READING and opens

    @property
    def from_elsewhere(self) -> bool:
        """Whether the browser says that another site or another port started the request."""
        return self.fetch_site not in ("", "none", "same-origin")


@dataclass(frozen=True)
class Admit:
    """The request may go on with these rights."""

    rights: Rights


@dataclass(frozen=True)
class Enter:
    """The address held a right token: set the cookie and lead away from the address."""

    rights: Rights


@dataclass(frozen=True)
class Refuse:
    """The request ends here with an HTTP status and one sentence for a person."""

    status: int
    reason: str


Verdict = Admit | Enter | Refuse


def addresses(port: int, also: tuple[str, ...] = ()) -> frozenset[str]:
    """The `host:port` pairs of a server on loopback, and those of a tunnel to it."""
    own = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
    if port == 80:
        own |= {"127.0.0.1", "localhost"}  # browsers leave the scheme's own port out
    return frozenset(own | {name.lower() for name in also})


def admit(facts: Facts, rules: Rules) -> Verdict:
    """Whether a request may enter, and with which rights. Total: never raises."""
    return (
        refuse_foreign_host(facts, rules)
        or refuse_foreign_origin(facts, rules)
        or enter_by_token(facts, rules)
        or admit_by_cookie(facts, rules)
    )


def refuse_foreign_host(facts: Facts, rules: Rules) -> Refuse | None:
    """The host must be ours: a foreign name that resolves to loopback is not."""
    if facts.method not in METHODS:
        return Refuse(405, f"{facts.method} is not a method of this page")
    if len(facts.hosts) != 1 or facts.hosts[0].lower() not in rules.addresses:
        return Refuse(403, "this page is served under its own host only")
    return None


def refuse_foreign_origin(facts: Facts, rules: Rules) -> Refuse | None:
    """What another page started may open a tab, and nothing else."""
    wrong = Refuse(403, "this page takes requests from itself only")
    if len(facts.origins) > 1 or any(origin not in rules.origins for origin in facts.origins):
        return wrong
    if facts.method not in READING and not facts.origins:
        return wrong
    if facts.from_elsewhere and not facts.is_navigation:
        return wrong
    return None


def enter_by_token(facts: Facts, rules: Rules) -> Verdict | None:
    """A token in the address of a page becomes a session; it opens nothing else."""
    tokens = [value for name, value in facts.query if name == TOKEN_PARAMETER]
    if not tokens:
        return None
    rights = rules.keys.rights_of_token(tokens[0]) if len(tokens) == 1 else None
    if rights is None:
        return Refuse(403, "the token in the address is not the one that ForgeMind printed")
    if facts.method != "GET":
        return Refuse(403, "a token in the address opens a page; it sends nothing")
    return Enter(_limited(rights, rules))


def admit_by_cookie(facts: Facts, rules: Rules) -> Verdict:
    """The session's rights. Of several cookies of our name the best counts."""
    found = [rules.keys.rights_of_cookie(value) for value in session_cookies(facts, rules)]
    rights = max((r for r in found if r is not None), default=None)
    if rights is None:
        return Refuse(401, "open the address that ForgeMind printed: it holds the token")
    return Admit(_limited(rights, rules))


def session_cookies(facts: Facts, rules: Rules) -> list[str]:
    """Values of our cookie in a request's Cookie headers."""
    values = []
    for header in facts.cookies:
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if name == rules.cookie_name:
                values.append(value)
    return values


def set_cookie(rights: Rights, rules: Rules) -> str:
    """The Set-Cookie header of a session: it ends with the browser, scripts cannot read it."""
    value = rules.keys.cookie(_limited(rights, rules))
    return f"{rules.cookie_name}={value}; Path=/; HttpOnly; SameSite=Strict"


def _limited(rights: Rights, rules: Rules) -> Rights:
    return min(rights, Rights.LOOK) if rules.read_only else rights
