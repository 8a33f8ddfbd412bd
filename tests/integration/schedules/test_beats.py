"""Slots in the database: one run each, whoever fills them, whatever dies between the row and the bell."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from tests.support.databases import ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.ledger import store as ledger
from zargar.ledger.models import Run, State
from zargar.names import Family, Queue
from zargar.refusals import InvalidError
from zargar.schedules import operations
from zargar.schedules.cadence import Cron
from zargar.schedules.catalogue import Entry, Policy
from zargar.schedules.models import EntryState, MissedRange, Slot, SlotState

TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PRICES = Entry(
    name="update-gold-prices", task="tests.noop", cadence=Cron("*/5 * * * *"), family=Family.PRICES,
    queue=Queue.REALTIME, policy=Policy.ONCE, stop_at_next=True,
)  # fmt: skip


RUN = UUID(int=1405)


def at(minute: int) -> datetime:
    return TEN + timedelta(minutes=minute)


@pytest.fixture
def seen(database: ScratchDatabase) -> ScratchDatabase:
    """The entry has been live since ten."""
    operations.fill([PRICES], now=TEN)
    return database


def test_an_entry_seen_for_the_first_time_owes_nothing(database: ScratchDatabase) -> None:
    assert operations.fill([PRICES], now=TEN) == 0
    assert Slot.objects.count() == 0


def test_a_slot_becomes_a_run_that_is_rung_and_may_be_retried_until_the_next_slot(seen: ScratchDatabase) -> None:
    assert operations.fill([PRICES], now=at(5)) == 1

    [run] = Run.objects.all()
    assert (run.state, run.task, run.origin, run.stop_at) == (
        State.DUE, "tests.noop", "slot update-gold-prices", at(10),
    )  # fmt: skip
    [ring] = ledger.sweep(ring_grace=timedelta(minutes=1))
    assert ring.run == run.id


def test_ten_beats_at_the_same_instant_open_one_run(seen: ScratchDatabase) -> None:
    def tick(_: int) -> int:
        try:
            return operations.fill([PRICES], now=at(5))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as beats:
        opened = list(beats.map(tick, range(10)))

    assert sum(opened) == 1
    assert (Slot.objects.count(), Run.objects.count()) == (1, 1)


def test_a_beat_that_is_behind_the_others_opens_nothing_twice(seen: ScratchDatabase) -> None:
    operations.fill([PRICES], now=at(5))
    EntryState.objects.update(looked_until=TEN)

    assert operations.fill([PRICES], now=at(5)) == 0
    assert Run.objects.count() == 1


def test_after_an_hour_without_a_beat_one_price_is_caught_up_and_eleven_are_missed(seen: ScratchDatabase) -> None:
    operations.fill([PRICES], now=at(64))

    [gap] = MissedRange.objects.all()
    assert (gap.first_due_at, gap.last_due_at, gap.count) == (at(5), at(55), 11)
    assert [slot.due_at for slot in Slot.objects.all()] == [at(60)]


def test_a_paused_entry_is_not_rung_and_its_slots_are_kept_as_skipped(seen: ScratchDatabase) -> None:
    operations.pause([PRICES], PRICES.name, actor="sara", reason="boards under repair", now=at(1))
    operations.fill([PRICES], now=at(5))
    operations.resume([PRICES], PRICES.name, actor="sara", reason="repaired")
    operations.fill([PRICES], now=at(10))

    assert [(slot.due_at, slot.state) for slot in Slot.objects.order_by("due_at")] == [
        (at(5), SlotState.SKIPPED), (at(10), SlotState.RUNG),
    ]  # fmt: skip
    assert [(a.actor, a.action, a.reason) for a in AuditRecord.objects.order_by("id")] == [
        ("sara", "schedule.pause", "boards under repair"), ("sara", "schedule.resume", "repaired"),
    ]  # fmt: skip


def test_what_makes_no_sense_is_refused_and_leaves_no_trace(seen: ScratchDatabase) -> None:
    with pytest.raises(operations.NoSuchEntryError, match="update-gold-prices"):
        operations.pause([PRICES], "update-gold-price", actor="sara", reason="typo", now=at(1))
    with pytest.raises(operations.PauseError, match="is not paused"):
        operations.resume([PRICES], PRICES.name, actor="sara", reason="again")
    with pytest.raises(InvalidError, match="needs a reason"):
        operations.run_now([PRICES], PRICES.name, run=RUN, actor="sara", reason=" ")
    assert (Run.objects.count(), AuditRecord.objects.count()) == (0, 0)


def test_run_now_is_a_run_beside_the_schedule_with_a_name_and_a_reason(seen: ScratchDatabase) -> None:
    operations.run_now([PRICES], PRICES.name, run=RUN, actor="sara", reason="after the outage")

    assert Run.objects.get(id=RUN).origin == "person sara"
    assert AuditRecord.objects.get().after == {"run": str(RUN)}
    assert Slot.objects.count() == 0
