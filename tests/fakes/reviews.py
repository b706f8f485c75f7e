"""Questions, reviewers and rulings as tests need them."""

from forgemind_assets.warden.reviews import Question, Review, Reviewer, Ruling, Subject


def reviewer(name, account=None):
    return Reviewer(
        name=name, source="flag", account=account or name.strip().lower(), host="workstation"
    )


ADA, BOB = reviewer("ada"), reviewer("bob")


def subject(**changes):
    values = {
        "goal": "small_goal",
        "partition": "0002-a",
        "version": "3",
        "adapter": "a" * 64,
        "reports": {"full": "b" * 64},
    }
    return Subject(**(values | changes))


def promotion(**changes):
    values = {
        "kind": "promotion_to_stable",
        "subject": subject(),
        "reason": "the goal is met: 93% of 348 cases",
        "evidence": {"report": "benchmark_report/0002-a", "samples": ["a", "b"]},
        "asked_by": reviewer("brain"),
    }
    return Question(**(values | changes))


def ruling(who, question=None, verdict="approve", at=2_000.0):
    digest = (question or promotion()).subject.digest
    return Ruling(verdict=verdict, subject=digest, reviewer=who, reason="read it", at=at)


def review_of(question, *rulings):
    return Review(id=question.id, question=question, asked_at=1_000.0, rulings=rulings)
