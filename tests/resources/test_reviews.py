"""The review queue: append-only, chained, and the same for every process."""

import json
import multiprocessing
import sqlite3
from contextlib import suppress

import pytest
from fakes.forgery import approval_of, chained, rewrite, rows
from fakes.reviews import ADA, BOB, promotion, reviewer, subject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgemind_assets.errors import NotApproved, ReviewError, StoreError
from forgemind_assets.home import Home
from forgemind_assets.warden.chain import ChainEntry, canonical_json, link
from forgemind_assets.warden.reviews import Rules, Ruling
from resources.ledger_tables import write
from resources.review_tables import review_signatures as signatures
from resources.review_tables import reviews as table
from resources.reviews import Reviews
from resources.signing_key import open_key

SPAWN = multiprocessing.get_context("spawn")
TWO = Rules(persons=2)


def opened(url, folder):
    """The queue in that database, its witness and the installation's key in that folder."""
    key = open_key(Home(root=folder, models=folder))
    return Reviews(url, folder / "witness.json", key)


@pytest.fixture
def reviews(url, tmp_path):
    return opened(url, tmp_path)


def test_a_question_is_asked_once_and_decided(reviews):
    first = reviews.ask(promotion(), now=1.0)
    assert reviews.ask(promotion(reason="the next tick"), now=2.0) == first
    done = reviews.decide(first.id[:4], "approve", ADA, "read all failures", now=3.0)
    assert done.status == "approved"
    assert reviews.get(first.id) == done
    assert reviews.state("another_goal") == []
    assert reviews.require("promotion_to_stable", subject(), Rules()) == done
    assert len(rows(reviews)) == 2


def test_nothing_is_approved_that_nobody_was_asked_about(reviews):
    with pytest.raises(NotApproved, match="nobody was asked"):
        reviews.require("promotion_to_stable", subject(), Rules())
    reviews.ask(promotion())
    with pytest.raises(NotApproved, match="0 of 1 approvals"):
        reviews.require("promotion_to_stable", subject(), Rules())


@pytest.mark.parametrize(
    "changes", [{"version": "4"}, {"adapter": "c" * 64}, {"reports": {"full": "d" * 64}}]
)
def test_an_approval_is_not_good_for_another_version_adapter_or_report(reviews, changes):
    reviews.decide(reviews.ask(promotion()).id, "approve", ADA, "read it")
    with pytest.raises(NotApproved, match="nobody was asked about exactly this"):
        reviews.require("promotion_to_stable", subject(**changes), Rules())
    reviews.ask(promotion(subject=subject(**changes)))
    with pytest.raises(NotApproved, match="0 of 1"):
        reviews.require("promotion_to_stable", subject(**changes), Rules())


def test_an_approval_of_one_kind_is_not_good_for_another(reviews):
    asked = reviews.ask(promotion(kind="too_good_to_be_true"))
    reviews.decide(asked.id, "approve", ADA, "it is that good")
    with pytest.raises(NotApproved):
        reviews.require("promotion_to_stable", subject(), Rules())


def test_a_replayed_approval_is_refused_even_with_a_chain_computed_anew(reviews):
    approved = reviews.ask(promotion())
    reviews.decide(approved.id, "approve", ADA, "read it")
    other = reviews.ask(promotion(subject=subject(version="4")))
    records = rows(reviews)
    replayed = records[1] | {"review": other.id}
    rewrite(reviews, chained([*records, replayed]))
    found = reviews.verify()
    assert (found.seq, found.review) == (4, other.id)
    assert "another version" in found.reason
    with pytest.raises(StoreError, match="review record 4"):
        reviews.require("promotion_to_stable", subject(version="4"), Rules())


def test_the_same_person_is_refused_the_second_approval(reviews):
    asked = reviews.ask(promotion(rules=TWO))
    assert reviews.decide(asked.id, "approve", ADA, "read it").status == "open"
    with pytest.raises(ReviewError, match="different persons"):
        reviews.decide(asked.id, "approve", reviewer(" ADA"), "again")
    assert reviews.decide(asked.id, "approve", BOB, "me too").status == "approved"


