"""A drill restores what a vault has into a database of its own, says whether it came back, and leaves none behind."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.support.databases import ScratchDatabase, Server
from tests.support.drills import entry_of, members_of, published, resealed
from tests.support.packs import Shops
from tests.support.vaults import damage, directory
from zargar import clock
from zargar.backups import age, drill_store, drills, making, operations, sitting_store
from zargar.backups.ddl import PgDump
from zargar.backups.drills import DrillYard, NothingToDrillError
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.models import Backup, Copy, CopyState, Drill, KeyRecord, State
from zargar.backups.retention import Kind
from zargar.backups.rota import Target
from zargar.backups.scratch import OLD, PREFIX, DrillServer, Surroundings, drop, name_at
from zargar.backups.vaults.directory import DirectoryVault
from zargar.outcomes import Permanent, Retryable
from zargar.shops.models import Shop

OPERATIONS, ESCROW = age.generate(), age.generate()
LONG = timedelta(hours=1)


@pytest.fixture
def vaults(tmp_path: Path) -> tuple[DirectoryVault, DirectoryVault]:
    return directory(tmp_path, "one"), directory(tmp_path, "two")


@pytest.fixture
def house(database: ScratchDatabase, vaults: tuple[DirectoryVault, DirectoryVault]) -> House:
    return House(
        vaults=vaults,
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )


@pytest.fixture
def yard(postgres: Server, house: House) -> Iterator[DrillYard]:
    """Where drills are done; whatever a test did, no scratch database may be left of it."""
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    yield DrillYard(house.vaults, server, OPERATIONS.identity)
    assert scratch_databases(postgres) == []


def scratch_databases(postgres: Server) -> list[str]:
    with postgres.admin() as admin:
        return [name for (name,) in admin.execute("SELECT datname FROM pg_database") if name.startswith(PREFIX)]


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def test_every_pack_of_both_vaults_comes_back_and_is_kept_as_proven(
    house: House, yard: DrillYard, shops: Shops, rich: str, shop: Shop
) -> None:
    gold = Shop.objects.create(schema_name=rich, name="طلا", state="active")
    all_of_it(house)

    done = drills.run_named(yard)

    schemas = [rich, "public", shop.schema_name]
    assert sorted((one.schema, one.vault, one.faults) for one in done.verdicts) == sorted(
        (schema, vault, ()) for schema in schemas for vault in ("one", "two")
    )
    assert set(drill_store.proven()) == {
        Target(holds, vault) for holds in ("shared", str(shop.id), str(gold.id)) for vault in ("one", "two")
    }
    assert all(drill.milliseconds > 0 for drill in Drill.objects.all())
    assert set(Copy.objects.values_list("state", flat=True)) == {CopyState.STORED}


def test_the_rota_takes_a_share_a_day_until_all_were_drilled(house: House, yard: DrillYard, shop: Shop) -> None:
    all_of_it(house)
    days = [drills.run_due(yard, period=timedelta(days=4), budget=LONG).verdicts for _ in range(4)]
    assert [len(verdicts) for verdicts in days] == [1, 1, 1, 1]
    assert len({(one.schema, one.vault) for verdicts in days for one in verdicts}) == 4


def test_without_time_nothing_is_begun_and_what_is_left_is_told(house: House, yard: DrillYard, shop: Shop) -> None:
    all_of_it(house)
    done = drills.run_due(yard, period=timedelta(days=1), budget=timedelta())
    assert (done.verdicts, done.left) == ((), 4)


def test_a_red_drill_makes_the_copy_damaged_and_reading_it_back_does_not_make_it_good(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    made = all_of_it(house)
    members = members_of(house, made, shop.schema_name, OPERATIONS)
    members = [member for member in members if member.name != "sequences.sql"]
    forged = resealed(house, made, {shop.schema_name: members})

    [verdict] = drills.run_named(yard, backup=forged.id, vault="two").verdicts

    assert verdict.faults
    copy = Copy.objects.get(backup=forged, vault="two")
    assert (copy.state, verdict.faults[0] in copy.detail) == (CopyState.DAMAGED, True)
    operations.verify(vaults=house.vaults, now=clock.now(), backup=forged.id)
    assert Copy.objects.get(backup=forged, vault="two").state == CopyState.DAMAGED
    assert Copy.objects.get(backup=forged, vault="one").state == CopyState.GOOD
    assert Backup.objects.get(number=forged.number).state == State.DEGRADED


def test_a_damaged_copy_is_not_drilled_again_and_the_one_before_it_is(
    house: House, yard: DrillYard, shop: Shop, tmp_path: Path
) -> None:
    first, second = all_of_it(house), all_of_it(house)
    damage(tmp_path / "one", second.manifest.segments[0].key, b"\x00\x01\x02", at=-20)
    drills.run_named(yard)
    newest = {target: str(one.backup.id) for target, one in drill_store.candidates().items()}
    assert {backup for target, backup in newest.items() if target.vault == "one"} == {first.manifest.backup}
    assert {backup for target, backup in newest.items() if target.vault == "two"} == {second.manifest.backup}


@pytest.mark.parametrize("prefix", ["manifests/", "segments/", "keys/"])
def test_an_object_that_is_gone_is_red(house: House, yard: DrillYard, shop: Shop, prefix: str) -> None:
    all_of_it(house)
    for stored in list(house.vaults[0].keys(prefix)):
        house.vaults[0].delete(stored.key)
    done = drills.run_named(yard, shop=shop.schema_name)
    assert {one.vault: one.proven for one in done.verdicts} == {"one": False, "two": True}


def test_packs_of_two_shops_in_each_other_s_place_are_red(
    house: House, yard: DrillYard, shops: Shops, rich: str, shop: Shop
) -> None:
    Shop.objects.create(schema_name=rich, name="طلا", state="active")
    made = all_of_it(house)
    mine, theirs = (members_of(house, made, name, OPERATIONS) for name in (shop.schema_name, rich))
    forged = resealed(house, made, {shop.schema_name: theirs, rich: mine})

    done = drills.run_named(yard, backup=forged.id, vault="one")

    assert [one.schema for one in done.verdicts if not one.proven] == [rich, shop.schema_name]
    assert all("WrongPackError" in one.faults[0] for one in done.verdicts)


def test_a_shop_that_leans_on_a_type_of_the_shared_schema_comes_back(
    house: House, yard: DrillYard, shops: Shops, shop: Shop
) -> None:
    shops.run("CREATE TYPE public.metal AS ENUM ('طلا', 'نقره')")
    shops.run(f"CREATE TABLE {shop.schema_name}.rings AS SELECT 'طلا'::public.metal AS metal")
    all_of_it(house)
    [verdict] = drills.run_named(yard, shop=shop.schema_name, vault="one").verdicts
    assert verdict.faults == ()


@pytest.fixture
def keyed(shops: Shops, shop: Shop) -> Shop:
    """A shop that was given a foreign key to a table of the shared schema by hand."""
    shops.run(
        "CREATE TABLE public.metal (id integer PRIMARY KEY, name text); INSERT INTO public.metal VALUES (1, 'طلا')"
    )
    shops.run(f"CREATE TABLE {shop.schema_name}.rings (metal integer REFERENCES public.metal)")
    shops.run(f"INSERT INTO {shop.schema_name}.rings VALUES (1)")
    return shop


def test_a_shop_with_a_foreign_key_to_the_shared_schema_comes_back(house: House, yard: DrillYard, keyed: Shop) -> None:
    all_of_it(house)
    done = drills.run_named(yard, vault="one")
    assert [(one.schema, one.faults, one.undecided, one.unwitnessed) for one in done.verdicts] == [
        ("public", (), "", ""), (keyed.schema_name, (), "", ""),
    ]  # fmt: skip


def test_a_foreign_key_to_a_row_that_came_after_the_shared_schema_was_read_is_no_fault_of_the_pack(
    house: House, yard: DrillYard, keyed: Shop, shops: Shops
) -> None:
    before = all_of_it(house).manifest
    shops.run(f"INSERT INTO public.metal VALUES (2); INSERT INTO {keyed.schema_name}.rings VALUES (2)")
    after = all_of_it(house).manifest
    mixed = replace(
        after,
        packs=(entry_of(before, "shared"), entry_of(after, keyed.schema_name)),
        segments=(*before.segments, *after.segments),
    )
    backup = sitting_store.begin(kind=Kind.DAILY, reason="of two moments", now=house.clock())
    published(house, backup, replace(mixed, backup=str(backup.id)))

    [verdict] = drills.run_named(yard, backup=backup.id, shop=keyed.schema_name, vault="one").verdicts

    assert verdict.faults == ()
    assert "rings_metal_fkey" in verdict.undecided
    assert "another moment" in verdict.undecided


def test_a_foreign_key_of_its_own_that_does_not_hold_is_red_also_beside_one_to_the_shared_schema(
    house: House, yard: DrillYard, keyed: Shop, shops: Shops
) -> None:
    shops.run(f"""CREATE TABLE {keyed.schema_name}.a (id integer PRIMARY KEY);
                  CREATE TABLE {keyed.schema_name}.b (a integer REFERENCES {keyed.schema_name}.a);
                  INSERT INTO {keyed.schema_name}.a VALUES (771); INSERT INTO {keyed.schema_name}.b VALUES (771)""")
    made = all_of_it(house)
    members = members_of(house, made, keyed.schema_name, OPERATIONS)
    shared = members_of(house, made, "shared", OPERATIONS)
    place = next(one.name for one in members if one.data == b"771\n")
    lost = [one for one in members if one.name != place]
    forged = resealed(house, made, {"shared": shared, keyed.schema_name: lost})
    [verdict] = drills.run_named(yard, backup=forged.id, shop=keyed.schema_name, vault="one").verdicts
    assert "ForeignKeyViolation" in verdict.faults[0]


def test_a_role_that_the_drills_server_lacks_is_made_there(
    house: House, yard: DrillYard, shops: Shops, shop: Shop, postgres: Server
) -> None:
    with postgres.admin() as admin:
        admin.execute("CREATE ROLE zargar_test_clerk NOLOGIN")
    try:
        shops.run(f"GRANT USAGE ON SCHEMA {shop.schema_name} TO zargar_test_clerk")
        assert "zargar_test_clerk" in drill_store.surroundings().roles
        all_of_it(house)
        [verdict] = drills.run_named(yard, shop=shop.schema_name, vault="one").verdicts
        assert verdict.faults == ()
        elsewhere = replace(yard.server, surroundings=Surroundings(("zargar_test_new",), ()))
        with elsewhere.scratch() as session:
            assert session.execute("SELECT 1 FROM pg_roles WHERE rolname = 'zargar_test_new'").fetchone() == (1,)
    finally:
        shops.run(f"REVOKE ALL ON SCHEMA {shop.schema_name} FROM zargar_test_clerk")
        with postgres.admin() as admin:
            admin.execute("DROP ROLE zargar_test_clerk")
            admin.execute("DROP ROLE IF EXISTS zargar_test_new")


def test_only_the_owner_s_role_may_enter_a_scratch_database(yard: DrillYard, database: ScratchDatabase) -> None:
    with yard.server.scratch() as session:
        [(name, user)] = session.execute("SELECT current_database(), current_user").fetchall()
        assert user == "zargar_owner"
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(database.app_url, dbname=name)


def test_a_login_that_may_not_make_databases_proves_nothing(
    house: House, yard: DrillYard, shop: Shop, database: ScratchDatabase
) -> None:
    all_of_it(house)
    weak = replace(yard, server=DrillServer(database.owner_url, clock=clock.now))
    with pytest.raises(Permanent, match="permission denied to create database"):
        drills.run_named(weak, vault="one")
    assert not Drill.objects.exists()
    assert not Copy.objects.filter(state=CopyState.DAMAGED).exists()


def test_a_strange_key_proves_nothing(house: House, yard: DrillYard, shop: Shop) -> None:
    all_of_it(house)
    with pytest.raises(Permanent, match="not locked for the key"):
        drills.run_named(replace(yard, identity=age.generate().identity))
    assert not Drill.objects.exists()


def test_a_vault_that_does_not_answer_proves_nothing_and_the_other_is_drilled(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)
    gone = replace(yard, vaults=(house.vaults[1],))
    done = drills.run_named(gone)
    assert {one.vault for one in done.verdicts} == {"two"}
    assert len(done.unanswered) == 1
    assert Copy.objects.get(vault="one").state == CopyState.STORED
    with pytest.raises(Retryable, match="no vault answered"):
        drills.run_named(replace(yard, vaults=()))


def test_what_a_killed_drill_left_is_dropped_and_nothing_else(yard: DrillYard, postgres: Server) -> None:
    old, young, used = (
        name_at(clock.now() - age_, digit * 12) for age_, digit in ((2 * OLD, "a"), (OLD / 2, "b"), (2 * OLD, "c"))
    )
    with postgres.admin() as admin:
        try:
            for name in (old, young, used):
                admin.execute(SQL("CREATE DATABASE {} STRATEGY wal_log").format(Identifier(name)))
            with psycopg.connect(postgres.admin_url, dbname=used):
                assert yard.server.sweep() == (old,)
                assert sorted(scratch_databases(postgres)) == sorted([young, used])
        finally:
            for name in (old, young, used):
                drop(admin, name)
        with pytest.raises(ValueError, match="no scratch database"):
            drop(admin, "zargar")


def test_a_key_that_was_destroyed_takes_its_shop_off_the_rota(house: House, yard: DrillYard, shop: Shop) -> None:
    all_of_it(house)
    KeyRecord.objects.filter(holds=str(shop.id)).update(destroyed_at=clock.now())
    assert {target.holds for target in drill_store.candidates()} == {"shared"}


def test_what_is_not_there_cannot_be_drilled(house: House, yard: DrillYard, shop: Shop) -> None:
    all_of_it(house)
    with pytest.raises(NothingToDrillError):
        drills.run_named(yard, vault="three")


def test_a_key_is_not_shown(yard: DrillYard) -> None:
    assert yard.identity not in repr(yard)
    assert "postgresql://" not in repr(yard)
