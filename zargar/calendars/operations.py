"""What commands and prices ask of the calendar. `now` (aware UTC) is an argument; acts of people are audited.

Feasts and mourning are in `event_operations`, and are called by way of here.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from zargar.audit import operations as audit
from zargar.calendars import store
from zargar.calendars.closures import Closure, Kind
from zargar.calendars.event_operations import (
    DecreeError,
    DecreeLiftedError,
    NoSuchDecreeError,
    decree,
    decrees,
    events,
    forget_override,
    lift,
    mourning_days,
    occurrences,
    override_event,
    overrides,
)
from zargar.calendars.jalali import first_and_last
from zargar.calendars.models import ClosedDay, Source
from zargar.calendars.proposals import closures_of
from zargar.calendars.sessions import DAYS_BEFORE, Session, session_at
from zargar.clock import TEHRAN
from zargar.refusals import InvalidError, RefusedError

__all__ = [
    "ClosedDayError", "DecreeError", "DecreeLiftedError", "NoSuchDecreeError", "close_day", "closed_days", "decree",
    "decrees", "events", "forget_override", "lift", "listed", "mourning_days", "occurrences", "open_day",
    "override_event", "overrides", "seed", "session",
]  # fmt: skip


class ClosedDayError(RefusedError):
    """The day is closed already, or was not closed; nothing has changed."""


def session(*, now: datetime) -> Session:
    """Return the session of Tehran's market at `now`, holidays known. One statement."""
    today = now.astimezone(TEHRAN).date()
    return session_at(now, closed=store.closed_between(today - timedelta(days=DAYS_BEFORE), today))


def closed_days(*, since: date, until: date) -> frozenset[date]:
    """Return the holidays of [since, until], by which the hours of the market are judged. One statement."""
    return store.closed_between(since, until)


def listed(*, year: int) -> Sequence[ClosedDay]:
    """Return the closed days of a Jalali year, those opened again among them. Raises `NotJalaliError`."""
    return store.rows_between(*first_and_last(year))


def seed(*, year: int, actor: str, reason: str, now: datetime) -> int:
    """Propose the closed days of a Jalali year; return how many are new. What an operator said before stays.

    Raises `NotJalaliError` and `UnknownYearError`.
    """
    proposed = closures_of(year)
    with transaction.atomic():
        added = store.add(proposed, source=Source.HOLIDAYS, by=actor, now=now)
        audit.record(actor=actor, action="calendar.seed", subject=str(year), reason=reason, after={"added": added})
    return added


def close_day(*, closure: Closure, actor: str, reason: str, now: datetime) -> ClosedDay:
    """Say that a day is closed; of one that was only estimated, that it is so.

    Raises `ClosedDayError` when that is known already, `InvalidError` for a blank name or reason.
    """
    if not closure.name.strip():
        message = "a closed day has a name: say which"
        raise InvalidError(message)
    with transaction.atomic():
        known = store.held(closure.day, closure.kind)
        before = _state(known)
        row = known[0] if known else ClosedDay(day=closure.day, kind=closure.kind)
        if known and row.opened_at is None and not row.estimated:
            message = f"{closure.day} is closed already ({row.kind}: {row.name})"
            raise ClosedDayError(message)
        row.name, row.estimated, row.source = closure.name, closure.estimated, Source.OPERATOR
        row.added_by, row.added_at, row.opened_at, row.opened_by = actor, now, None, ""
        store.keep(row)
        _record("calendar.close", closure.day, actor=actor, reason=reason, before=before, after=_state([row]))
    return row


def open_day(*, day: date, kind: Kind | None, actor: str, reason: str, now: datetime) -> Sequence[ClosedDay]:
    """Say that a day is not closed after all, of one kind or of both; no seed closes it again.

    Raises `ClosedDayError` when it is not closed.
    """
    with transaction.atomic():
        rows = [row for row in store.held(day, kind) if row.opened_at is None]
        if not rows:
            message = f"{day} is not closed"
            raise ClosedDayError(message)
        before = _state(rows)
        for row in rows:
            row.opened_at, row.opened_by = now, actor
            store.keep(row)
        _record("calendar.open", day, actor=actor, reason=reason, before=before, after=_state(rows))
    return rows


def _record(action: str, day: date, *, actor: str, reason: str, before: dict[str, str], after: dict[str, str]) -> None:
    audit.record(actor=actor, action=action, subject=day.isoformat(), reason=reason, before={**before}, after={**after})


def _state(rows: Sequence[ClosedDay]) -> dict[str, str]:
    return {row.kind: "open" if row.opened_at else "estimated" if row.estimated else "closed" for row in rows}