def test_an_owner_is_refused_their_own_goal(reviews):
    asked = reviews.ask(promotion(rules=Rules(own_goal=False), owners=(ADA,)))
    with pytest.raises(ReviewError, match="own goal"):
        reviews.decide(asked.id, "approve", ADA, "mine is fine")
    assert len(rows(reviews)) == 1


def test_a_decision_without_reason_or_review_is_refused(reviews):
    asked = reviews.ask(promotion())
    with pytest.raises(ReviewError, match="expected a reason"):
        reviews.decide(asked.id, "approve", ADA, " ")
    with pytest.raises(ReviewError, match="found none for 'zzz'"):
        reviews.decide("zzz", "approve", ADA, "read it")
    with pytest.raises(ReviewError, match="found none"):
        reviews.decide("", "approve", ADA, "read it")


def test_letters_that_begin_two_ids_are_refused(reviews):
    # Sixteen hexadecimal digits: of seventeen ids two begin with the same one.
    ids = [reviews.ask(promotion(subject=subject(version=str(n)))).id for n in range(17)]
    first = [one[0] for one in ids]
    shared = next(letter for letter in first if first.count(letter) > 1)
    with pytest.raises(ReviewError, match=f"{first.count(shared)} reviews"):
        reviews.get(shared)


def test_new_rules_ask_anew_and_the_newest_question_counts(reviews):
    old = reviews.ask(promotion())
    reviews.decide(old.id, "approve", ADA, "read it")
    with pytest.raises(NotApproved, match="the policy"):
        reviews.require("promotion_to_stable", subject(), TWO)
    new = reviews.ask(promotion(rules=TWO))
    assert new.id != old.id
    for who in (ADA, BOB):
        reviews.decide(new.id, "approve", who, "read it")
    assert reviews.require("promotion_to_stable", subject(), TWO).id == new.id


# One edit of one stored field: which record, which column, what instead.
EDITS = st.tuples(
    st.integers(0, 4),
    st.sampled_from([c.name for c in table.columns]),
    st.one_of(st.text(min_size=1, max_size=20), st.integers(0, 10_000), st.none(),
              st.binary(max_size=5), st.floats()),
)  # fmt: skip


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """Five records, and the file they stand in."""
    folder = tmp_path_factory.mktemp("five")
    reviews = opened(f"sqlite:///{folder / 'ledger.db'}", folder)
    first = reviews.ask(promotion(rules=TWO), now=1.0)
    second = reviews.ask(promotion(subject=subject(version="4")), now=2.0)
    reviews.decide(first.id, "approve", ADA, "read it", now=3.0)
    reviews.decide(second.id, "reject", BOB, "too slow", now=4.0)
    reviews.decide(first.id, "approve", BOB, "read it too", now=5.0)
    return reviews, folder / "ledger.db"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edit=EDITS)
def test_any_edit_of_any_stored_field_is_shown(five, edit):
    reviews, path = five
    number, column, value = edit
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN")
        select = f"SELECT {column} FROM {table.name} ORDER BY seq"
        before = connection.execute(select).fetchall()
        changed = f"UPDATE OR IGNORE {table.name} SET {column} = ? WHERE seq = ?"
        with suppress(sqlite3.IntegrityError):  # SQLite keeps what is no number out of `seq`
            connection.execute(changed, (value, number + 1))
        after = connection.execute(select).fetchall()
        connection.execute("COMMIT")
        found = reviews.verify()
        assert (found is None) == (before == after)
        if found is not None and column not in ("seq", "hash", "previous"):
            assert found.seq == number + 1, "the first broken record is named"
    finally:
        connection.execute(f"DELETE FROM {table.name}")
        columns = ", ".join(c.name for c in table.columns)
        marks = ", ".join("?" for _ in table.columns)
        insert = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
        connection.executemany(insert, [tuple(row.values()) for row in ORIGINAL[0]])
        connection.close()
    assert reviews.verify() is None


