"""What a killed restore has left of a shop that was deleted since is nobody's to settle: the clean-up drops it."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.databases import ScratchDatabase, django_uses
from tests.support.packs import Shops
from tests.support.paying import SHOP, schemas, taking_payments
from tests.support.restores import desk_of, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import alarm_facts_store, put_aside, restore_store
from zargar.backups.making import House
from zargar.backups.models import Restore, RestoreState
from zargar.shops import operations
from zargar.shops.models import Shop

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"),))


@pytest.fixture
def left(shops: Shops) -> Restore:
    """A restore that was killed while its copy was being made, and has left that."""
    shop = taking_payments(shops)
    row = restore_store.begin(
        shop=shop.id, schema=SHOP, backup=None, undoes=None, actor="a test", reason="lost", now=clock.now()
    )
    shops.run(f"CREATE SCHEMA {row.copy}; CREATE TABLE {row.copy}.payments AS SELECT * FROM {SHOP}.payments")
    return row


def deleted() -> None:
    Shop.objects.filter(schema_name=SHOP).update(state="suspended")
    operations.delete(slug=SHOP, actor="a test", reason="they left")


def test_the_alarm_of_a_cut_off_restore_ends_with_its_shop(left: Restore) -> None:
    assert [one.name for one in alarm_facts_store.cut_off()] == [SHOP]
    deleted()
    assert alarm_facts_store.cut_off() == []


def test_the_copy_of_a_deleted_shop_is_dropped_at_once_and_its_restore_closed(
    house: House, shops: Shops, left: Restore
) -> None:
    desk = desk_of(house)
    assert put_aside.expire(desk, grace=WEEK, now=clock.now()) == [], "its shop is there, and a person settles it"
    deleted()
    assert schemas(shops) == {left.copy}

    shops.run(f"CREATE VIEW public.of_that_day AS SELECT id FROM {left.copy}.payments")
    assert put_aside.expire(desk, grace=WEEK, now=clock.now()) == [], (
        "what somebody has made on it is not dropped unseen"
    )
    shops.run("DROP VIEW public.of_that_day")
    assert put_aside.expire(desk, grace=WEEK, now=clock.now()) == [left.copy]
    left.refresh_from_db()
    assert (schemas(shops), left.state) == (set(), RestoreState.FAILED)
    assert "its shop was deleted" in left.fault
    assert put_aside.expire(desk, grace=WEEK, now=clock.now()) == []
