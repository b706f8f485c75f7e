"""Checks of a goal that no single field can make: names, teachers, limits, contradictions."""

from collections.abc import Iterator
from typing import Any

from forgemind_assets.goal import GoalSpec, Teacher
from forgemind_assets.goal_advisor import advisor_problems
from forgemind_assets.goal_attack import attack_problems
from forgemind_assets.goal_judges import judge_findings
from forgemind_assets.goal_names import doubles, models, registry
from forgemind_assets.goal_options import bad_options
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_sets import schema_problem
from forgemind_assets.goal_strategies import check_requests, check_strategies
from forgemind_assets.goal_terms import forbidden_sources
from forgemind_assets.goal_yaml import Document, Place, looks_secret
from forgemind_assets.warden.policy_files import default_policy, policy_problems

Finding = tuple[Place, str]


def check_secrets(document: Document) -> None:
    """Refuses anything in the file that looks like a key; its text is never repeated."""
    for place, value in _texts(document.value, ()):
        long_name = place[-1:] == ("api_key_env",) and len(value) >= 20 and value != value.upper()
        if long_name or looks_secret(value):
            document.problem(
                place,
                "expected no secret in a goal, found what looks like one (not shown); put it into "
                "an environment variable, name that in api_key_env, and replace the key",
            )


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*place, step))


def check_spec(spec: GoalSpec, document: Document, broken: frozenset[str]) -> None:
    """Adds every contradiction within a goal to the document's problems.

    A check is left out where one of the sections that it reads is `broken`.
    """
    checks = (
        (_task, {"task"}),
        (_base_model, {"limits"}),
        (_teachers, {"teachers"}),
        (check_strategies, {"strategies", "teachers"}),
        (check_requests, {"strategies", "search"}),
        (_verifiers, {"filters"}),
        (_verified_labels, {"filters", "task"}),
        (judge_findings, {"judges", "strategies", "task", "teachers"}),
        (_money, {"attack", "judges", "limits", "search", "teachers", "strategies"}),
        (_time, {"limits", "search"}),
        (_success, {"success"}),
        (_lengths, {"task", "search"}),
        (advisor_problems, {"search", "teachers"}),
        (_answer_weights, {"task", "search"}),
        (_filters, {"filters"}),
        (_code_filters, {"filters"}),
        (_shares, {"filters", "task"}),
        (_policy, {"policy"}),
        (attack_problems, {"attack", "filters", "teachers"}),
        (forbidden_sources, {"policy", "seeds_licence", "strategies", "teachers"}),
    )
    for check, sections in checks:
        if sections.isdisjoint(broken):
            for place, message in check(spec):
                document.problem(place, message)


def _task(spec: GoalSpec) -> Iterator[Finding]:
    task = spec.task
    yield from doubles(task.labels, ("task", "labels"))
    problem = schema_problem(task.answer_schema)
    if problem is not None:
        yield ("task", "answer_schema"), problem
    graders = registry("grader")
    if task.grader not in graders:
        yield ("task", "grader"), unknown_name("grader", task.grader, graders)
        return
    yield from _grader_options(spec, graders[task.grader], problem is None)


def _grader_options(spec: GoalSpec, grader: Any, schema_holds: bool) -> Iterator[Finding]:
    place: Place = ("task", "grader_options")
    options = spec.task.grader_options
    yield from bad_options(spec.task.grader, grader, options, place)
    properties = spec.task.answer_schema["properties"] if schema_holds else options.values()
    for key in ("label_key", "line_key", "fix_key"):
        if isinstance(options.get(key), str) and options[key] not in properties:
            yield (*place, key), unknown_name("property", options[key], properties)
    if "label_key" in options and not spec.task.labels:
        yield ("task", "labels"), "expected the labels that the grader compares, found none"


def _answer_weights(spec: GoalSpec) -> Iterator[Finding]:
    if schema_problem(spec.task.answer_schema) is None:
        properties = spec.task.answer_schema["properties"]
        for key in spec.search.answer_weights:
            if key not in properties:
                yield ("search", "answer_weights", key), unknown_name("property", key, properties)


def _base_model(spec: GoalSpec) -> Iterator[Finding]:
    base, known = spec.limits.base_model, models("base")
    if base not in known:
        yield ("limits", "base_model"), unknown_name("base model", base, known)


def _teachers(spec: GoalSpec) -> Iterator[Finding]:
    yield from doubles([t.name for t in spec.teachers], ("teachers",), "name")
    known = models("teacher")
    for index, teacher in enumerate(spec.teachers):
        if teacher.kind == "embedded" and teacher.model not in known:
            yield ("teachers", index, "model"), unknown_name("model", teacher.model, known)
        for key, message in _teacher(teacher):
            yield ("teachers", index, key), message


