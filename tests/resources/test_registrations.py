"""The registry's record: appended, chained, signed; an edit shows."""

import multiprocessing
import shutil

import pytest
import sqlalchemy as sa

from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.home import Home
from resources.ledger_tables import open_engine, write
from resources.registrations import open_registrations, stable_version


@pytest.fixture
def home(url, tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_LEDGER_URL", url)
    return Home(tmp_path / "home", tmp_path / "models")


def note(known, action="registered", version="1", goal="g", **changes):
    facts = {
        "goal": goal,
        "version": version,
        "trial": f"000{version}-a",
        "adapter_version": version * 64,
        "reason": "why",
        "by": "ada",
    }
    return known.record(action, **(facts | changes))


@pytest.fixture
def known(home):
    known = open_registrations(home)
    for action, version in (
        ("registered", "1"),
        ("promoted", "1"),
        ("registered", "2"),
        ("promoted", "2"),
        ("rolled_back", "1"),
    ):
        note(known, action, version)
    note(known, goal="other", version="7")
    return known


def test_what_was_recorded_is_read_back_in_order_and_by_goal(known):
    assert [e.action for e in known.events("g")][-1] == "rolled_back"
    assert stable_version(known.events("g")) == "1"
    assert stable_version(known.events("other")) is None
    assert known.registered("g", "0002-a").version == "2"
    assert known.registered("g", "0009-a") is None
    assert known.registered("other", "0002-a") is None


EDITS = {
    "an edited version": "update registry_events set body = replace(body, '\"2\"', '\"3\"')",
    "an edited action": "update registry_events set body = replace(body, 'registered', 'promoted')",
    "a signature of another entry": "update registry_events set signature = "
    "(select signature from registry_events where id = 1)",
    "a removed entry": "delete from registry_events where id = 3",
    "two entries exchanged": "update registry_events set id = case id when 3 then 4 else 3 end + 90"
    " where id in (3, 4)",
    "an entry of another goal": "update registry_events set goal = 'g' where goal = 'other'",
    "an entry twice": "insert into registry_events (goal, body, signature) "
    "select goal, body, signature from registry_events where id = 4",
}


@pytest.mark.parametrize("name", EDITS)
def test_a_record_that_was_tampered_with_is_refused(home, known, name):
    with write(open_engine(home.ledger_url)) as database:
        database.execute(sa.text(EDITS[name].replace(":", r"\:")))
    for read in (lambda: known.events("g"), lambda: note(known, version="9")):
        with pytest.raises(AlteredArtefact, match=r"registry entry \d+ of g"):
            read()


def test_a_record_of_another_installation_is_refused(home, known):
    shutil.rmtree(home.root / "keys")
    with pytest.raises(AlteredArtefact, match="restore the ledger and keys/"):
        open_registrations(home).events("g")


def write_some(root):
    known = open_registrations(Home(root, root))
    for _ in range(5):
        note(known)
    return True


def test_processes_that_write_at_once_make_one_chain(contested, tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_LEDGER_URL", contested)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert all(pool.map(write_some, [tmp_path / "home"] * 3))
        pool.close()
        pool.join()
    events = open_registrations(Home(tmp_path / "home", tmp_path)).events("g")
    assert len(events) == 15
    assert len({event.previous for event in events}) == 15
