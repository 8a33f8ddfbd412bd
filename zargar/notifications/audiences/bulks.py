"""Bulks of the shop that is entered: counted before anybody confirms them, then queued a page at a time.

`prepare` writes every message as it would leave and counts its parts, so that the person who confirms knows what it
costs, and pins the versions of the template that it counted by: what is published later is not what was confirmed.
`confirm` takes the number of messages that he was shown, sets the cost aside, and refuses where the credit that
providers tell, less what other bulks reserve, does not suffice. `go_on` queues what was confirmed, a page of customers
a transaction, from where the last run stopped: a customer who withdraws consent meanwhile is not written to, and nobody
is written to twice. Sending is the turns' work.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.audit import operations as audit
from zargar.notifications import bulk_store, operations, reserve_store, reserving, texts
from zargar.notifications.audiences.batches import Batch, drafts, page_of
from zargar.notifications.audiences.telling import Counts, Shop
from zargar.notifications.channels.sms import parts as sms
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.rates import Rate
from zargar.notifications.shop.models import Audience, Bulk, BulkState
from zargar.notifications.templates import engine
from zargar.notifications.templates.sources import MissingValuesError, Source
from zargar.notifications.values import Channel, Draft
from zargar.outcomes import Summary
from zargar.refusals import InvalidError, NotFoundError, RefusedError

_OURS: Final = frozenset({"shop", "name"})
"""What is filled in for each reader."""
_NOBODY_YET: Final = 0


class NoSuchBulkError(NotFoundError):
    """The shop has no bulk of this number; `zargar notify bulk list` shows them."""


class BulkStateError(RefusedError):
    """The bulk is not in a state from which that can be done."""


class BadBulkError(InvalidError):
    """A bulk needs a kind for customers, a value for all that the kind requires, and somebody to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A bulk as somebody wants it; `good_for` is how long after now it may still leave."""

    kind: Kind
    values: Mapping[str, str]
    audience: Audience = Audience.EVERYBODY
    channels: tuple[Channel, ...] = ()
    """Empty: the ways of the shop's policy."""
    good_for: timedelta = timedelta(hours=24)


def prepare(wish: Wish, *, shop: Shop, rate: Rate, actor: str, reason: str, now: datetime) -> Bulk:
    """Count a bulk and keep it for confirmation, with the versions of its template; nothing is queued.

    Raises `BadBulkError`, `MissingValuesError` and `BadTemplateError` where its template cannot be filled.
    """
    _judge(wish)
    channels = wish.channels or shop.policy.channels
    sources = {one: texts.current(shop.id, [wish.kind], one)[wish.kind] for one in channels}
    batch = Batch(
        kind=wish.kind, values=wish.values, event_key="", expires_at=now + wish.good_for, shop=shop,
        channels=channels, templates={one: source.id for one, source in sources.items()},
    )  # fmt: skip
    counted = _counted(batch, sources, wish.audience, part=rate.part, now=now)
    if not counted.messages:
        message = f"{BadBulkError.__doc__} {counted.unreached} customers have no way that they agreed to."
        raise BadBulkError(message)
    with transaction.atomic():
        row = bulk_store.keep(
            Bulk(
                kind=wish.kind, values=dict(wish.values), audience=wish.audience, channels=[*channels],
                templates=dict(batch.templates),
                messages=counted.messages, unreached=counted.unreached, parts=counted.parts, most_parts=counted.most,
                cost=None if rate.price is None else counted.parts * rate.price, expires_at=batch.expires_at,
                prepared_by=actor, prepared_at=now,
            )
        )  # fmt: skip
        audit.record(actor=actor, action="bulk.prepare", subject=f"bulk {row.pk}", reason=reason, after=_figures(row))
    return row


def confirm(
    *, bulk_id: int, shop_id: int, messages: int, accounts: Sequence[str], actor: str, reason: str, now: datetime
) -> Bulk:
    """Have a bulk sent, and set aside what it costs: `messages` is the number that the person was shown.

    `accounts` are those that may carry its text messages. Raises `NoSuchBulkError`, `BulkStateError`, `BadBulkError`
    for another number, `reserving.NoCreditError`.
    """
    with transaction.atomic():
        row = _held(bulk_id, {BulkState.PREPARED})
        if row.expires_at <= now:
            message = f"bulk {bulk_id} was good until {row.expires_at.isoformat()}: prepare it again"
            raise BulkStateError(message)
        if messages != row.messages:
            message = f"bulk {bulk_id} was counted to {row.messages} messages, not {messages}: confirm that number"
            raise BadBulkError(message)
        if row.cost:
            reserving.reserve(
                (shop_id, bulk_id), event_key=bulk_store.event_key(row), accounts=accounts, messages=row.messages,
                cost=row.cost, now=now, expires_at=row.expires_at,
            )  # fmt: skip
        row.state, row.confirmed_by, row.confirmed_at = BulkState.CONFIRMED, actor, now
        bulk_store.keep(row)
        audit.record(actor=actor, action="bulk.confirm", subject=f"bulk {row.pk}", reason=reason, after=_figures(row))
    return row