def _teacher(teacher: Teacher) -> Iterator[tuple[str, str]]:
    if teacher.kind == "embedded":
        for key in ("api_key_env", "prices", "base_url", "terms"):
            value = getattr(teacher, key)
            if value is not None:
                yield key, "expected nothing for an embedded teacher, found a value"
        return
    if teacher.api_key_env is None:
        yield (
            "api_key_env",
            ("expected the name of the environment variable that holds the key, found nothing"),
        )
    if teacher.prices is None:
        yield (
            "prices",
            (
                "expected prices of input and output in dollars per million tokens (0 where it is "
                "free), found nothing: a cost that cannot be known cannot be limited"
            ),
        )


def _verifiers(spec: GoalSpec) -> Iterator[Finding]:
    verifiers = registry("verifier")
    for index, use in enumerate(spec.filters.verifiers):
        place: Place = ("filters", "verifiers", index)
        if use.name not in verifiers:
            yield place, unknown_name("verifier", use.name, verifiers)
            continue
        yield from bad_options(use.name, verifiers[use.name], use.options, (*place, "options"))


def _verified_labels(spec: GoalSpec) -> Iterator[Finding]:
    verifiers = registry("verifier")
    for index, use in enumerate(spec.filters.verifiers):
        needs = use.name in verifiers and verifiers[use.name].needs_label
        if needs and "label_key" not in spec.task.grader_options:
            message = f"expected task.grader_options.label_key, which {use.name} reads, found none"
            yield ("filters", "verifiers", index), message


def _money(spec: GoalSpec) -> Iterator[Finding]:
    limits = spec.limits
    used = {name for strategy in spec.strategies for name in strategy.asked}
    used |= set(spec.judges.teachers if spec.judges else ())
    if spec.attack.requests and spec.attack.teacher is not None:
        used.add(spec.attack.teacher)
    if spec.search.advisor is not None:
        used.add(spec.search.advisor)
    for teacher in spec.teachers:
        paid = teacher.prices is not None and max(teacher.prices.input, teacher.prices.output) > 0
        if paid and teacher.name in used and limits.api_dollars_per_goal == 0:
            message = f"expected more than 0, found 0: the teacher {teacher.name} is paid"
            yield ("limits", "api_dollars_per_goal"), message
    if limits.gpu_dollars_per_hour > 0 and limits.gpu_dollars_per_try == 0:
        yield (
            ("limits", "gpu_dollars_per_try"),
            (
                "expected more than 0, found 0: gpu_dollars_per_hour is "
                f"{limits.gpu_dollars_per_hour:g}, so no try can run"
            ),
        )


def _time(spec: GoalSpec) -> Iterator[Finding]:
    seconds, limit = spec.search.train_seconds, spec.limits.hours * 3600
    if seconds is not None and seconds > limit:
        message = f"expected at most limits.hours ({limit:,.0f} seconds), found {seconds:,.0f}"
        yield ("search", "train_seconds"), message


def _success(spec: GoalSpec) -> Iterator[Finding]:
    success = spec.success
    if success.canary_pass_rate > success.pass_rate:
        yield (
            ("success", "canary_pass_rate"),
            (
                f"expected at most success.pass_rate ({success.pass_rate:g}), found "
                f"{success.canary_pass_rate:g}: it would stop a model that meets the goal"
            ),
        )
    if success.confidence is not None and success.pass_rate == 1:
        yield (
            ("success", "confidence"),
            ("expected a pass_rate below 1 beside it: no number of cases proves a rate of 1"),
        )


def _lengths(spec: GoalSpec) -> Iterator[Finding]:
    answer, whole = spec.task.max_answer_tokens, spec.search.max_length
    if answer >= whole:
        message = f"expected less than search.max_length ({whole}), found {answer}"
        yield ("task", "max_answer_tokens"), message


def _filters(spec: GoalSpec) -> Iterator[Finding]:
    low, high = spec.filters.min_input_chars, spec.filters.max_input_chars
    if low > high:
        message = f"expected at most max_input_chars ({high}), found {low}"
        yield ("filters", "min_input_chars"), message


def _code_filters(spec: GoalSpec) -> Iterator[Finding]:
    """Filters for prose would take good code for repetitive, or for another language."""
    filters, known = spec.filters, registry("verifier")
    names = [use.name for use in filters.verifiers if use.name in known]
    readers = [name for name in names if known[name].language == "python"]
    for key, asked, wanted in (
        ("language", filters.language, "comments"),
        ("repetition", filters.repetition, "code"),
    ):
        if readers and asked is not None and asked.of != wanted:
            message = f"expected {wanted}, found {asked.of}: {readers[0]} says that rows are code"
            yield ("filters", key, "of"), message


def _shares(spec: GoalSpec) -> Iterator[Finding]:
    count, share = len(spec.task.labels), spec.filters.max_class_share
    if count and share * count < 1:
        yield (
            ("filters", "max_class_share"),
            (f"expected at least 1/{count}, the even share of {count} labels, found {share:g}"),
        )


def _policy(spec: GoalSpec) -> Iterator[Finding]:
    for place, message in policy_problems(spec.policy, registry("safety layer"), default_policy()):
        yield ("policy", *place), message
