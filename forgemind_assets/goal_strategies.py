"""Checks of a goal's strategies: their names, options, and the teachers that they ask."""

from collections.abc import Iterator

from forgemind_assets.goal import GoalSpec, Strategy
from forgemind_assets.goal_names import doubles, registry
from forgemind_assets.goal_options import bad_options
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_yaml import Place

Finding = tuple[Place, str]


def check_strategies(spec: GoalSpec) -> Iterator[Finding]:
    """Unknown and repeated names, teachers where none is asked, none where one is; options."""
    known = registry("strategy")
    yield from doubles([s.name for s in spec.strategies], ("strategies",), "name")
    for index, strategy in enumerate(spec.strategies):
        place: Place = ("strategies", index)
        if strategy.name not in known:
            yield (*place, "name"), unknown_name("strategy", strategy.name, known)
        else:
            yield from _asked(spec, strategy, place)
            options = known[strategy.name].option_type
            yield from bad_options(strategy.name, options, strategy.options, (*place, "options"))
        yield from _named(spec, strategy, place)


def _asked(spec: GoalSpec, strategy: Strategy, place: Place) -> Iterator[Finding]:
    """A teacher where one is needed, and only there."""
    if not registry("strategy")[strategy.name].needs_teacher:
        if strategy.asked:
            key = "teacher" if strategy.teacher is not None else "teachers"
            yield (*place, key), f"expected nothing, found a teacher: {strategy.name} asks none"
    elif not strategy.asked:
        names = ", ".join(teacher.name for teacher in spec.teachers) or "(no teachers)"
        message = f"expected one of {names}, found nothing: {strategy.name} asks a teacher"
        yield (*place, "teacher"), message


def _named(spec: GoalSpec, strategy: Strategy, place: Place) -> Iterator[Finding]:
    names = [teacher.name for teacher in spec.teachers]
    if strategy.teacher is not None and strategy.teacher not in names:
        yield (*place, "teacher"), unknown_name("teacher", strategy.teacher, names)
    if strategy.teacher is not None and strategy.teachers:
        message = "expected either teacher or teachers, found both; name all under teachers"
        yield (*place, "teachers"), message
    yield from doubles(strategy.teachers, (*place, "teachers"))
    models = {teacher.name: teacher.model for teacher in spec.teachers}
    first: dict[str, str] = {}
    for index, name in enumerate(strategy.teachers):
        here = (*place, "teachers", index)
        if name not in models:
            yield here, unknown_name("teacher", name, names)
        elif first.setdefault(models[name], name) != name:
            yield (
                here,
                f"expected teachers of different models, found {models[name]!r} behind "
                f"{first[models[name]]} and {name}; the answers of one would be taken for the "
                "other's",
            )


def check_requests(spec: GoalSpec) -> Iterator[Finding]:
    """Requests that nobody would be asked."""
    requests = spec.search.teacher_requests
    if requests and not any(strategy.asked for strategy in spec.strategies):
        place: Place = ("search", "teacher_requests")
        yield place, f"expected 0, found {requests}: no strategy has a teacher"
