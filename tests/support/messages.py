"""Messages for tests: drafts, a post with providers that write down what they are given, and a clock that is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

from django.db import connection, transaction

from zargar.engine.retries import wait_before_retry
from zargar.names import Family
from zargar.notifications import operations, wiring
from zargar.notifications.accounts import Account
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.operations import Enqueued
from zargar.notifications.rows import PLATFORM
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Draft, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
"""12:00 in Tehran, an ordinary Monday (2 Azar 1405): whatever may leave at all may leave now."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.at

    def passes(self, **time: float) -> None:
        """Let time pass (or, with a minus, be set back)."""
        self.at += timedelta(**time)


@dataclass
class Desk:
    """What a test sends with: `post` by `providers` at `clock`, and `alarms` that reached the operators."""

    providers: Sequence[Recorded] = field(default_factory=lambda: [Recorded()])
    clock: Clock = field(default_factory=Clock)
    alarms: list[tuple[str, str]] = field(default_factory=list)
    share: int = 200
    price: int = 0
    """Rial for one part, by every account."""
    part: int = 67
    """Units of each of several Persian parts, on every line."""
    reachable: bool = True
    """Whether a warning reaches the operators by mail."""

    @property
    def post(self) -> Post:
        """The equipment, as wiring builds it from settings."""
        return Post(
            providers={one.name: one for one in self.providers},
            accounts={
                one.name: Account(
                    name=one.name, adapter="recorded", options={"price": str(self.price), "part": str(self.part)}
                )
                for one in self.providers
            },
            key=wiring.recipients_key(),
            wait=partial(wait_before_retry, Family.NOTIFICATIONS),
            clock=self.clock,
            chance=_chance,
            tell_operators=self._told,
            share=self.share,
        )

    def _told(self, title: str, text: str, _: str) -> bool:
        """Keep what the operators are told, where anything reaches them."""
        if self.reachable:
            self.alarms.append((title, text))
        return self.reachable


_DRAWN: Final = count(1)


def _chance() -> float:
    """Return numbers that differ each time."""
    return (next(_DRAWN) * 0.6180339887498949) % 1.0


def draft(
    number: int = 1, *, event: str = "", due_at: datetime = NOON, purpose: Purpose = Purpose.TRANSACTIONAL,
    channel: Channel = Channel.SMS, expires_at: datetime | None = None, customer_id: int | None = None,
    values: Mapping[str, str] | None = None, kind: str = "welcome",
) -> Draft:  # fmt: skip
    """Return a message to one reader; `number` makes him and the event another."""
    return Draft(
        kind=kind, event_key=event or f"welcome:{number}", to=f"+98912{number:07d}", channel=channel, purpose=purpose,
        values=values or {"shop": "طلای نمونه", "name": "مریم احمدی"}, due_at=due_at, expires_at=expires_at,
        customer_id=customer_id,
    )  # fmt: skip


def queue(shop: Shop | None, *drafts: Draft, now: datetime = NOON) -> Enqueued:
    """Enqueue messages of a shop, or of the platform, in a transaction of their own."""
    if shop is None:
        with transaction.atomic():
            return operations.enqueue_platform(drafts, now=now)
    with in_tenant(shop.id), transaction.atomic():
        return operations.enqueue(drafts, now=now)


def states(shop: Shop | None) -> dict[str, int]:
    """Count the messages of an outbox by their state."""
    return dict(rows(shop, "state, count(*)", "GROUP BY state"))


def rows(shop: Shop | None, columns: str, rest: str = "ORDER BY id") -> list[tuple[Any, ...]]:
    """Read columns of an outbox."""
    table = "public.notifications_platformmessage" if shop is None else f"{shop.schema_name}.shop_messages_message"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} {rest}")  # noqa: S608 -- a test's own words
        return list(cursor.fetchall())


def journal(columns: str = "state, account", rest: str = "ORDER BY reference") -> list[tuple[Any, ...]]:
    """Read columns of the shared journal."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM public.notifications_journalentry {rest}")  # noqa: S608 -- as above
        return list(cursor.fetchall())


def due(shop: Shop | None) -> datetime | None:
    """Return when a shop has its turn next, by the shared index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT due_at FROM public.notifications_dueshop WHERE shop_id = %s",
            [PLATFORM if shop is None else shop.id],
        )
        found = cursor.fetchone()
    return None if found is None else found[0]
