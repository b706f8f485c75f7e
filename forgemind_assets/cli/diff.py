"""`forgemind diff`: what changed between two iterations of a goal."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forgemind_assets.lorekeeper.comparison import Change, Comparison, Side, SliceChange
    from forgemind_assets.lorekeeper.store import Store

Iteration = Annotated[str, typer.Argument(help="Iteration, such as 0003 or 3.")]


def diff(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    before: Iteration,
    after: Iteration,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value, for scripts.")] = False,
) -> None:
    """Shows what differs between two iterations: plan, data, settings, slices that rose and fell.

    Each iteration stands there with its champion, or else its best trial on dev.
    """
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.home import Home
    from forgemind_assets.lorekeeper.comparison import compare
    from forgemind_assets.lorekeeper.store import Store

    name = load_goal(find_goal(goal)).name
    store = Store(Home.from_environment().store)
    sides = [_side(store, name, wanted) for wanted in (before, after)]
    found = compare(*sides)
    if as_json:
        left_out = {"reports", "settings", "data"}
        plain = found.model_dump(mode="json", exclude={"before": left_out, "after": left_out})
        typer.echo(json.dumps(plain, indent=1))
        return
    for line in _lines(found):
        typer.echo(line)


def _side(store: "Store", goal: str, wanted: str) -> "Side":
    """Raises UserError where there is no such iteration."""
    from forgemind_assets.errors import UserError
    from forgemind_assets.lorekeeper.comparison import read_side
    from forgemind_assets.partitions import iteration_key

    key = iteration_key(int(wanted)) if wanted.isdecimal() else wanted
    published = store.partitions(goal, "plan")
    if key not in published:
        raise UserError(
            f"{goal} has no iteration {wanted!r}: expected one of "
            f"{', '.join(published) or '(none yet)'}; `forgemind run {goal}` makes them"
        )
    return read_side(store, goal, key)


def _lines(found: "Comparison") -> list[str]:
    lines = [f"{side.iteration}  {side.trial or '-'}: {side.hypothesis}" for side in
             (found.before, found.after)]  # fmt: skip
    lines += _changed("settings", found.settings) + _changed("data", found.data)
    for suite, change in found.rates.items():
        lines.append(f"{suite}: {change.sentence}")
        moved = found.slices[suite]
        lines += _slices("rose", [one for one in moved if one.points > 0])
        lines += _slices("fell", [one for one in reversed(moved) if one.points < 0])
    return lines


def _changed(what: str, changes: "tuple[Change, ...]") -> list[str]:
    if not changes:
        return [f"{what}: the same"]
    told = [f"  {one.name}: {_value(one.before)} -> {_value(one.after)}" for one in changes]
    return [f"{what}:", *told]


def _slices(word: str, changes: "list[SliceChange]") -> list[str]:
    return [f"  {word}  {one.slice}: {one.sentence}" for one in changes]


def _value(value: object) -> str:
    return "-" if value is None else str(value)
