"""What is done when days of mourning change: promotion that waits for them is judged again at once.

By itself each waits until the next midnight of Tehran (`decency`), which a message that is good for a day may not
outlive. A shop that cannot be entered now keeps to that midnight.
"""

from datetime import datetime

from django.db import transaction

from zargar.notifications import due_store, outbox_store
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant


def judge_again(*, now: datetime) -> int:
    """Let all promotion that waits for the end of mourning fall due; return how many. A transaction for each shop."""
    woken = 0
    for shop_id in due_store.shops():
        try:
            with in_tenant(shop_id), transaction.atomic():
                woken += _wake(shop_id, now)
        except (ShopGoneError, ShopSuspendedError, ShopNotReadyError):
            continue
    return woken


def _wake(shop_id: int, now: datetime) -> int:
    found = outbox_store.wake_mourning(now=now)
    if found:
        due_store.due_by(shop_id, now)
    return found
