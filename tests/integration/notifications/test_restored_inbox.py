"""A customer's inbox after their shop came back from a backup: what was sent stays sent, what was read stays read."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, django_uses
from tests.support.messages import NOON
from tests.support.restores import OPERATIONS, desk_of, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import operations, restores
from zargar.backups.copied import Desk
from zargar.backups.making import House
from zargar.backups.retention import Kind
from zargar.customers.models import Customer
from zargar.notifications import inbox_store, wiring
from zargar.notifications.restored import RestoredMessages
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    """Restores are the owner's, as `zargar restore` is."""
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


@pytest.fixture
def desk(house: House) -> Desk:
    return desk_of(house, RestoredMessages(key=wiring.recipients_key(), clock=clock.now))


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer with one letter."""
    with in_tenant(shop.id):
        who = Customer.objects.create(full_name="مریم احمدی", mobile="+989121234567").id
        put(who, 1)
        return who


def put(who: int, reference: int) -> None:
    inbox_store.put([(reference, who, f"نامهٔ {reference}", "متن")])


def back_up(house: House, shop: Shop) -> UUID:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    found: UUID = made.backup.id
    return found


def confirm(shop: Shop) -> str:
    domain = shop.domains.first()
    return str(domain.domain) if domain else str(shop.schema_name)


def inbox(shop: Shop, who: int) -> list[tuple[str, bool]]:
    """Return the titles in an inbox, the newest first, and whether each was read."""
    with in_tenant(shop.id):
        found = inbox_store.page(who)
    assert found is not None
    return [(one.title, one.read_at is not None) for one in found.letters]


def test_what_was_put_and_read_since_the_backup_is_there_after_the_restore_and_after_its_undoing(
    house: House, desk: Desk, shop: Shop, maryam: int
) -> None:
    backup = back_up(house, shop)
    with in_tenant(shop.id):
        gone = Customer.objects.create(full_name="سارا", mobile="+989121234568").id
        put(maryam, 2)
        put(gone, 3)
        inbox_store.mark_read(maryam, now=NOON + timedelta(days=1))
        put(maryam, 4)
    restores.in_place(
        desk, slug=TEMPLATE_SHOP, backup=backup, identity=OPERATIONS.identity, confirm=confirm(shop), actor="a test",
        reason="a customer was deleted",
    )  # fmt: skip
    now_there = [("نامهٔ 4", False), ("نامهٔ 2", True), ("نامهٔ 1", True)]
    assert inbox(shop, maryam) == now_there
    with in_tenant(shop.id):
        assert inbox_store.page(gone) is None
        put(maryam, 5)
    restores.undo(desk, slug=TEMPLATE_SHOP, confirm=confirm(shop), actor="a test", reason="the wrong day")
    assert inbox(shop, maryam) == [("نامهٔ 5", False), *now_there]
    assert inbox(shop, gone) == [("نامهٔ 3", False)]


def test_carrying_over_twice_changes_nothing(database: ScratchDatabase, shop: Shop, maryam: int) -> None:
    with database.owner() as owner:
        owner.execute("CREATE SCHEMA aside")
        owner.execute(
            f"CREATE TABLE aside.shop_messages_inboxmessage AS TABLE {shop.schema_name}.shop_messages_inboxmessage"
        )
        owner.execute("INSERT INTO aside.shop_messages_inboxmessage SELECT 9, 9, title, text, put_at, read_at,"
                      " customer_id FROM aside.shop_messages_inboxmessage")  # fmt: skip
    with in_tenant(shop.id):
        assert [inbox_store.carry_over("aside") for _ in range(2)] == [1, 0]
    assert len(inbox(shop, maryam)) == 2
