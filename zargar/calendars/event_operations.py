"""What messages and commands ask of feasts and days of mourning. Acts of people are audited; days are of Tehran."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.audit import operations as audit
from zargar.calendars import event_store as store
from zargar.calendars import events as rules
from zargar.calendars.events import SPECS, Event, Occurrence, Override
from zargar.calendars.models import EventDay, Mourning
from zargar.refusals import InvalidError, NotFoundError, RefusedError

LONGEST_DECREE: Final = timedelta(days=100)
"""The longest state mourning was 40 days; beyond this it is a slip of the finger that would silence every shop."""


class NoSuchDecreeError(NotFoundError):
    """There is no such decree of mourning, or no day that an operator named for this event. `zargar calendar` lists."""


class DecreeError(InvalidError):
    """A mourning lasts from 1 to 100 days and has a name."""


class DecreeLiftedError(RefusedError):
    """The decree was lifted already."""


def events(*, since: date, until: date) -> tuple[Occurrence, ...]:
    """Return all events of [since, until] by day, operators' days in place of the rules'. One statement."""
    return rules.all_between(since=since, until=until, overrides=overrides(since=since, until=until))


def occurrences(event: Event, *, since: date, until: date) -> tuple[Occurrence, ...]:
    """Return when one event is in [since, until]. One statement."""
    return rules.occur(event, since=since, until=until, overrides=overrides(since=since, until=until))


def overrides(*, since: date, until: date) -> tuple[Override, ...]:
    """Return what operators say of events around [since, until], for who applies rules by himself. One statement."""
    told, _ = store.told(since, until)
    return told


def mourning_days(*, since: date, until: date, by_choice: bool = False) -> frozenset[date]:
    """Return the days of [since, until] on which promotion is held: by rule, by an operator's day, by decree.

    `by_choice`: also 1 to 12 Muharram, for a shop that rests then. One statement.
    """
    told, decreed = store.told(since, until)
    by_rule = rules.mourning_between(since=since, until=until, overrides=told, by_choice=by_choice)
    by_decree = {
        first + timedelta(days=day)
        for first, last in decreed
        for day in range((last - first).days + 1)
        if since <= first + timedelta(days=day) <= until
    }
    return by_rule | by_decree


def override_event(*, event: Event, day: date, actor: str, reason: str, now: datetime) -> EventDay:
    """Say on which day an event begins; of which year follows from the day (`events.year_for`).

    Raises `UnplacedEventError`, and `InvalidError` for a blank reason.
    """
    year = rules.year_for(event, day)
    with transaction.atomic():
        row = store.held_event_day(event, year) or EventDay(event=event, year=year)
        before = {"day": row.day.isoformat()} if row.pk else {}
        row.day, row.set_by, row.set_at = day, actor, now
        store.keep_event_day(row)
        audit.record(
            actor=actor, action="calendar.event", subject=f"{event} {year}", reason=reason,
            before={**before}, after={"day": day.isoformat()},
        )  # fmt: skip
    return row


def forget_override(*, event: Event, year: int, actor: str, reason: str) -> date:
    """Let the rule hold again for an event of a year; return the day that was named. Raises `NoSuchDecreeError`."""
    with transaction.atomic():
        row = store.held_event_day(event, year)
        if row is None:
            message = f"nobody has named the day of {event} {year}"
            raise NoSuchDecreeError(message)
        day = row.day
        store.forget_event_day(row)
        audit.record(
            actor=actor, action="calendar.event", subject=f"{event} {year}", reason=reason,
            before={"day": day.isoformat()}, after={},
        )  # fmt: skip
    return day


def decree(*, since: date, until: date, name: str, actor: str, reason: str, now: datetime) -> Mourning:
    """Decree mourning from `since` to `until`, both included, for all shops: promotion waits, nothing else does.

    Raises `DecreeError`, `InvalidError` for a blank reason.
    """
    if not name.strip() or not timedelta() <= until - since < LONGEST_DECREE:
        raise DecreeError(DecreeError.__doc__)
    with transaction.atomic():
        row = Mourning(since=since, until=until, name=name.strip(), decreed_by=actor, decreed_at=now)
        store.keep_mourning(row)
        after = {"since": since.isoformat(), "until": until.isoformat(), "name": row.name}
        audit.record(actor=actor, action="calendar.mourn", subject=str(row.pk), reason=reason, after={**after})
    return row


def lift(*, decree_id: int, actor: str, reason: str, now: datetime) -> Mourning:
    """Lift a decree: from now on its days hold nothing. Raises `NoSuchDecreeError`, `DecreeLiftedError`.

    What waits for them is judged again at the next midnight, or as soon as messaging is told (`notifications.waking`).
    """
    with transaction.atomic():
        row = store.held_mourning(decree_id)
        if row is None:
            message = f"there is no decree {decree_id}"
            raise NoSuchDecreeError(message)
        if row.lifted_at is not None:
            raise DecreeLiftedError(DecreeLiftedError.__doc__)
        row.lifted_at, row.lifted_by = now, actor
        store.keep_mourning(row)
        audit.record(actor=actor, action="calendar.lift", subject=str(decree_id), reason=reason)
    return row


def decrees(*, since: date, until: date) -> Sequence[Mourning]:
    """Return the decrees that reach into [since, until], those that were lifted among them."""
    return store.decrees_between(since, until)


def title_of(event: Event) -> str:
    """Return what people call an event."""
    return SPECS[event].title
