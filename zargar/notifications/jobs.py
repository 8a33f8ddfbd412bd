"""What the tasks of messaging call: turns on the deployment's own parts, upkeep, figures. `wait`: the retry policy."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from zargar.notifications import (
    account_store,
    bulk_desk,
    due_store,
    hearing,
    journal_store,
    outbox_store,
    turns,
    wiring,
)
from zargar.notifications.audiences import operations as audiences
from zargar.notifications.concluding import Tally
from zargar.notifications.sendable import Post, Wait
from zargar.outcomes import Permanent, Summary
from zargar.shops import operations as shops
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

BUDGET: Final = timedelta(seconds=50)
"""How long a minute's run goes on: the next one comes after a minute."""
BULK_BUDGET: Final = timedelta(minutes=10)
BATCH: Final = 5_000
"""Rows removed in one statement."""
COUNTED: Final = 50
"""Hours that are counted anew: receipts come for two days."""


def process_due(*, wait: Wait, budget: timedelta = BUDGET) -> Summary:
    """Give every shop that is due its turns, until none is or the time is up. One statement when nothing is due."""
    post = wiring.post(wait=wait)
    return summary(told(post, turns.deliver_due(post, budget=budget)))


def send_one(*, shop_id: object, message_id: object, wait: Wait) -> Summary:
    """Send one message of a shop now, if it waits. Raises `Permanent` for ids that are none, and as `in_tenant`."""
    post = wiring.post(wait=wait)
    shop, message = _id(shop_id, "shop_id"), _id(message_id, "message_id")
    return summary(told(post, turns.deliver_these(post, shop_id=shop, ids=[message])))


def send_bulk(*, shop_id: object, bulk_id: object, wait: Wait, now: datetime) -> Summary:
    """Queue what is left of a bulk, if one is named; then lend a hand to the queue until nothing is due.

    It is the same queue as the minute's, in which every shop has its turn: a bulk delays nobody by more than a share.
    """
    queued: Summary = {}
    if bulk_id is not None:
        queued = bulk_desk.go_on(shop_id=_id(shop_id, "shop_id"), bulk_id=_id(bulk_id, "bulk_id"), now=now)
    return {**queued, **process_due(wait=wait, budget=BULK_BUDGET)}


def told(post: Post, tally: Tally) -> Tally:
    """Tell the operators of accounts that were stopped, if one was."""
    if tally.stopped:
        tell_stopped(post)
    return tally


def tell_stopped(post: Post) -> int:
    """Tell the operators of every stopped account of which they have not been told; return how many."""
    found = account_store.untold()
    for one in found:
        key = f"account {one.name} stopped {one.stopped_at}"
        post.tell_operators(f"حساب {one.name} متوقف شد", f"{one.name} ({one.channel}): {one.stopped_why}", key)
        account_store.told(one.name, now=post.clock())
    return len(found)


def clean_up(*, now: datetime) -> Summary:
    """Remove messages that have ended, and attempts, that have outlived their period; a closed shop's stay."""
    before = now - wiring.keep_messages()
    messages = _until_none(lambda: outbox_store.remove(outbox_store.PLATFORMS, before=before, at_most=BATCH))
    skipped = 0
    for shop in shops.listed():
        try:
            with in_tenant(shop.id):
                messages += _until_none(lambda: outbox_store.remove(outbox_store.SHOPS, before=before, at_most=BATCH))
        except (ShopGoneError, ShopSuspendedError, ShopNotReadyError):
            skipped += 1
    journal_before = now - wiring.keep_journal()
    attempts = _until_none(lambda: journal_store.remove(before=journal_before, at_most=BATCH))
    events = _until_none(lambda: audiences.forget_told(before=journal_before, at_most=BATCH))
    return {"messages": messages, "attempts": attempts, "events": events, "shops_skipped": skipped}


def update_statistics(*, wait: Wait) -> Summary:
    """Ask providers for receipts, answers and credit; count the last hours anew; say the last day's figures."""
    post = wiring.post(wait=wait)
    heard = hearing.hear(post)
    tell_stopped(post)
    return {"receipts": heard.receipts, "wishes": heard.wishes, "silent": heard.silent, **figures(now=post.clock())}


def figures(*, now: datetime) -> Summary:
    """Count the last hours anew, and return the last day's figures by channel and account."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for back in range(COUNTED):
        journal_store.count_hour(hour - timedelta(hours=back))
    return {
        "day": [
            {
                "channel": channel, "account": account, "sent": sent, "delivered": delivered, "failed": failed,
                "ambiguous": ambiguous, "cost_rial": cost, "latency_ms": latency,
            }
            for channel, account, sent, delivered, failed, ambiguous, cost, latency in journal_store.totals(
                since=hour - timedelta(hours=24)
            )
        ],
        "shops_due": due_store.waiting(now=now),
    }  # fmt: skip


def summary(tally: Tally) -> Summary:
    """Say how turns went."""
    return {"turns": tally.turns, "claimed": tally.claimed, **{state.value: n for state, n in tally.states.items()}}


def _until_none(remove: Callable[[], int]) -> int:
    removed = 0
    while count := remove():
        removed += count
    return removed


def _id(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{name} is a number; got {value!r}"
        raise Permanent(message)
    return value
