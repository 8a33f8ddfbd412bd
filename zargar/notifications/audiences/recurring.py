"""Sending the recurring messages of the shop that is entered: what is owed, to whom, in batches.

A message that is owed is first marked as being sent (`doing`), then its audience is walked, a page of customers a
transaction, and each page moves the mark on. A run that is cut short leaves the mark, and the next one goes on there;
of dates that were missed meanwhile only the newest is sent, and none that is older than the message is good for. Its
event is the message and the date, so that the outbox and the journal know each reader who had it.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.calendars import operations as calendars
from zargar.clock import TEHRAN
from zargar.notifications import operations, recurring_store
from zargar.notifications.audiences.batches import Batch, drafts, page_of
from zargar.notifications.audiences.telling import Counts, Shop
from zargar.notifications.kinds import Kind
from zargar.notifications.recurrence import owed, read
from zargar.notifications.shop.models import Audience, Recurring

_FIRST: Final = 0


def run_all(shop: Shop, *, now: datetime) -> Counts:
    """Send what every recurring message of the shop owes at `now`."""
    counts = Counts()
    for recurring_id in recurring_store.running():
        _look(recurring_id, now)
        more = True
        while more:
            page, more = _send_page(recurring_id, shop, now)
            counts += page
    return counts


def _look(recurring_id: int, now: datetime) -> None:
    """Mark the date that is owed; drop one that was being sent and is no longer good. One transaction."""
    with transaction.atomic():
        row = recurring_store.held(recurring_id)
        if row is None:
            return
        good_for = timedelta(hours=row.good_for_hours)
        if row.doing is not None and row.doing + good_for <= now:
            row.doing, row.done_after = None, _FIRST
        if now > row.seen_until:
            overrides = calendars.overrides(since=row.seen_until.date(), until=now.date())
            found = owed(
                read(row.rule), row.at, seen_until=row.seen_until, good_for=good_for, now=now, overrides=overrides
            )
            if found.run is not None:
                row.doing, row.done_after = found.run, _FIRST
            row.seen_until = now
        recurring_store.keep(row)


def _send_page(recurring_id: int, shop: Shop, now: datetime) -> tuple[Counts, bool]:
    """Queue the message for the next page of its audience; say whether there is another. One transaction."""
    with transaction.atomic():
        row = recurring_store.held(recurring_id)
        if row is None or row.doing is None:
            return Counts(), False
        page = page_of(Audience(row.audience), shop_id=shop.id, after=row.done_after)
        messages = drafts(_batch(row, row.doing, shop), page.people, now=now)
        done = operations.enqueue(messages, now=now)
        row.doing, row.done_after = (row.doing, page.last) if page.last is not None else (None, _FIRST)
        recurring_store.keep(row)
    counts = Counts(
        found=len(page.people), unreached=len(page.people) - len(messages), told_before=done.known, queued=done.queued
    )
    return counts, page.last is not None


def _batch(row: Recurring, moment: datetime, shop: Shop) -> Batch:
    day = moment.astimezone(TEHRAN).date()
    return Batch(
        kind=Kind(row.kind),
        values=row.values,
        event_key=_event_key(row, day),
        expires_at=moment + timedelta(hours=row.good_for_hours),
        shop=shop,
        channels=shop.policy.channels,
    )


def _event_key(row: Recurring, day: date) -> str:
    """Name one date of a recurring message: by when it was added too, since a restore can give its number out anew."""
    return f"recurring:{row.pk}:{row.created_at.astimezone(UTC):%Y%m%dT%H%M%S%f}:{day.isoformat()}"
