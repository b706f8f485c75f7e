"""The part of a goal's page by which a person asks its loop to end."""

from forgemind_assets.dashboard.frame import goal_address, hidden, notice, part
from forgemind_assets.dashboard.markup import Html, tag
from forgemind_assets.dashboard.records import StopForm

LONGEST_REASON = 2_000


def stop_part(goal: str, wish: str, form: StopForm | None) -> Html | None:
    """The wish that stands, or the form to make one; nothing where only looking is allowed."""
    if wish:
        told = (
            f"The loop ends after the work under way, as {wish}. It goes on with "
            f"forgemind run {goal}, or with forgemind stop {goal} --withdraw."
        )
        return part("stop", "Stop", notice(told))
    return part("stop", "Stop", stop_form(goal, form)) if form else None


def stop_form(goal: str, form: StopForm) -> Html:
    """One button, with a reason that is recorded."""
    words = "What is under way is finished, and finished trials are compared; nothing is begun."
    fields = [
        tag("p", words),
        tag("label", "Reason (recorded for good)", for_="stop-reason"),
        tag("textarea", form.reason, id="stop-reason", name="reason", rows=2, required=True,
            maxlength=LONGEST_REASON),
        tag("label", f"Your name (empty: {form.reviewer})", for_="stop-reviewer"),
        tag("input", type="text", id="stop-reviewer", name="reviewer", maxlength=200,
            autocomplete="name"),
        hidden("form_token", form.token),
    ]  # fmt: skip
    button = tag("button", "Stop the loop", type="submit", class_="bad", id="stop-button")
    return tag("form", *fields, button, method="post", action=stop_address(goal))


def stop_address(goal: str) -> str:
    """Where the form is sent."""
    return f"{goal_address(goal)}/stop"
