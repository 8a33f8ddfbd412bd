"""A backup of PostgreSQL 18 comes back on Debian's 15: rows, columns, sequences and migrations exactly."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server, create_template_shop, django_uses
from tests.support.debian_postgres import debian_postgres
from tests.support.drills import members_of, resealed
from tests.support.packs import Shops
from tests.support.restores import OPERATIONS, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import drill_store, drills, everything, inspection, making, operations, restoring
from zargar.backups.at_rest import Rest
from zargar.backups.differences import What, compare
from zargar.backups.drills import DrillYard
from zargar.backups.making import House
from zargar.backups.models import Copy, CopyState
from zargar.backups.restore import RestoredDiffersError, restore_beside
from zargar.backups.retention import Kind
from zargar.backups.scratch import PREFIX, DrillServer
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
        identity=OPERATIONS.identity, rest=Rest([], "a test", "lost", clock.now()),
    )  # fmt: skip

    assert set(done.vaults) == {"public", "gold", TEMPLATE_SHOP}
    for entry in made.manifest.packs:
        assert entry.facts is not None
        with closing(psycopg.connect(new.owner_url)) as owner:
            assert owner.info.server_version // 10_000 == 15
            found = inspection.facts_of(owner, entry.schema)
        at_rest = {"shops_shop", "audit_auditrecord", "audit_auditrecord_id_seq"} if entry.schema == "public" else set()
        assert {one.what for one in compare(entry.facts, found) if one.name not in at_rest} <= {What.SHAPE}
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


@pytest.fixture
def yard(older: Server, house: House) -> Iterator[DrillYard]:
    """Drills on the older server, of which none may leave a database there."""
    server = DrillServer(older.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    yield DrillYard(house.vaults, server, OPERATIONS.identity)
    with older.admin() as admin:
        assert admin.execute("SELECT 1 FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]).fetchall() == []


def test_a_drill_there_is_not_red_for_the_words_of_another_version_and_says_what_it_could_not_compare(
    yard: DrillYard, made: making.Made
) -> None:
    done = drills.run_named(yard)
    assert [(one.schema, one.faults, one.undecided) for one in done.verdicts] == [
        ("gold", (), ""), ("public", (), ""), (TEMPLATE_SHOP, (), ""),
    ]  # fmt: skip
    assert all("of PostgreSQL 18, and this server is 15" in one.unwitnessed for one in done.verdicts)
    assert Copy.objects.get().state == CopyState.STORED


def test_a_drill_there_is_red_for_a_row_that_is_lost(yard: DrillYard, house: House, made: making.Made) -> None:
    members = members_of(house, made, TEMPLATE_SHOP, OPERATIONS)
    kept = [m for m in members if not m.name.startswith("data/") or "django_migrations" not in m.name]
    forged = resealed(house, made, {TEMPLATE_SHOP: kept})
    [verdict] = drills.run_named(yard, backup=forged.id).verdicts
    assert "number of rows" in verdict.faults[0]
    assert not any(fault.startswith("shape of ") for fault in verdict.faults)


def test_a_backup_from_before_a_major_upgrade_is_not_red_on_the_newer_server(
    older: Server, postgres: Server, tmp_path: Path
) -> None:
    before = older.migrated("before_the_upgrade")
    try:
        with django_uses(before.owner_url):
            create_template_shop()
            house = house_of(before.owner_url, (directory(tmp_path, "one"),))
            operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
            server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
            done = drills.run_named(DrillYard(house.vaults, server, OPERATIONS.identity))
            assert [(one.faults, one.undecided) for one in done.verdicts] == [((), ""), ((), "")]
            assert all("of PostgreSQL 15, and this server is 18" in one.unwitnessed for one in done.verdicts)
    finally:
        older.drop("before_the_upgrade")


def test_between_servers_of_one_major_version_nothing_is_tolerated() -> None:
    assert restoring.tolerated(180_001, 180_006) == ()
    assert set(restoring.tolerated(180_006, 150_018)) == {What.SHAPE}
