"""The DDL of a shape is dumped once, and known to the backups after it."""

from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.fleets import Counted
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import age, ddl_store, keys, making
from zargar.backups.ddl import Ddl
from zargar.backups.ddl_store import KnownShapes
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.models import KnownDdl
from zargar.backups.packs import open_pack
from zargar.backups.retention import Kind
from zargar.backups.store import Held
from zargar.shops.models import Shop

OPERATIONS = age.generate()


@pytest.fixture
def pg_dump() -> Counted:
    return Counted()


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path, pg_dump: Counted) -> House:
    return House(
        vaults=(directory(tmp_path, "one"),),
        holders=Keyholders(OPERATIONS.recipient, age.generate().recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=pg_dump,
        clock=clock.now,
        shapes=KnownShapes("a test"),
    )


def snapshot(house: House) -> making.Made:
    return making.make(
        house, kind=Kind.SNAPSHOT, reason="a test", holds=[Held("1", "template", TEMPLATE_SHOP)]
    )  # fmt: skip


def test_the_second_backup_of_a_shape_asks_pg_dump_for_nothing_and_restores(
    house: House, pg_dump: Counted, shops: Shops, shop: Shop
) -> None:
    snapshot(house)
    assert pg_dump.schemas == [TEMPLATE_SHOP] == [shop.schema_name]

    again = snapshot(house)

    assert pg_dump.schemas == [TEMPLATE_SHOP]
    [entry] = again.manifest.packs
    secret = keys.read_object(house.vaults[0], entry.key, OPERATIONS.identity)
    shops.restore(open_pack(house.vaults[0], entry.place, secret), TEMPLATE_SHOP, "copy", expected=entry.facts)


def test_a_shape_that_was_changed_is_dumped_again(house: House, pg_dump: Counted, shops: Shops, shop: Shop) -> None:
    snapshot(house)
    shops.run(f"COMMENT ON SCHEMA {shop.schema_name} IS 'new'")
    snapshot(house)
    assert pg_dump.schemas == [shop.schema_name] * 2
    assert KnownDdl.objects.count() == 2


@pytest.mark.usefixtures("database")
def test_what_another_pg_dump_wrote_is_not_known_and_old_shapes_go() -> None:
    mine = KnownShapes("mine")
    KnownShapes("other").keep({"shape": Ddl("s", b"before", b"after")})
    assert mine.load() == {}

    many = {f"{number}": Ddl("s", b"\0", b"") for number in range(ddl_store.MOST + 5)}
    for shape, ddl in many.items():
        mine.keep({shape: ddl})

    assert mine.load() == dict(list(many.items())[-ddl_store.MOST :])
    assert KnownShapes("other").load() == {}
