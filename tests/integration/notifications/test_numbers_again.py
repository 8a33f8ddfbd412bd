"""A restored shop gives its numbers out anew: what gets the number of something that has left is sent all the same."""

from datetime import UTC, datetime, time, timedelta

import pytest

from tests.support.bulks import confirmed, gone_on, people, prepared
from tests.support.databases import ScratchDatabase
from tests.support.messages import NOON, Clock, Desk
from zargar.clock import TEHRAN
from zargar.notifications import recurring_operations as recurring
from zargar.notifications import turns
from zargar.notifications.audiences import operations
from zargar.notifications.kinds import Kind
from zargar.notifications.recurring_operations import Wish
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("database")


def rewind(database: ScratchDatabase, shop: Shop, *tables: str) -> None:
    """Put tables back to before they had a row, numbers and all, as a restore does."""
    with database.owner() as owner:
        for table in ("message", *tables):
            owner.execute(f"TRUNCATE {shop.schema_name}.shop_messages_{table} RESTART IDENTITY")


def send(desk: Desk, now: datetime) -> int:
    """Take the turns that are due at a moment; return how many messages the provider has by then."""
    desk.clock.at = now
    turns.deliver_due(desk.post, budget=timedelta(seconds=50))
    return len(desk.providers[0].journal())


def test_another_bulk_of_a_used_number_is_sent_and_the_same_bulk_is_not(database: ScratchDatabase, shop: Shop) -> None:
    people(shop, agreed=2)
    desk = Desk()
    first = confirmed(shop, prepared(shop))
    gone_on(shop, first)
    assert send(desk, NOON) == 2
    rewind(database, shop, "bulk")
    second = confirmed(shop, prepared(shop, now=NOON + HOUR))
    assert second.pk == first.pk
    assert gone_on(shop, second) == 2
    assert send(desk, NOON + HOUR) == 4
    rewind(database, shop)
    with database.owner() as owner:
        table = f"{shop.schema_name}.shop_messages_bulk"
        owner.execute(f"UPDATE {table} SET state = 'confirmed', done_after = 0")  # noqa: S608 -- a name of the test's
    assert gone_on(shop, second) == 0
    assert send(desk, NOON + HOUR) == 4


def test_another_recurring_message_of_a_used_number_is_sent_on_the_same_day(
    database: ScratchDatabase, shop: Shop
) -> None:
    people(shop, agreed=2)
    ten = datetime(2026, 11, 24, 10, 0, tzinfo=TEHRAN).astimezone(UTC)
    desk = Desk(clock=Clock(ten))
    for count, name in enumerate(("نخست", "دوم"), start=1):
        wish = Wish(name=name, rule="weekly tuesday", at=time(10), kind=Kind.PROMOTION, values={"text": name})
        with in_tenant(shop.id):
            added = recurring.add(wish, actor="test", reason="test", now=NOON + count * HOUR)
        assert added.pk == 1
        assert operations.run_recurring(now=ten)["queued"] == 2
        assert send(desk, ten) == 2 * count
        rewind(database, shop, "recurring")
