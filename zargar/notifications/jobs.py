"""What the tasks of messaging call: turns on the deployment's own parts, upkeep, figures. `wait`: the retry policy."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from zargar.mail import Brief
from zargar.notifications import (
    account_store,
    bulk_desk,
    device_store,
    due_store,
    figure_store,
    heard_store,
    house,
    inbox_store,
    journal_store,
    operators,
    outbox_store,
    reserving,
    turns,
    wiring,
)
from zargar.notifications.audiences import operations as audiences
from zargar.notifications.concluding import Tally
from zargar.notifications.kinds import Kind
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
    """Tell the operators of every stopped account of which they have not been told; return of how many they know now.

    By mail, and by telephone through the accounts that are not stopped. Of whom nobody could be told they are told by
    the next hourly run.
    """
    reached = 0
    for one in account_store.untold():
        brief = Brief(
            f"account {one.name} stopped {one.stopped_at}", f"حساب {one.name} متوقف شد",
            f"{one.name} ({one.channel}): {one.stopped_why}",
        )  # fmt: skip
        mailed = post.tell_operators(brief.title, brief.sentence, brief.key)
        if operators.reach(Kind.SENDING_ALERT, brief, post=post) or mailed:
            account_store.told(one.name, now=post.clock())
            reached += 1
    return reached


def clean_up(*, now: datetime) -> Summary:
    """Remove what has outlived its period: ended messages, attempts, what lies in inboxes, devices that are not seen.

    Nothing is done for a suspended shop, here as anywhere: what is its own waits, and goes in the first run after the
    shop is resumed. The journal and the list of what was told are the platform's, and go for every shop.
    """
    before = now - wiring.keep_messages()
    removed = Counter(
        messages=_until_none(lambda: outbox_store.remove(outbox_store.PLATFORMS, before=before, at_most=BATCH))
    )
    skipped = 0
    for shop in shops.listed():
        try:
            with in_tenant(shop.id):
                removed += _clean_up_inside(now=now)
        except (ShopGoneError, ShopSuspendedError, ShopNotReadyError):
            skipped += 1
    journal_before = now - wiring.keep_journal()
    attempts = _until_none(lambda: journal_store.remove(before=journal_before, at_most=BATCH))
    events = _until_none(lambda: audiences.forget_told(before=journal_before, at_most=BATCH))
    _until_none(lambda: heard_store.remove(before=journal_before, at_most=BATCH))
    of_shops = {kind: removed[kind] for kind in ("messages", "letters", "devices")}
    return {**of_shops, "attempts": attempts, "events": events, "shops_skipped": skipped}


def _clean_up_inside(*, now: datetime) -> Counter[str]:
    """Remove what the shop that is entered no longer needs; return how much of each kind."""
    messages, letters = now - wiring.keep_messages(), now - wiring.keep_inbox()
    unseen = now - wiring.keep_unseen_devices()
    return Counter(
        messages=_until_none(lambda: outbox_store.remove(outbox_store.SHOPS, before=messages, at_most=BATCH)),
        letters=_until_none(lambda: inbox_store.remove(before=letters, at_most=BATCH)),
        devices=_until_none(lambda: device_store.forget_unseen(since=unseen, at_most=BATCH)),
    )


def update_statistics(*, wait: Wait) -> Summary:
    """Tell of stopped accounts and of a pause; free credit that bulks do not need; count the last hours anew.

    What providers have to say is heard by the minute's run (`hearing`), and not here, too: one hears at a time.
    """
    post = wiring.post(wait=wait)
    tell_stopped(post)
    house.tell_paused(post)
    reserving.look_after(now=post.clock())
    return figures(now=post.clock())


def figures(*, now: datetime) -> Summary:
    """Count the last hours anew, and return the last day's figures by channel and account."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for back in range(COUNTED):
        figure_store.count_hour(hour - timedelta(hours=back))
    return {
        "day": [
            {
                "channel": channel, "account": account, "sent": sent, "delivered": delivered, "failed": failed,
                "ambiguous": ambiguous, "cost_rial": cost, "estimated_rial": estimated, "latency_ms": latency,
            }
            for (
                channel, account, sent, delivered, failed, ambiguous, cost, estimated, latency,
            ) in figure_store.totals(since=hour - timedelta(hours=24))
        ],
        "shops_due": due_store.waiting(now=now),
    }  # fmt: skip


def summary(tally: Tally) -> Summary:
    """Say how turns went."""
    heard = {"receipts": tally.receipts, "wishes": tally.wishes, "silent": tally.silent}
    return {
        "turns": tally.turns, "claimed": tally.claimed, **{state.value: n for state, n in tally.states.items()},
        **{name: n for name, n in heard.items() if n},
    }  # fmt: skip


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
