"""The frame of every page, the list of goals, and the page of a refusal."""

from collections.abc import Sequence
from urllib.parse import quote

from forgemind_assets.dashboard.markup import Content, Html, escaped, section, table, tag
from forgemind_assets.dashboard.records import GoalLine

STYLE_PATH = "/style.css"
REFRESH_SECONDS = 5


def page(title: str, *content: Content, read_only: bool = False, refresh: bool = False) -> str:
    """One whole page. `read_only` tells the reader that nothing can be decided here.

    With `refresh` a browser loads it again every few seconds, while something is under way.
    """
    links = [("/", "Goals"), ("/reviews", "Reviews"), ("/alerts", "Alerts")]
    items = [tag("li", tag("a", name, href=address)) for address, name in links]
    looking = tag("p", "This page is for looking: nothing can be decided here.", class_="quiet")
    # Under the guard's `no-referrer` a browser sends the origin `null` with a form.
    referrer = tag("meta", name="referrer", content="same-origin")
    head = tag(
        "head",
        referrer,
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} - ForgeMind"),
        tag("link", rel="stylesheet", href=STYLE_PATH),
        tag("meta", http_equiv="refresh", content=REFRESH_SECONDS) if refresh else None,
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("nav", tag("ul", *items), aria_label="Pages")),
        tag("main", tag("h1", title), *content, id="content"),
        tag("footer", looking if read_only else None),
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en")


def goals_page(
    lines: Sequence[GoalLine], problems: Sequence[str] = (), *, read_only: bool = False
) -> str:
    """All goals of the installation, with how far each has come."""
    rows = [
        (
            tag("a", line.name, href=goal_address(line.name)),
            line.standing,
            line.stable or "none",
            line.open_reviews,
            line.iterations,
            percent(line.best),
            percent(line.wanted),
        )
        for line in lines
    ]
    columns = ("goal", "standing", "stable", "open reviews", "iterations", "best", "wanted")
    told = [tag("p", problem, class_="bad") for problem in problems]
    return page("Goals", *told, table("Goals", columns, rows, numbers=4), read_only=read_only)


def notice(text: str, kind: str = "warn") -> Html:
    """Something that a person must not miss. `kind` is `good`, `warn` or `bad`."""
    role = "status" if kind == "good" else "alert"
    return tag("p", text, class_=f"notice {kind}", role=role)


def hidden(name: str, content: str) -> Html:
    """A field of a form that the browser sends back."""
    return tag("input", type="hidden", name=name, value=content)


def message_page(title: str, text: str, *, read_only: bool = False) -> str:
    """A page that says one thing."""
    back = tag("p", tag("a", "All goals", href="/"))
    return page(title, notice(text, "bad"), back, read_only=read_only)


def part(identity: str, title: str, *content: Content) -> Html:
    """A section, with a word where it is empty."""
    filled = [one for one in content if one is not None and escaped(one)]
    return section(identity, title, *(filled or [tag("p", "Nothing yet.", class_="quiet")]))


def goal_address(goal: str) -> str:
    """The path of a goal's page."""
    return f"/goals/{_quoted(goal)}"


def review_address(review: str, action: str = "") -> str:
    """The path of a review's page, or of what is done to it."""
    base = f"/reviews/{_quoted(review)}"
    return f"{base}/{action}" if action else base


def _quoted(name: str) -> str:
    return quote(name.encode("utf-8", "surrogatepass"), safe="")


def percent(rate: float | None) -> str:
    """`0.5` as `50.0 %`; a dash for None."""
    return "-" if rate is None else f"{100 * rate:.1f} %"


def dollars(amount: float) -> str:
    """US dollars, with the cents' parts that teachers cost."""
    return f"${amount:,.4f}" if 0 < amount < 1 else f"${amount:,.2f}"
