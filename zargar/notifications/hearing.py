"""What providers have to say by themselves: answers of readers, receipts of what was delivered, credit that is left.

The due index has one row that is no shop's, the ear (`rows.EAR`): who takes turns hears when it is due, every five
minutes, as one that has its turn among the shops. What people ask for comes first, since it may be an 11. Nothing that
is asked here changes anything at a provider, so that hearing twice, or in a copy of the database, harms nobody.

One hearing begins no call after `AT_MOST`, and each begins with another account than the one before: an account that
does not answer is asked the next time, and stops nobody. A receipt or an answer that comes twice changes nothing the
second time.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from zargar.notifications import account_store, granting, outbox_store, receipt_store
from zargar.notifications.ports import Provider, Unanswered
from zargar.notifications.rows import PLATFORM
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Delivery, Receipt
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

log = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=5)
"""How often everybody is asked."""
AT_MOST: Final = timedelta(seconds=20)
"""When the last call of one hearing begins: messages wait for as long."""
RECEIPTS_FOR: Final = timedelta(hours=48)
"""How long after sending receipts are asked for: no provider found tells of older ones."""
ASK_AGAIN: Final = timedelta(minutes=4)
"""The least time between two questions for one message; it doubles with each."""
SLICES: Final = 40
"""Calls for receipts of one account in one go."""

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of asking."""

    receipts: int = 0
    wishes: int = 0
    silent: int = 0
    """Questions that had no answer."""


def hear(post: Post) -> Heard:
    """Ask every account what people wrote, what became of messages, and what is left of its credit, while time is."""
    now = post.clock()
    until = now + AT_MOST
    done = dict.fromkeys(_QUESTIONS, 0)
    silent = 0
    for question in _QUESTIONS:
        for provider in in_turn([*post.providers.values()], now=now):
            if post.clock() > until:
                break
            try:
                done[question] += question(post, provider, until)
            except Unanswered as unanswered:
                log.info("%s did not answer: %s", provider.name, unanswered)
                silent += 1
    return Heard(receipts=done[_receipts], wishes=done[_wishes], silent=silent)


def in_turn(accounts: Sequence[_One], *, now: datetime) -> Iterator[_One]:
    """Yield accounts, another one first in each five minutes: who is slow must not keep the others waiting. Pure."""
    first = int(now.astimezone(UTC).timestamp() // EVERY.total_seconds()) % max(len(accounts), 1)
    yield from accounts[first:]
    yield from accounts[:first]


def receive(account: str, receipts: Sequence[Receipt], *, now: datetime) -> int:
    """Store receipts that were asked for or came by themselves; return how many changed something."""
    changed = receipt_store.receive(account, receipts, now=now)
    by_shop: dict[int, list[tuple[int, Delivery]]] = defaultdict(list)
    for shop_id, message, state in changed:
        by_shop[shop_id].append((message, state))
    for shop_id, found in by_shop.items():
        _delivered(shop_id, found)
    return len(changed)


def _receipts(post: Post, provider: Provider, until: datetime) -> int:
    changed = 0
    for _ in range(SLICES):
        now = post.clock()
        ids = receipt_store.undelivered(
            provider.name, since=now - RECEIPTS_FOR, now=now, apart=ASK_AGAIN, at_most=provider.limits.most_ids
        )
        if not ids or now > until:
            break
        found = provider.receipts(ids)
        receipt_store.asked(provider.name, ids, now=now)
        changed += receive(provider.name, found, now=now)
    return changed


def _delivered(shop_id: int, found: Sequence[tuple[int, Delivery]]) -> None:
    """Repeat in the shop's outbox what the journal has; a shop that cannot be entered goes without."""
    states = [(message, state.value) for message, state in found]
    if shop_id == PLATFORM:
        outbox_store.delivered(states, outbox_store.PLATFORMS)
        return
    try:
        with in_tenant(shop_id):
            outbox_store.delivered(states, outbox_store.SHOPS)
    except (ShopGoneError, ShopSuspendedError, ShopNotReadyError) as closed:
        log.info("receipts of shop %d stay in the journal alone: %s", shop_id, closed.reason)


def _wishes(post: Post, provider: Provider, _: datetime) -> int:
    return granting.grant(post, provider) if provider.channel is Channel.SMS else 0


def _credit(post: Post, provider: Provider, _: datetime) -> int:
    if post.price_of(provider.name):
        left = provider.credit()
        if left is not None:
            account_store.credit_is(provider.name, provider.channel, rial=left, now=post.clock())
    return 0


_QUESTIONS: Final[Sequence[Callable[[Post, Provider, datetime], int]]] = (_wishes, _receipts, _credit)
