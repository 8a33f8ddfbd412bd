"""Bulks as a command or a page asks for them: in the shop, with the price and the credit of the accounts that carry it.

Raises, besides what `audiences.bulks` raises, `NoSuchShopError` and what `in_tenant` raises.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from zargar import names
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.notifications import account_store, rates, reserving, wiring
from zargar.notifications.audiences import bulks
from zargar.notifications.audiences.bulks import Wish
from zargar.notifications.desk import entered, entered_by_id, number_of
from zargar.notifications.ports import Unanswered
from zargar.notifications.reserving import Funds, NoCreditError
from zargar.notifications.shop.models import Audience, Bulk
from zargar.outcomes import Summary
from zargar.refusals import InvalidError

log = logging.getLogger(__name__)


def audience(word: str) -> Audience:
    """Read an audience. Raises `InvalidError`."""
    try:
        return Audience(word)
    except ValueError as bad:
        message = f"an audience is one of {', '.join(Audience.values)}; got {word!r}"
        raise InvalidError(message) from bad


def prepare(*, shop: str, wish: Wish, actor: str, reason: str, now: datetime) -> Bulk:
    """Count a bulk and keep it."""
    with entered(shop) as here:
        return bulks.prepare(wish, shop=here, rate=rates.of_shop(here.id), actor=actor, reason=reason, now=now)


def confirm(
    *, shop: str, bulk_id: int, messages: int, run: UUID, actor: str, reason: str, now: datetime
) -> Bulk:  # fmt: skip
    """Confirm a bulk, set aside what it costs, and open the run of this id that sends it: all of it or nothing.

    Before it is refused for credit, it is looked what other bulks do not need any more.
    """

    def once() -> Bulk:
        with entered(shop) as here, transaction.atomic():
            row = bulks.confirm(
                bulk_id=bulk_id, shop_id=here.id, messages=messages, accounts=accounts, actor=actor, reason=reason,
                now=now,
            )  # fmt: skip
            ledger.open_runs([_work(here.id, bulk_id, run)], ring_in=timedelta())
        return row

    accounts = _asked(number_of(shop), now)
    try:
        return once()
    except NoCreditError:
        if not reserving.look_after(now=now, accounts=accounts):
            raise
    return once()


def funds(*, shop: str, now: datetime) -> Funds:
    """Return what there is for a bulk of a shop: the credit of the accounts that may carry it, and what is reserved."""
    return reserving.funds(_asked(number_of(shop), now), now=now)


def cancel(*, shop: str, bulk_id: int, actor: str, reason: str, now: datetime) -> int:
    """Take a bulk back; return how many messages do not leave."""
    with entered(shop) as here:
        return bulks.cancel(bulk_id=bulk_id, shop_id=here.id, actor=actor, reason=reason, now=now)


def listed(*, shop: str) -> Sequence[Bulk]:
    """Return the newest bulks of a shop."""
    with entered(shop):
        return bulks.listed()


def go_on(*, shop_id: int, bulk_id: int, now: datetime) -> Summary:
    """Queue what is left of a confirmed bulk: what the task does before it sends. Raises as `in_tenant`."""
    with entered_by_id(shop_id) as here:
        counts = bulks.go_on(bulk_id=bulk_id, shop=here, now=now)
    return {"bulk": bulk_id, "queued": counts.queued, "known": counts.told_before, "unreached": counts.unreached}


def _asked(shop_id: int, now: datetime) -> Sequence[str]:
    """Ask the accounts that may carry text messages what they have left, and keep it; return their names.

    Of one that does not answer holds what it said last, less what was spent since.
    """
    found = rates.texting(shop_id)
    for one in found:
        try:
            left = wiring.providers()[one.name].credit()
        except Unanswered as unanswered:
            log.info("%s does not say what it has left: %s", one.name, unanswered)
            continue
        if left is not None:
            account_store.credit_is(one.name, one.channel, rial=left, now=now, forget_calls=False)
    return [one.name for one in found]


def _work(shop_id: int, bulk_id: int, run: UUID) -> Work:
    return Work(
        id=run, task=names.SEND_BULK_NOTIFICATIONS_ASYNC, family=Family.NOTIFICATIONS, queue=Queue.BULK,
        origin=f"bulk {bulk_id}", kwargs={"shop_id": shop_id, "bulk_id": bulk_id},
    )  # fmt: skip
