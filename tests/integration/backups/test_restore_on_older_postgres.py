"""A backup of PostgreSQL 18 comes back on Debian's 15: rows, columns, sequences and migrations exactly."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server
from tests.support.debian_postgres import debian_postgres
from tests.support.packs import Shops
from tests.support.restores import OPERATIONS, house_of
from tests.support.vaults import directory
from zargar.backups import everything, inspection, making, operations, restoring
from zargar.backups.differences import What, compare
from zargar.backups.making import House
from zargar.backups.restore import RestoredDiffersError, restore_beside
from zargar.backups.retention import Kind
from zargar.embedded import databases
from zargar.embedded.databases import Database
from zargar.shops.models import Shop

pytestmark = pytest.mark.debian("postgresql-15")


@pytest.fixture(scope="module")
def older() -> Iterator[Server]:
    with debian_postgres(15) as url:
        yield Server(url)


@pytest.fixture
def new(older: Server) -> Iterator[Database]:
    """An empty database of the older server, as `zargar database prepare` makes it."""
    yield databases.prepare(older.admin_url, name="restored", passwords=older.passwords)
    older.drop("restored")


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"),))


@pytest.fixture
def made(house: House, rich: str) -> making.Made:
    Shop.objects.create(schema_name=rich, name="طلا", state="active")
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def test_everything_comes_back_with_every_row_and_every_object(house: House, made: making.Made, new: Database) -> None:
    done = everything.restore(
        lambda: psycopg.connect(new.owner_url), vaults=house.vaults, backup=made.manifest.backup,
        identity=OPERATIONS.identity,
    )  # fmt: skip

    assert set(done.vaults) == {"public", "gold", TEMPLATE_SHOP}
    for entry in made.manifest.packs:
        assert entry.facts is not None
        with closing(psycopg.connect(new.owner_url)) as owner:
            assert owner.info.server_version // 10_000 == 15
            found = inspection.facts_of(owner, entry.schema)
        assert {one.what for one in compare(entry.facts, found)} <= {What.SHAPE}
    with closing(psycopg.connect(new.app_url)) as app:
        assert app.execute("SELECT count(*) FROM public.shops_shop").fetchone() == (2,)


OBJECTS = """
SELECT 'relation ' || relkind::text, relname::text FROM pg_class WHERE relnamespace = %(schema)s::text::regnamespace
UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE relnamespace = %(schema)s::text::regnamespace AND NOT tgisinternal
UNION ALL SELECT 'policy', policyname::text FROM pg_policies WHERE schemaname = %(schema)s::text
UNION ALL SELECT 'constraint ' || contype::text, conname::text FROM pg_constraint
  WHERE connamespace = %(schema)s::text::regnamespace AND contype <> 'n'  -- rows of their own since 18
UNION ALL SELECT 'function', proname::text || pg_get_function_identity_arguments(oid) FROM pg_proc
  WHERE pronamespace = %(schema)s::text::regnamespace
UNION ALL SELECT 'type', typname::text FROM pg_type WHERE typnamespace = %(schema)s::text::regnamespace
UNION ALL SELECT 'statistics', stxname::text FROM pg_statistic_ext WHERE stxnamespace = %(schema)s::text::regnamespace
"""


def test_the_objects_of_a_rich_shop_are_there_and_work(
    house: House, made: making.Made, new: Database, shops: Shops
) -> None:
    with closing(psycopg.connect(new.owner_url)) as owner, shops.connect() as live:
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug="gold", to="gold",
            identity=OPERATIONS.identity,
        )  # fmt: skip
        there = set(live.execute(OBJECTS, {"schema": "gold"}))
        assert set(owner.execute(OBJECTS, {"schema": "gold"})) == there
        owner.execute("INSERT INTO gold.pieces (weight) VALUES (3)")
        row = owner.execute("SELECT doubled, changed FROM gold.pieces WHERE weight = 3").fetchone()
    assert len(there) > 50
    assert row is not None
    assert str(row[0]) == "6.000"
    assert row[1] is not None


def test_a_row_that_is_lost_is_found_there_too(house: House, made: making.Made, new: Database, shops: Shops) -> None:
    members, facts = shops.read(TEMPLATE_SHOP)
    changed = [m for m in members if not m.name.startswith("data/") or "django_migrations" not in m.name]
    with closing(psycopg.connect(new.owner_url)) as owner, pytest.raises(RestoredDiffersError, match="number of rows"):
        restore_beside(
            owner, iter(changed), schema=TEMPLATE_SHOP, beside="copy", expected=facts,
            tolerated=restoring.tolerated(facts.postgres, owner.info.server_version),
        )  # fmt: skip


def test_between_servers_of_one_major_version_nothing_is_tolerated() -> None:
    assert restoring.tolerated(180_001, 180_006) == ()
    assert set(restoring.tolerated(180_006, 150_018)) == {What.SHAPE}
