"""What is done with the recurring messages of the shop that is entered. Acts of people are audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from zargar.audit import operations as audit
from zargar.calendars import operations as calendars
from zargar.notifications import recurring_store as store
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.recurrence import PREVIEWED, preview, read
from zargar.notifications.shop.models import Audience, Recurring
from zargar.refusals import InvalidError, NotFoundError, RefusedError

_OURS: Final = frozenset({"shop", "name"})
"""What is filled in for each reader."""
_AHEAD: Final = timedelta(days=366 * 50)


class NoSuchRecurringError(NotFoundError):
    """The shop has no recurring message of this name."""


class RecurringError(InvalidError):
    """A recurring message needs a name of its own, a kind for customers, and a value for all that its kind requires."""


class RecurringStateError(RefusedError):
    """The message is paused already, or runs already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A recurring message as somebody wants it; `rule` as `recurrence` reads it, `at` an hour of Tehran."""

    name: str
    rule: str
    at: time
    kind: Kind
    values: Mapping[str, str]
    audience: Audience = Audience.EVERYBODY
    good_for_hours: int = 24


def add(wish: Wish, *, actor: str, reason: str, now: datetime) -> Recurring:
    """Keep a new recurring message; its first date lies after `now`.

    Raises `RecurrenceError` for a rule that is none, `RecurringError`, `InvalidError` for a blank reason.
    """
    rule = read(wish.rule)
    _judge(wish)
    row = Recurring(
        name=wish.name.strip(), rule=str(rule), at=wish.at, kind=wish.kind, values=dict(wish.values),
        audience=wish.audience, good_for_hours=wish.good_for_hours, seen_until=now, created_by=actor, created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            store.keep(row)
            after = {"rule": row.rule, "at": f"{row.at:%H:%M}", "kind": row.kind, "audience": row.audience}
            audit.record(actor=actor, action="recurring.add", subject=row.name, reason=reason, after={**after})
    except IntegrityError as taken:
        message = f"{wish.name!r} cannot be kept: {RecurringError.__doc__}"
        raise RecurringError(message) from taken
    return row


def listed() -> Sequence[Recurring]:
    """Return the shop's recurring messages, by name."""
    return store.all_rows()


def set_paused(*, name: str, paused: bool, actor: str, reason: str, now: datetime) -> Recurring:
    """Pause a message, or let it run again: what fell due meanwhile is not made up.

    Raises `NoSuchRecurringError`, `RecurringStateError`.
    """
    with transaction.atomic():
        row = _held(name)
        if row.paused == paused:
            raise RecurringStateError(RecurringStateError.__doc__)
        row.paused = paused
        if not paused:
            row.seen_until, row.doing, row.done_after = max(row.seen_until, now), None, 0
        store.keep(row)
        action = "recurring.pause" if paused else "recurring.resume"
        audit.record(actor=actor, action=action, subject=name, reason=reason)
    return row


def remove(*, name: str, actor: str, reason: str) -> None:
    """Remove a message; what it queued is sent all the same. Raises `NoSuchRecurringError`."""
    with transaction.atomic():
        store.remove(_held(name))
        audit.record(actor=actor, action="recurring.remove", subject=name, reason=reason)


def next_dates(*, rule: str, at: time, now: datetime, count: int = PREVIEWED) -> tuple[datetime, ...]:
    """Return the next moments (UTC) of a rule, operators' days known; see `recurrence.preview`.

    Raises `RecurrenceError`. It reads the calendar alone, and may be called outside of a shop.
    """
    overrides = calendars.overrides(since=now.date(), until=(now + _AHEAD).date())
    return preview(read(rule), at, now=now, overrides=overrides, count=count)


def _judge(wish: Wish) -> None:
    spec = SPECS[wish.kind]
    given = {name for name, value in wish.values.items() if value.strip()} | _OURS
    missing, unknown = spec.required - given, set(wish.values) - spec.names
    if not wish.name.strip() or not spec.to_customers or missing or unknown:
        message = f"{RecurringError.__doc__} Missing: {sorted(missing)}; nobody knows: {sorted(unknown)}"
        raise RecurringError(message)


def _held(name: str) -> Recurring:
    row = store.named(name)
    if row is None:
        message = f"the shop has no recurring message {name!r}"
        raise NoSuchRecurringError(message)
    return row
