"""Bulks as a command or a page asks for them: in the shop, with the price and the credit of the accounts that carry it.

Raises, besides what `audiences.bulks` raises, `NoSuchShopError` and what `in_tenant` raises.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from zargar import names
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.notifications import account_store, wiring
from zargar.notifications.audiences import bulks
from zargar.notifications.audiences.bulks import Wish
from zargar.notifications.desk import entered, entered_by_id
from zargar.notifications.ports import Unanswered
from zargar.notifications.routing import Standing
from zargar.notifications.shop.models import Audience, Bulk
from zargar.notifications.values import Channel
from zargar.outcomes import Summary
from zargar.refusals import InvalidError


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
        price = _price(here.id)
        return bulks.prepare(wish, shop=here, price=price, actor=actor, reason=reason, now=now)


def confirm(
    *, shop: str, bulk_id: int, messages: int, run: UUID, actor: str, reason: str, now: datetime
) -> Bulk:  # fmt: skip
    """Confirm a bulk, and open the run of this id that sends it."""
    with entered(shop) as here:
        credit = _credit(here.id)
        row = bulks.confirm(bulk_id=bulk_id, messages=messages, credit=credit, actor=actor, reason=reason, now=now)
        ledger.open_runs([_work(here.id, bulk_id, run)], ring_in=timedelta())
    return row


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


def _price(shop_id: int) -> int | None:
    """Return the dearest price of one part among the accounts that may carry it; None where none is configured."""
    usable = {one.name for one in _texting(shop_id)}
    prices = [account.price for account in wiring.configured() if account.name in usable]
    return max(prices) if prices and all(prices) else None


def _credit(shop_id: int) -> int | None:
    """Ask the accounts that may carry text messages what they have left, in Rial; None where one cannot say."""
    known: list[int] = []
    for one in _texting(shop_id):
        try:
            credit = wiring.providers()[one.name].credit()
        except Unanswered:
            return None
        if credit is None:
            return None
        known.append(credit)
    return sum(known) if known else None


def _texting(shop_id: int) -> Sequence[Standing]:
    named = [(name, provider.channel) for name, provider in wiring.providers().items()]
    standing = account_store.standings(shop_id, named)
    return [one for one in standing if one.channel is Channel.SMS and one.usable]


def _work(shop_id: int, bulk_id: int, run: UUID) -> Work:
    return Work(
        id=run, task=names.SEND_BULK_NOTIFICATIONS_ASYNC, family=Family.NOTIFICATIONS, queue=Queue.BULK,
        origin=f"bulk {bulk_id}", kwargs={"shop_id": shop_id, "bulk_id": bulk_id},
    )  # fmt: skip
