"""What providers have to say by themselves: receipts of what was delivered, answers of readers, credit that is left.

Each account is asked in bounded slices; one that does not answer is asked the next time, and stops nobody. A receipt
or an answer that comes twice changes nothing the second time.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import account_store, journal_store, outbox_store, recipients
from zargar.notifications.channels.sms.wishes import Wish, wish
from zargar.notifications.ports import Provider, Unanswered
from zargar.notifications.rows import PLATFORM
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Delivery, Inbound, Purpose, Receipt
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

log = logging.getLogger(__name__)

RECEIPTS_FOR: Final = timedelta(hours=48)
"""How long after sending receipts are asked for: no provider found tells of older ones."""
ASK_AGAIN: Final = timedelta(minutes=20)
SLICES: Final = 40
"""Calls for receipts of one account in one go."""
ANSWERS_FOR: Final = timedelta(days=90)
"""How long after a shop's last message an 11 or 12 to a line that several shops use is taken to be for it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of asking."""

    receipts: int = 0
    wishes: int = 0
    silent: int = 0
    """Questions that had no answer."""


def hear(post: Post) -> Heard:
    """Ask every account for receipts, answers and credit."""
    receipts = wishes = silent = 0
    for provider in post.providers.values():
        for question in (_receipts, _wishes, _credit):
            try:
                done = question(post, provider)
            except Unanswered as unanswered:
                log.info("%s did not answer: %s", provider.name, unanswered)
                silent += 1
                continue
            receipts += done if question is _receipts else 0
            wishes += done if question is _wishes else 0
    return Heard(receipts, wishes, silent)


def receive(account: str, receipts: Sequence[Receipt], post: Post) -> int:
    """Store receipts that were asked for or came by themselves; return how many changed something."""
    changed = journal_store.receive(account, receipts, now=post.clock())
    by_shop: dict[int, list[tuple[int, Delivery]]] = defaultdict(list)
    for shop_id, message, state in changed:
        by_shop[shop_id].append((message, state))
    for shop_id, found in by_shop.items():
        _delivered(shop_id, found)
    return len(changed)


def _receipts(post: Post, provider: Provider) -> int:
    changed = 0
    now = post.clock()
    for _ in range(SLICES):
        ids = journal_store.undelivered(
            provider.name, since=now - RECEIPTS_FOR, asked_before=now - ASK_AGAIN, at_most=provider.limits.most_ids
        )
        if not ids:
            break
        journal_store.asked(provider.name, ids, now=now)
        changed += receive(provider.name, provider.receipts(ids), post)
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


def _wishes(post: Post, provider: Provider) -> int:
    return sum(_granted(post, provider, one) for one in provider.inbound()) if provider.channel is Channel.SMS else 0


def _granted(post: Post, provider: Provider, said: Inbound) -> bool:
    """Grant an 11 or a 12: in the shared schema, where it outlives any restore, and at the shop's own consents."""
    wanted = wish(said.text)
    if wanted is None:
        return False
    now = post.clock()
    digest = recipients.digest(post.key, said.sender)
    shop_id = journal_store.last_shop_of(digest, Channel.SMS, account=provider.name, since=now - ANSWERS_FOR)
    if shop_id is None:
        return False
    out = wanted is Wish.OPT_OUT
    if out:
        fresh = journal_store.opt_out(
            shop_id, digest, Channel.SMS, Purpose.PROMOTION, source="لغو۱۱", now=said.at or now
        )
    else:
        fresh = journal_store.opt_in(shop_id, digest, Channel.SMS, Purpose.PROMOTION)
    if fresh and shop_id != PLATFORM:
        _consent(shop_id, said, out=out, post=post)
    return fresh


def _consent(shop_id: int, said: Inbound, *, out: bool, post: Post) -> None:
    now = post.clock()
    way = {"mobile": said.sender, "channel": Way.SMS, "purpose": Reason.PROMOTION}
    try:
        with in_tenant(shop_id), transaction.atomic():
            if out:
                customers.withdraw_by_mobile(**way, now=now)  # type: ignore[arg-type]  # one mapping for both
            else:
                customers.give_by_mobile(**way, source="۱۲", now=now)  # type: ignore[arg-type]  # as above
    except (ShopGoneError, ShopSuspendedError, ShopNotReadyError) as closed:
        log.info("a wish at shop %d stays in the shared list alone: %s", shop_id, closed.reason)


def _credit(post: Post, provider: Provider) -> int:
    if post.price_of(provider.name):
        left = provider.credit()
        if left is not None:
            account_store.credit_is(provider.name, provider.channel, rial=left, now=post.clock())
    return 0
