"""Wishes that a loop end: the newest counts, and an edited or repeated one is no wish."""

import pytest
import sqlalchemy as sa
from fakes.reviews import ADA, BOB

from forgemind_assets.brain.decide import Stop
from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.home import Home
from resources.ledger_tables import open_engine, write
from resources.outcome import read_outcome, write_outcome
from resources.stop_wishes import NO_REASON, StopWishes

COPY = (
    "insert into stop_wishes (goal, body, signature) select '{goal}', body, signature "
    "from stop_wishes where id = 1"
)
EDITS = {
    "another reason": "update stop_wishes set body = replace(body, 'enough', 'nothing')",
    "taken back by hand": "update stop_wishes set body = replace(body, 'true', 'false')",
    "played again": COPY.format(goal="g"),
    "played for another goal": COPY.format(goal="other"),
    "a foreign key's signature": f"update stop_wishes set signature = '{'ab' * 64}'",
}


@pytest.fixture
def home(url, tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_LEDGER_URL", url)
    return Home(tmp_path / "home", tmp_path / "models")


def test_the_newest_word_of_each_goal_counts(home):
    wishes = StopWishes(home)
    assert (wishes.wished("g"), wishes.lift("g", ADA, "x")) == (None, None)
    assert wishes.ask("g", ADA, " out of\nmoney ").sentence == "ada (flag): out of money"
    wishes.ask("other", ADA)
    assert StopWishes(home).wished("other").reason == NO_REASON
    wishes.ask("g", BOB, "enough")
    lifted = wishes.lift("g", ADA, "more money came")
    assert (lifted.by, lifted.number) == (BOB, 2)
    assert wishes.wished("g") is None
    assert (wishes.newest("g").stop, wishes.newest("g").number) == (False, 3)
    assert wishes.wished("other").by == ADA


@pytest.mark.parametrize(("kind", "kept"), [("person", False), ("limit", True)])
def test_with_the_wish_goes_the_stop_that_was_made_for_it_and_no_other(home, kind, kept):
    wishes = StopWishes(home)
    wishes.ask("g", ADA)
    write_outcome(home, "g", Stop("r", goal_met=False, kind=kind))
    wishes.lift("g", ADA, "go on")
    assert (read_outcome(home, "g") is not None) == kept


@pytest.mark.parametrize("edit", EDITS)
def test_what_this_installation_did_not_sign_as_the_newest_is_named(home, edit):
    wishes = StopWishes(home)
    wishes.ask("g", ADA, "enough")
    with write(open_engine(home.ledger_url)) as connection:
        connection.execute(sa.text(EDITS[edit]))
    with pytest.raises(AlteredArtefact, match=r"stop wish \d of \w+: expected the newest"):
        wishes.wished("other" if "another goal" in edit else "g")
