"""What beats, people and the console do with the schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zargar.audit import operations as audit
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.refusals import NotFoundError, RefusedError
from zargar.schedules import store
from zargar.schedules.cadence import next_slot
from zargar.schedules.catalogue import Entry
from zargar.schedules.due import plan
from zargar.schedules.models import EntryState, MissedRange, Slot
from zargar.schedules.retention import Keep, may_go


class NoSuchEntryError(NotFoundError):
    """The schedule has no live entry of that name. `zargar schedule list` shows them."""


class PauseError(RefusedError):
    """It is paused already, or was not paused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What people are shown of one entry. Times are aware, UTC."""

    entry: Entry
    live: bool
    next_due: datetime | None
    last_slot: datetime | None
    last_state: str | None
    paused_at: datetime | None
    paused_by: str
    paused_because: str


def fill(entries: Sequence[Entry], *, now: datetime) -> int:
    """Settle the slots that have come due: one tick of a beat. Returns how many runs this beat opened.

    Any number of beats may call it at the same time; each slot gets one run. Each entry is settled in a transaction of
    its own, so that a crash between two leaves nothing half done.
    """
    standings = store.standings(entries, now=now)
    opened = 0
    for entry in entries:
        standing = standings[entry.name]
        opened += store.apply(entry, plan(entry, looked_until=standing.looked_until, now=now, paused=standing.paused))
    return opened


def run_now(entries: Sequence[Entry], name: str, *, run: UUID, actor: str, reason: str) -> None:
    """Open the run `run` (a new id) of a live entry outside its schedule, paused or not; the sweeper rings. Audited."""
    entry = named(entries, name)
    work = Work(
        id=run,
        task=entry.task,
        family=entry.family,
        queue=entry.queue,
        origin=f"person {actor}",
        kwargs=entry.kwargs,
    )
    with transaction.atomic():
        ledger.open_runs([work], ring_in=store.AT_ONCE)
        audit.record(actor=actor, action="schedule.run", subject=name, reason=reason, after={"run": str(run)})


def pause(entries: Sequence[Entry], name: str, *, actor: str, reason: str, now: datetime) -> None:
    """Stop ringing an entry until it is resumed; its slots are recorded as skipped meanwhile. Audited."""
    entry = named(entries, name)
    store.standings([entry], now=now)
    with transaction.atomic():
        changed = EntryState.objects.filter(entry=name, paused_at=None).update(
            paused_at=now, paused_by=actor, paused_because=reason
        )
        if not changed:
            message = f"{name} is paused already"
            raise PauseError(message)
        audit.record(
            actor=actor, action="schedule.pause", subject=name, reason=reason,
            before={"paused": False}, after={"paused": True},
        )  # fmt: skip


def resume(entries: Sequence[Entry], name: str, *, actor: str, reason: str) -> None:
    """Ring a paused entry again from its next slot on. Audited."""
    named(entries, name)
    with transaction.atomic():
        changed = EntryState.objects.filter(entry=name, paused_at__isnull=False).update(
            paused_at=None, paused_by="", paused_because=""
        )
        if not changed:
            message = f"{name} is not paused"
            raise PauseError(message)
        audit.record(
            actor=actor, action="schedule.resume", subject=name, reason=reason,
            before={"paused": True}, after={"paused": False},
        )  # fmt: skip


def resume_all(entries: Sequence[Entry], *, paused_by: str, actor: str, reason: str) -> Sequence[str]:
    """Resume the entries that somebody has paused, and no others; return their names. One audit record each."""
    theirs = set(
        EntryState.objects.filter(paused_at__isnull=False, paused_by=paused_by).values_list("entry", flat=True)
    )
    names = [entry.name for entry in entries if entry.name in theirs]
    for name in names:
        resume(entries, name, actor=actor, reason=reason)
    return names


def overview(entries: Sequence[Entry], *, live: Sequence[Entry], now: datetime) -> list[Line]:
    """Describe every entry of the catalogue, live or not yet."""
    states = {row.entry: row for row in EntryState.objects.all()}
    newest = {
        slot.entry: slot for slot in Slot.objects.order_by("entry", "-due_at").distinct("entry").select_related("run")
    }
    return [
        _line(entry, live=entry in live, state=states.get(entry.name), slot=newest.get(entry.name), now=now)
        for entry in entries
    ]


def missed(*, limit: int = 100) -> Sequence[MissedRange]:
    """Return the newest recorded gaps, newest first."""
    return list(MissedRange.objects.order_by("-last_due_at")[:limit])


def retain(*, keep: Keep, now: datetime, at_most: int) -> dict[str, int]:
    """Remove at most so many slots and so many missed ranges that have outlived their period; return how many, by kind.

    Never a slot whose run is still there, and never the newest of an entry. Call it again until nothing goes.
    """
    return store.remove(may_go(keep, newest=store.newest_slots(), now=now), at_most=at_most)


def named(entries: Sequence[Entry], name: str) -> Entry:
    """Return the live entry of that name. Raises `NoSuchEntryError`."""
    for entry in entries:
        if entry.name == name:
            return entry
    message = f"no live entry is called {name!r}; live are: {', '.join(sorted(entry.name for entry in entries))}"
    raise NoSuchEntryError(message)


def _line(entry: Entry, *, live: bool, state: EntryState | None, slot: Slot | None, now: datetime) -> Line:
    return Line(
        entry=entry,
        live=live,
        next_due=next_slot(entry.cadence, now) if live else None,
        last_slot=slot.due_at if slot else None,
        last_state=(slot.run.state if slot.run else slot.state) if slot else None,
        paused_at=state.paused_at if state else None,
        paused_by=state.paused_by if state else "",
        paused_because=state.paused_because if state else "",
    )
