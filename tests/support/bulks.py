"""Bulks for tests: customers who agreed to read them, and a bulk's way from its count to the outbox, step by step."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from tests.support.messages import NOON
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Purpose
from zargar.notifications.audiences import bulks
from zargar.notifications.audiences.bulks import Wish
from zargar.notifications.desk import entered
from zargar.notifications.kinds import Kind
from zargar.notifications.rates import Rate
from zargar.notifications.shop.models import Bulk
from zargar.shops.models import Shop

TEXT: Final = {"text": "اجرت همهٔ زنجیرها تا پایان هفته نصف شد."}
PRICE: Final = 1200
"""Rial for a part."""


def people(shop: Shop, agreed: int, silent: int = 0) -> Sequence[int]:
    """Add customers of whom so many agreed to be sold to by text message."""
    found: list[int] = []
    with entered(shop.schema_name):
        for number in range(agreed + silent):
            one = customers.add(full_name=f"مریم {number}", mobile=f"+98912{number:07d}")
            if number < agreed:
                customers.give_consent(
                    customer_id=one.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION,
                    source="فرم کاغذی", now=NOON - timedelta(days=1),
                )  # fmt: skip
            found.append(one.pk)
    return found


def prepared(
    shop: Shop, *, price: int | None = PRICE, part: int = 67, wish: Wish | None = None, now: datetime = NOON
) -> Bulk:  # fmt: skip
    """Count a bulk."""
    with entered(shop.schema_name) as here:
        return bulks.prepare(
            wish or Wish(kind=Kind.PROMOTION, values=TEXT), shop=here, rate=Rate(price=price, part=part),
            actor="test", reason="a sale", now=now,
        )  # fmt: skip


def confirmed(shop: Shop, row: Bulk, *, messages: int | None = None, accounts: Sequence[str] = ()) -> Bulk:
    """Confirm it, to be carried by these accounts."""
    with entered(shop.schema_name) as here:
        return bulks.confirm(
            bulk_id=row.pk, shop_id=here.id, messages=row.messages if messages is None else messages,
            accounts=accounts, actor="owner", reason="the sale begins", now=NOON,
        )  # fmt: skip


def cancelled(shop: Shop, row: Bulk) -> int:
    """Take it back; return how many messages do not leave."""
    with entered(shop.schema_name) as here:
        return bulks.cancel(bulk_id=row.pk, shop_id=here.id, actor="owner", reason="wrong text", now=NOON)


def gone_on(shop: Shop, row: Bulk) -> int:
    """Queue what is left of it; return how many."""
    with entered(shop.schema_name) as here:
        return bulks.go_on(bulk_id=row.pk, shop=here, now=NOON).queued
