"""Under which licence and terms the sources of a goal's rows stand, and which may not be used."""

from collections.abc import Iterable, Iterator

from forgemind_assets.forge.catalogue import entries
from forgemind_assets.goal import GoalSpec, Teacher
from forgemind_assets.goal_yaml import Place
from forgemind_assets.warden.policy import Policy
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.terms import TERMS, Origin, may_train, terms_of_licence


def origins_of(spec: GoalSpec) -> dict[str, Origin]:
    """Licence and terms by teacher name; `""` stands for the seeds."""
    known = entries()
    found = {"": Origin(licence=spec.seeds_licence)}
    for teacher in spec.teachers:
        entry = known.get(teacher.model) if teacher.kind == "embedded" else None
        if entry is None:
            found[teacher.name] = Origin(terms=teacher.terms or "unknown")
        else:
            terms = entry.terms or terms_of_licence(entry.licence)
            found[teacher.name] = Origin(entry.licence, terms)
    return found


def forbidden_sources(spec: GoalSpec) -> Iterator[tuple[Place, str]]:
    """The sources that a strategy uses and whose rows the policy would not let be trained on.

    They are told before anything is asked or paid: each of their rows would be rejected.
    """
    # thresholds that cross, which another check reports, must not keep this one from its work
    training = effective_policy(Policy(training=spec.policy.training)).training
    origins = origins_of(spec)
    used = {name: strategy.name for strategy in spec.strategies for name in strategy.asked or ("",)}
    seeds = origins[""].licence
    if "" in used and may_train(training, seeds, None):
        wanted = _expected("licences", training.licences, seeds)
        lost = f"no row of {used['']} may be trained on"
        advice = "use seeds of another licence, or have a person admit this one"
        yield ("seeds_licence",), f"{wanted}: {lost}; {advice}"
    for index, teacher in enumerate(spec.teachers):
        origin = origins[teacher.name]
        reason = may_train(training, origin.licence, origin.terms)
        if teacher.name not in used or reason is None:
            continue
        if reason == "licence_not_allowed":
            wanted = _expected("licences", training.licences, origin.licence)
        else:
            wanted = _expected("teacher_terms", training.teacher_terms, origin.terms)
        lost = f"no row that {used[teacher.name]} gets from {teacher.name} may be trained on"
        key = "terms" if teacher.kind == "openai" else "model"
        yield ("teachers", index, key), f"{wanted}: {lost}; {_advice(teacher, origin)}"


def _expected(key: str, admitted: Iterable[str], given: str | None) -> str:
    return (
        f"expected what policy.training.{key} admits ({', '.join(admitted) or 'nothing'}), "
        f"found {given}"
    )


def _advice(teacher: Teacher, origin: Origin) -> str:
    if teacher.kind == "openai" and origin.terms == "unknown":
        choices = ", ".join(one for one in TERMS if one != "unknown")
        return f"read the provider's terms and state one of {choices}"
    return "ask another teacher, or have a person admit this one"