ORIGINAL: list[list[dict]] = []


@pytest.fixture(autouse=True)
def _original(request):
    if "five" in request.fixturenames and not ORIGINAL:
        ORIGINAL.append(rows(request.getfixturevalue("five")[0]))


def test_a_small_change_of_each_field_of_each_record_is_shown(reviews):
    first = reviews.ask(promotion(rules=TWO), now=1.0)
    reviews.decide(first.id, "approve", ADA, "read it", now=2.0)
    good = rows(reviews)
    for number, record in enumerate(good):
        for name, value in record.items():
            other = value + 10 if isinstance(value, int | float) else value[:-1] + "~"
            bad = [dict(one) for one in good]
            bad[number][name] = other
            rewrite(reviews, bad)
            assert reviews.verify() is not None, (number, name)
    rewrite(reviews, good)
    assert reviews.verify() is None


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_record_that_is_gone_is_shown_the_last_one_too(reviews, gone):
    asked = reviews.ask(promotion(rules=TWO))
    reviews.decide(asked.id, "approve", ADA, "read it")
    reviews.decide(asked.id, "reject", BOB, "it fails on CWE-89")
    records = rows(reviews)
    rewrite(reviews, records[:gone] + records[gone + 1 :])
    assert reviews.verify().seq == gone + 1
    assert "missing" in reviews.verify().reason


def test_a_chain_computed_anew_is_shown_by_what_this_machine_has_seen(reviews, tmp_path):
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "reject", BOB, "it fails on CWE-89")
    records = rows(reviews)
    forged = Ruling.model_validate_json(records[1]["body"])
    forged = forged.model_copy(update={"verdict": "approve"})
    records[1]["body"] = canonical_json(forged.model_dump(mode="json"))
    rewrite(reviews, chained(records))
    assert "this machine has seen" in reviews.verify().reason
    with pytest.raises(StoreError, match="tampered"):
        reviews.require("promotion_to_stable", subject(), Rules())
    with pytest.raises(StoreError, match="tampered"):
        reviews.ask(promotion(subject=subject(version="4")))


@pytest.mark.parametrize("signed", ["not", "with another record's", "with another key", "with 0"])
def test_an_approval_that_was_written_into_the_database_is_shown(reviews, tmp_path, signed):
    """The chain is right and the witness has seen no record of that number: the key decides."""
    asked = reviews.ask(promotion())
    added = chained([*rows(reviews), approval_of(asked, ADA)])[1]
    elsewhere = tmp_path / "elsewhere"
    stranger = open_key(Home(root=elsewhere, models=elsewhere))
    with write(reviews._engine) as connection:
        connection.execute(table.insert().values(**added))
        first = connection.execute(signatures.select()).one().signature
        signature = {
            "with another record's": first,
            "with another key": stranger.sign(added["hash"].encode()),
            "with 0": "0" * 128,
        }.get(signed)
        if signature:
            connection.execute(signatures.insert().values(seq=2, signature=signature))
    assert "has not signed it" in reviews.verify().reason
    with pytest.raises(StoreError, match=r"review record 2.*has not signed it"):
        reviews.require("promotion_to_stable", subject(), Rules())
    with pytest.raises(StoreError, match="tampered"):
        reviews.decide(asked.id, "reject", BOB, "no")


def test_a_chain_and_a_witness_written_anew_are_shown_without_the_key(reviews):
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "reject", BOB, "it fails on CWE-89")
    forged = chained([rows(reviews)[0], approval_of(asked, ADA)])
    rewrite(reviews, forged)
    reviews._witness.write_text(json.dumps({"seq": 2, "hash": forged[1]["hash"]}))
    assert (reviews.verify().seq, reviews.verify().reason) == (
        2,
        "this installation has not signed it",
    )