def go_on(*, bulk_id: int, shop: Shop, now: datetime) -> Counts:
    """Queue what is left of a confirmed bulk, page by page; nothing where it is not (any more) confirmed."""
    counts, more = Counts(), True
    while more:
        page, more = _queue_page(bulk_id, shop, now)
        counts += page
    return counts


def cancel(*, bulk_id: int, shop_id: int, actor: str, reason: str, now: datetime) -> int:
    """Take a bulk back; return how many of its messages had been queued and do not leave. What has left has left.

    Raises `NoSuchBulkError`, `BulkStateError` where it is cancelled already.
    """
    with transaction.atomic():
        row = _held(bulk_id, {BulkState.PREPARED, BulkState.CONFIRMED, BulkState.DONE})
        row.state = BulkState.CANCELLED
        bulk_store.keep(row)
        reserve_store.free((shop_id, bulk_id))
        waiting = bulk_store.waiting(row)
        audit.record(actor=actor, action="bulk.cancel", subject=f"bulk {bulk_id}", reason=reason)
        return operations.cancel_entered(shop_id, waiting, actor=actor, reason=reason, now=now) if waiting else 0


def listed(*, limit: int = 50) -> Sequence[Bulk]:
    """Return the newest bulks of the shop."""
    return bulk_store.listed(limit=limit)


def _queue_page(bulk_id: int, shop: Shop, now: datetime) -> tuple[Counts, bool]:
    """Queue the bulk for the next page of its audience; say whether there is another. One transaction."""
    with transaction.atomic():
        row = bulk_store.held(bulk_id)
        if row is None or row.state != BulkState.CONFIRMED:
            return Counts(), False
        batch = Batch(
            kind=Kind(row.kind), values=row.values, event_key=bulk_store.event_key(row),
            expires_at=row.expires_at, shop=shop, channels=[Channel(one) for one in row.channels],
            templates=row.templates,
        )  # fmt: skip
        page = page_of(Audience(row.audience), shop_id=shop.id, after=row.done_after)
        messages = drafts(batch, page.people, now=now)
        done = operations.enqueue(messages, now=now)
        row.queued += done.queued
        row.done_after = page.last or row.done_after
        if page.last is None:
            row.state = BulkState.DONE
        bulk_store.keep(row)
    counts = Counts(
        found=len(page.people), unreached=len(page.people) - len(messages), told_before=done.known, queued=done.queued
    )
    return counts, page.last is not None


@dataclass(slots=True)
class _Counted:
    messages: int = 0
    unreached: int = 0
    parts: int = 0
    most: int = 0


def _counted(
    batch: Batch, sources: Mapping[Channel, Source], audience: Audience, *, part: int, now: datetime
) -> _Counted:  # fmt: skip
    """Write every message as it would leave, and count."""
    counted, after = _Counted(), _NOBODY_YET
    while True:
        page = page_of(audience, shop_id=batch.shop.id, after=after)
        messages = drafts(batch, page.people, now=now)
        preview = sms.preview(_texts(sources, messages), later=part)
        counted.messages += len(messages)
        counted.unreached += len(page.people) - len(messages)
        counted.parts += preview.parts
        counted.most = max(counted.most, preview.most)
        if page.last is None:
            return counted
        after = page.last


def _texts(sources: Mapping[Channel, Source], messages: Iterable[Draft]) -> Iterable[str]:
    """Yield what text messages say; a template that cannot be filled is found on the way, by whatever channel."""
    for one in messages:
        source = sources[one.channel]
        missing = engine.missing(source, one.values)
        if missing:
            raise MissingValuesError(source.id, missing)
        rendered = engine.render(source, one.values)
        if one.channel is Channel.SMS:
            yield rendered.text


def _judge(wish: Wish) -> None:
    spec = SPECS[wish.kind]
    given = {name for name, value in wish.values.items() if value.strip()} | _OURS
    missing, unknown = spec.required - given, set(wish.values) - spec.names
    if not spec.to_customers or missing or unknown:
        message = f"{BadBulkError.__doc__} Missing: {sorted(missing)}; nobody knows: {sorted(unknown)}"
        raise BadBulkError(message)


def _held(bulk_id: int, allowed: set[BulkState]) -> Bulk:
    row = bulk_store.held(bulk_id)
    if row is None:
        message = f"the shop has no bulk {bulk_id}"
        raise NoSuchBulkError(message)
    if row.state not in allowed:
        message = f"bulk {bulk_id} is {row.state}"
        raise BulkStateError(message)
    return row


def _figures(row: Bulk) -> Summary:
    return {"kind": row.kind, "messages": row.messages, "parts": row.parts, "cost_rial": row.cost}
