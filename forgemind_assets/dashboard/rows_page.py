"""The page on which a person looks through the rows of a dataset, filtered and page by page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from forgemind_assets.dashboard.frame import goal_address, page
from forgemind_assets.dashboard.markup import Content, Html, joined, table, tag
from forgemind_assets.dashboard.records import RowsPage
from forgemind_assets.foundry.browsing import FILTERS, RowQuery

ON_A_PAGE = 25


def rows_page(found: RowsPage, *, read_only: bool = False) -> str:
    """One page of rows with the filters above it and the way to the others below."""
    kind = "rejected" if found.query.rejected else "kept"
    words = f"{found.total:,} {kind} rows, page {found.number} of {found.pages}."
    columns = ("row", "input", "answer", "made", "from")
    rows = [_row(one) for one in found.rows]
    return page(
        f"Rows of {found.goal}, iteration {found.iteration}",
        tag("p", tag("a", f"Back to {found.goal}", href=goal_address(found.goal))),
        _filters(found),
        tag("p", words),
        table(f"{kind.capitalize()} rows", columns, rows),
        _ways(found),
        read_only=read_only,
    )


def rows_address(goal: str, iteration: str, query: RowQuery | None = None, number: int = 1) -> str:
    """The path of a page of rows."""
    asked: dict[str, str | int] = {}
    if query is not None:
        asked = {name: value for name in FILTERS if (value := getattr(query, name)) is not None}
        asked |= {"rejected": 1} if query.rejected else {}
    asked |= {"page": number} if number > 1 else {}
    place = quote(iteration.encode("utf-8", "surrogatepass"), safe="")
    base = f"{goal_address(goal)}/rows/{place}"
    return f"{base}?{urlencode(asked, errors='surrogatepass')}" if asked else base


def _row(row: Mapping[str, Any]) -> tuple[Content, ...]:
    teacher = f" by {row['teacher']}" if row["teacher"] else ""
    wording = f", variant {row['variant']} ({row['template']})" if row["variant"] else ""
    lost = f"rejected: {row['reason']} ({row['stage']})" if row["reason"] else None
    made = [f"{row['strategy']}{teacher}{wording}", lost and tag("p", lost, class_="warn")]
    return (
        tag("span", row["slice"], " ", tag("span", row["row_id"], class_="quiet")),
        tag("pre", row["input"]),
        tag("pre", row["answer"]),
        joined(made),
        f"{row['parent'] or '-'}, family {row['family']}",
    )


def _filters(found: RowsPage) -> Html:
    """A form that leads to the same page with other filters; it changes nothing."""
    query = found.query
    kinds = [("", "kept"), ("1", "rejected")]
    parts = [_choice("rejected", kinds, "1" if query.rejected else "")]
    for name in FILTERS:
        choices = found.choices[name]
        if choices:
            options = [("", f"any {name}"), *((one, one) for one in choices)]
            parts.append(_choice(name, options, getattr(query, name) or ""))
    action = rows_address(found.goal, found.iteration)
    return tag("form", *parts, tag("button", "Show", type="submit"), method="get", action=action)


def _choice(name: str, options: list[tuple[str, str]], chosen: str) -> Html:
    made = [tag("option", told, value=value, selected=value == chosen) for value, told in options]
    label = "rows" if name == "rejected" else name
    identity = f"filter-{name}"
    return joined(
        [tag("label", label, for_=identity), tag("select", *made, name=name, id=identity)]
    )


def _ways(found: RowsPage) -> Html:
    links: list[Content] = []
    for number, told in ((found.number - 1, "Previous page"), (found.number + 1, "Next page")):
        if 1 <= number <= found.pages:
            address = rows_address(found.goal, found.iteration, found.query, number)
            links.append(tag("li", tag("a", told, href=address)))
    return tag("nav", tag("ul", *links), aria_label="Other rows")