def test_a_record_nobody_asked_for_or_can_read_is_shown(reviews):
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "approve", ADA, "read it")
    records = rows(reviews)
    for bad, reason in [
        ({"review": "f" * 16}, "nobody asked"),
        ({"body": '{"verdict":"approve"}'}, "cannot be read"),
    ]:
        forged = chained([records[0], records[1] | bad])
        (reviews._witness).unlink(missing_ok=True)
        rewrite(reviews, forged)
        assert reason in reviews.verify().reason


def test_a_witness_that_is_no_witness_is_an_error_and_not_ignored(reviews):
    reviews.ask(promotion())
    reviews._witness.write_text("rubbish")
    with pytest.raises(StoreError, match=r"witness\.json"):
        reviews.verify()


def test_an_entry_is_the_hash_of_the_one_before_and_itself():
    import hashlib

    entry = link(None, review="r", event="asked", goal="g", at=1.5, body="{}")
    text = (
        '{"previous":"' + "0" * 64 + '","record":{"at":1.5,"body":"{}","event":"asked",'
        '"goal":"g","review":"r","seq":1}}'
    )
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()
    assert isinstance(entry, ChainEntry)


def _decide(url, folder, review, name, verdict, gate, answers) -> None:
    reviews = opened(url, folder)
    gate.wait()
    try:
        answers.put((name, reviews.decide(review, verdict, reviewer(name), "read it").status))
    except ReviewError as error:
        answers.put((name, str(error)))


@pytest.mark.parametrize("persons", [1, 2])
def test_people_who_decide_at_once_are_heard_one_after_the_other(contested, tmp_path, persons):
    reviews = opened(contested, tmp_path)
    asked = reviews.ask(promotion(rules=Rules(persons=persons)))
    gate, answers = SPAWN.Barrier(3), SPAWN.Queue()
    arguments = [(contested, tmp_path, asked.id, name, "approve", gate, answers) for name in "abc"]
    processes = [SPAWN.Process(target=_decide, args=one) for one in arguments]
    for process in processes:
        process.start()
    said = sorted(answers.get(timeout=200)[1] for _ in processes)
    for process in processes:
        process.join()
    accepted = [one for one in said if one in ("open", "approved")]
    assert sorted(accepted) == ["approved", "open"][2 - persons :] or accepted == ["approved"]
    assert len(accepted) == persons
    assert sum("approved already" in one for one in said) == 3 - persons
    assert reviews.verify() is None
    assert len(rows(reviews)) == 1 + persons


def _ask(url, folder, name, gate) -> None:
    reviews = opened(url, folder)
    gate.wait()
    for number in range(6):
        reviews.ask(promotion(subject=subject(version=f"{name}{number}")))
        reviews.ask(promotion(subject=subject(version=f"all{number}")))


def test_processes_that_ask_at_once_make_one_chain(contested, tmp_path):
    gate = SPAWN.Barrier(3)
    processes = [
        SPAWN.Process(target=_ask, args=(contested, tmp_path, name, gate)) for name in "abc"
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    reviews = opened(contested, tmp_path)
    assert reviews.verify() is None
    records = rows(reviews)
    assert [record["seq"] for record in records] == list(range(1, 25))
    assert len({record["previous"] for record in records}) == 24


def test_a_time_is_stored_to_the_last_digit(reviews):
    at = 1763884800.1234567
    asked = reviews.ask(promotion(), now=at)
    assert reviews.get(asked.id).asked_at == at
    assert reviews.verify() is None


def unsign(reviews, *which):
    """As an installation wrote them that did not sign yet, or somebody with the database."""
    with write(reviews._engine) as connection:
        connection.execute(signatures.delete().where(signatures.c.seq.in_(which)))


def test_records_from_before_signing_stop_everything_and_say_what_to_do(reviews):
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "approve", ADA, "read it")
    unsign(reviews, 1, 2)
    assert (reviews.verify().seq, reviews.verify().unsigned) == (1, 2)
    for use in (
        reviews.state,
        lambda: reviews.ask(promotion(subject=subject(version="4"))),
        lambda: reviews.decide(asked.id, "reject", BOB, "no"),
        lambda: reviews.require("promotion_to_stable", subject(), Rules()),
    ):
        with pytest.raises(StoreError, match=r"records 1 to 2 .*forgemind review set-aside"):
            use()
    assert [one.status for one in reviews.unsigned()] == ["approved"]
    assert len(rows(reviews)) == 2


