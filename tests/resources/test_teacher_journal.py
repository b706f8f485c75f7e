import asyncio

import pytest

from forgemind_assets.errors import BudgetExceeded, ForgeMindError
from resources.ledger import Ledger
from resources.teacher_journal import Journal


@pytest.fixture
def ledger(tmp_path):
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def reserving(dollars, limit):
    return lambda writer: writer.reserve("g", "0001", "api", dollars, limit)


def test_entries_of_one_turn_are_one_transaction_and_on_disk_when_they_are_told(ledger):
    async def main():
        with Journal(ledger) as journal:
            ids = await asyncio.gather(*(journal.reserve(reserving(1.0, 9.0)) for _ in range(5)))
            assert [r.id for r in ledger.open_reservations()] == ids
            await asyncio.gather(*(journal.write(lambda w, i=i: w.settle(i, 0.5)) for i in ids[:3]))
            assert ledger.spent("g", "api") == 3.5

    asyncio.run(main())


def test_what_is_settled_in_a_turn_makes_room_for_what_is_reserved_in_it(ledger):
    async def main():
        with Journal(ledger) as journal:
            first = await journal.reserve(reserving(5.0, 5.0))
            later = journal.reserve(reserving(4.0, 5.0))
            journal.write(lambda writer: writer.settle(first, 1.0))
            assert await later
            with pytest.raises(BudgetExceeded):
                await journal.reserve(reserving(0.1, 5.0))

    asyncio.run(main())
    assert ledger.spent("g", "api") == 5.0


def test_an_entry_over_the_limit_fails_alone_and_a_broken_one_takes_its_group_along(ledger):
    async def main():
        with Journal(ledger) as journal:
            good, dear = journal.reserve(reserving(1.0, 2.0)), journal.reserve(reserving(5.0, 2.0))
            assert await good
            with pytest.raises(BudgetExceeded):
                await dear
            fine = journal.reserve(reserving(0.5, 2.0))
            broken = journal.write(lambda writer: writer.settle(999, 0.0))
            outcomes = await asyncio.gather(fine, broken, return_exceptions=True)
            assert all(isinstance(outcome, ForgeMindError) for outcome in outcomes)
            assert await journal.reserve(reserving(1.0, 2.0))

    asyncio.run(main())
    assert ledger.spent("g", "api") == 2.0


def test_what_was_entered_before_the_journal_closes_is_written(ledger):
    async def main():
        with Journal(ledger) as journal:
            journal.reserve(reserving(1.0, 2.0))

    asyncio.run(main())
    assert ledger.spent("g", "api") == 1.0


def test_what_others_reserve_meanwhile_counts(ledger):
    async def main():
        other = Ledger(ledger.url)
        with Journal(ledger) as journal:
            await journal.reserve(reserving(1.0, 3.0))
            other.reserve("g", "0001", "api", 1.5, 3.0)
            with pytest.raises(BudgetExceeded):
                await journal.reserve(reserving(1.0, 3.0))
            await journal.reserve(reserving(0.5, 3.0))

    asyncio.run(main())
    assert ledger.spent("g", "api") == 3.0
