"""The schedule's rows. Inserting a slot is the only way to own it; the unique constraint decides between beats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.schedules.cadence import next_slot
from zargar.schedules.catalogue import Entry
from zargar.schedules.due import Gap, Plan
from zargar.schedules.models import EntryState, MissedRange, SlotState
from zargar.schedules.retention import Going

AT_ONCE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an entry stands: how far its slots are settled, and whether it is paused."""

    looked_until: datetime
    paused: bool


def standings(entries: Sequence[Entry], *, now: datetime) -> Mapping[str, Standing]:
    """Return where each entry stands; one seen for the first time begins now, with nothing owed."""
    EntryState.objects.bulk_create(
        [EntryState(entry=entry.name, live_since=now, looked_until=now) for entry in entries], ignore_conflicts=True
    )
    rows = EntryState.objects.filter(entry__in=[entry.name for entry in entries])
    return {row.entry: Standing(row.looked_until, row.paused_at is not None) for row in rows}


def apply(entry: Entry, plan: Plan) -> int:
    """Record a plan in one transaction; return how many slots this caller won and opened runs for."""
    if plan.looked_until is None:
        return 0
    with transaction.atomic():
        won = _insert(entry, plan.ring, SlotState.RUNG)
        ledger.open_runs([_work(entry, slot) for slot in won], ring_in=AT_ONCE)
        _insert(entry, plan.skipped, SlotState.SKIPPED)
        if plan.missed:
            _record_missed(entry, plan.missed)
        ledger.query(
            "UPDATE schedules_entrystate SET looked_until = greatest(looked_until, %s) WHERE entry = %s",
            [plan.looked_until, entry.name],
        )
    return len(won)


def newest_slots() -> list[int]:
    """Return the id of each entry's newest slot; one step into the index for each entry."""
    rows = ledger.query(
        """
        SELECT newest.id FROM schedules_entrystate AS state CROSS JOIN LATERAL (
            SELECT id FROM schedules_slot WHERE entry = state.entry ORDER BY due_at DESC LIMIT 1
        ) AS newest
        """
    )
    return [slot for (slot,) in rows]


def remove(going: Going, *, at_most: int) -> dict[str, int]:
    """Remove slots without a run and gaps, the oldest first, at most so many of each; return how many, by kind."""
    slots = ledger.query(
        """
        DELETE FROM schedules_slot WHERE id IN (
            SELECT id FROM schedules_slot WHERE due_at < %s AND run_id IS NULL AND NOT id = ANY(%s)
            ORDER BY due_at LIMIT %s
        ) RETURNING 1
        """,
        [going.slots, list(going.newest), at_most],
    )
    missed = ledger.query(
        """
        DELETE FROM schedules_missedrange WHERE id IN (
            SELECT id FROM schedules_missedrange WHERE last_due_at < %s ORDER BY last_due_at LIMIT %s
        ) RETURNING 1
        """,
        [going.missed, at_most],
    )
    return {"slots": len(slots), "missed_ranges": len(missed)}


def run_of_slot(entry: str, due_at: datetime) -> UUID:
    """Return the id of a slot's run: a function of the slot, so that it cannot have two."""
    return uuid5(NAMESPACE_URL, f"zargar:slot:{entry}@{due_at.isoformat()}")


def _work(entry: Entry, slot: datetime) -> Work:
    return Work(
        id=run_of_slot(entry.name, slot),
        task=entry.task,
        family=entry.family,
        queue=entry.queue,
        origin=f"slot {entry.name}",
        kwargs=entry.kwargs,
        stop_at=next_slot(entry.cadence, slot) if entry.stop_at_next else None,
    )


def _insert(entry: Entry, slots: Sequence[datetime], state: SlotState) -> list[datetime]:
    if not slots:
        return []
    runs = [run_of_slot(entry.name, slot) if state is SlotState.RUNG else None for slot in slots]
    won = ledger.query(
        """
        INSERT INTO schedules_slot (entry, due_at, state, run_id)
        SELECT %s, due_at, %s, run_id FROM unnest(%s::timestamptz[], %s::uuid[]) AS slot (due_at, run_id)
        ON CONFLICT (entry, due_at) DO NOTHING RETURNING due_at
        """,
        [entry.name, state, list(slots), runs],
    )
    return [due_at for (due_at,) in won]


def _record_missed(entry: Entry, gap: Gap) -> None:
    MissedRange.objects.bulk_create(
        [MissedRange(entry=entry.name, first_due_at=gap.first, last_due_at=gap.last, count=gap.count)],
        ignore_conflicts=True,
    )