def test_records_set_aside_count_for_nothing_and_the_question_is_asked_again(reviews):
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "approve", ADA, "read it")
    unsign(reviews, 1, 2)
    assert reviews.set_aside(ADA, "from before signing", now=5.0) == 2
    assert reviews.verify() is None
    assert reviews.state() == []
    with pytest.raises(NotApproved, match="nobody was asked"):
        reviews.require("promotion_to_stable", subject(), Rules())
    with pytest.raises(ReviewError, match="found none"):
        reviews.decide(asked.id, "approve", ADA, "an unsigned question is not answered")
    again = reviews.ask(promotion())
    assert (again.id, again.status, again.rulings) == (asked.id, "open", ())
    reviews.decide(again.id, "approve", BOB, "read it anew")
    done = reviews.require("promotion_to_stable", subject(), Rules())
    assert [one.reviewer for one in done.rulings] == [BOB]
    assert reviews.verify() is None
    assert [one.status for one in reviews.unsigned()] == ["approved"]


def test_a_forged_approval_without_signatures_can_be_set_aside_and_never_counts(reviews):
    """Who takes all signatures away and adds an approval gains nothing by it."""
    asked = reviews.ask(promotion())
    added = chained([*rows(reviews), approval_of(asked, ADA)])[1]
    with write(reviews._engine) as connection:
        connection.execute(table.insert().values(**added))
    unsign(reviews, 1)
    assert reviews.set_aside(ADA, "old") == 2
    with pytest.raises(NotApproved):
        reviews.require("promotion_to_stable", subject(), Rules())
    reviews.ask(promotion(subject=subject(version="4")))
    third = chained([*rows(reviews), approval_of(asked, ADA)])[3]
    with write(reviews._engine) as connection:
        connection.execute(table.insert().values(**third))
    assert (reviews.verify().seq, reviews.verify().unsigned) == (4, 0)
    with pytest.raises(StoreError, match=r"record 4 .*tampered"):
        reviews.set_aside(ADA, "and this one")


def test_only_unsigned_records_at_the_beginning_can_be_set_aside(reviews):
    with pytest.raises(ReviewError, match="found none"):
        reviews.set_aside(ADA, "nothing there")
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "reject", ADA, "it fails on CWE-89")
    with pytest.raises(ReviewError, match="found none"):
        reviews.set_aside(ADA, "to be rid of the rejection")
    unsign(reviews, 2)
    with pytest.raises(StoreError, match=r"record 2.*has not signed"):
        reviews.set_aside(ADA, "to be rid of the rejection")
    unsign(reviews, 1)
    with pytest.raises(ReviewError, match="expected a reason"):
        reviews.set_aside(ADA, " ")
    assert reviews.set_aside(ADA, "old") == 2


def test_what_was_set_aside_cannot_be_exchanged_for_something_else(reviews):
    reviews.ask(promotion())
    unsign(reviews, 1)
    reviews.set_aside(ADA, "old")
    for version in "456":
        reviews.ask(promotion(subject=subject(version=version)))
    records = rows(reviews)
    rewrite(reviews, chained([records[0] | {"at": 77.0}, *records[1:]]))
    assert reviews.verify() is not None
    rewrite(reviews, records)
    assert reviews.verify() is None
