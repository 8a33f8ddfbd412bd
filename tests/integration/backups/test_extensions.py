"""Extensions that schemas lean on: recorded, asked for before the first byte, made where a database is made."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import ScratchDatabase, Server
from tests.support.drills import members_of, resealed
from tests.support.packs import Shops
from tests.support.restores import OPERATIONS, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import copied, drill_store, drills, everything, extensions, making, operations, proving
from zargar.backups.at_rest import Rest
from zargar.backups.drills import DrillYard
from zargar.backups.extensions import MissingExtensionError
from zargar.backups.facts import Extension
from zargar.backups.making import House
from zargar.backups.manifest import Manifest
from zargar.backups.members import Member
from zargar.backups.models import Backup, Copy, CopyState
from zargar.backups.retention import Kind
from zargar.backups.scratch import DrillServer
from zargar.embedded import databases
from zargar.embedded.databases import Database
from zargar.shops.models import Shop


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"),))


@pytest.fixture
def new(postgres: Server) -> Iterator[Database]:
    """An empty database with the two roles."""
    name = f"zargar_new_{secrets.token_hex(4)}"
    yield databases.prepare(postgres.admin_url, name=name, passwords=postgres.passwords)
    postgres.drop(name)


@pytest.fixture
def leaning(shops: Shops, shop: Shop) -> Shop:
    """The shop has a column, an array, an index, a default and a trigger of extensions; the shared schema a domain."""
    schema = shop.schema_name
    shops.run("CREATE EXTENSION citext SCHEMA public")
    shops.run('CREATE SCHEMA "with space"')
    shops.run('CREATE EXTENSION cube SCHEMA "with space"')
    shops.run("CREATE EXTENSION unaccent SCHEMA public")
    shops.run("CREATE EXTENSION pg_trgm SCHEMA public")
    shops.run("CREATE DOMAIN public.mail AS public.citext CHECK (VALUE ~ '@')")
    shops.run("CREATE TABLE public.writers (mail public.mail)")
    shops.run(f'CREATE TABLE {schema}.names (name public.citext[], at "with space".cube, text text)')
    shops.run(f"CREATE INDEX ON {schema}.names USING gin (text public.gin_trgm_ops)")
    shops.run(f"INSERT INTO {schema}.names VALUES ('{{نگار,A}}', '(1,2),(3,4)', 'گردنبند')")
    return shop


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def beside(house: House, made: making.Made, shop: Shop) -> copied.Beside:
    return copied.beside(
        house.connect, house.vaults, slug=shop.schema_name, backup=made.backup.id, to="again",
        identity=OPERATIONS.identity, actor="a test", reason="a test",
    )  # fmt: skip


def test_a_manifest_names_what_the_database_has_and_what_each_schema_leans_on(house: House, leaning: Shop) -> None:
    found = all_of_it(house).manifest
    assert [(one.name, one.schema) for one in found.extensions] == [
        ("citext", "public"), ("cube", "with space"), ("unaccent", "public"), ("pg_trgm", "public"),
    ]  # fmt: skip
    assert all(one.version for one in found.extensions)
    assert {entry.schema: entry.extensions for entry in found.packs} == {
        "public": ("citext",), leaning.schema_name: ("citext", "cube", "pg_trgm"),
    }  # fmt: skip


def test_of_a_database_without_extensions_nothing_is_said(house: House, shop: Shop) -> None:
    found = all_of_it(house).manifest
    assert (found.extensions, {entry.extensions for entry in found.packs}) == ((), {()})


def test_a_shop_whose_extensions_are_there_comes_back_beside_the_live_one(house: House, leaning: Shop) -> None:
    done = beside(house, all_of_it(house), leaning)
    assert "names" in {table.name for table in done.restored.facts.tables}


def test_a_missing_extension_is_refused_before_the_first_byte_with_the_statement_that_helps(
    house: House, leaning: Shop, shops: Shops, tmp_path: Path
) -> None:
    made = all_of_it(house)
    shops.run("DROP EXTENSION cube CASCADE; DROP EXTENSION pg_trgm CASCADE; CREATE SCHEMA other")
    shops.run("CREATE EXTENSION pg_trgm SCHEMA other")
    for segment in made.manifest.segments:
        (tmp_path / "one" / segment.key).unlink()  # whoever reads a byte of the pack hears of this instead
    with pytest.raises(MissingExtensionError) as refused:
        beside(house, made, leaning)
    said = str(refused.value)
    assert 'CREATE SCHEMA IF NOT EXISTS "with space"; CREATE EXTENSION "cube" SCHEMA "with space"' in said
    assert 'pg_trgm is in the schema other and has to be in public: ALTER EXTENSION "pg_trgm" SET SCHEMA' in said
    assert "unaccent" not in said
    assert shops.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'again'") == []


def test_what_the_server_does_not_have_is_told_from_what_the_database_lacks() -> None:
    wanted = (Extension("postgis", "3.5", "public"), Extension("citext", "1.6", "public"), Extension("c", "1", "shop"))
    assert list(extensions.lacking(wanted, there={}, available={"citext"}, own="shop")) == [
        (
            "the extension postgis 3.5 is not on this server (install its files first): "
            'CREATE EXTENSION "postgis" SCHEMA "public"'
        ),
        'the extension citext 1.6 is not in this database: CREATE EXTENSION "citext" SCHEMA "public"',
        (
            "the extension c lies in the schema shop itself, and a database can have it once: put it elsewhere "
            '(ALTER EXTENSION "c" SET SCHEMA public) and make a new backup'
        ),
    ]
    assert list(extensions.lacking(wanted[1:2], there={"citext": "public"}, available=(), own="shop")) == []


def test_every_pack_that_leans_on_extensions_is_drilled_and_proven(
    house: House, leaning: Shop, postgres: Server, shops: Shops
) -> None:
    shops.run("CREATE TYPE public.metal AS ENUM ('طلا')")
    shops.run(f"ALTER TABLE {leaning.schema_name}.names ADD metal public.metal DEFAULT 'طلا'")
    all_of_it(house)
    done = drills.run_named(yard_of(house, postgres))
    assert {one.schema: (one.faults, one.undecided) for one in done.verdicts} == {
        "public": ((), ""), leaning.schema_name: ((), ""),
    }  # fmt: skip
    assert Copy.objects.get().state == CopyState.STORED


def test_everything_comes_back_into_an_empty_database_with_its_extensions(
    house: House, leaning: Shop, new: Database
) -> None:
    made = all_of_it(house)
    done = everything.restore(
        lambda: psycopg.connect(new.owner_url), vaults=house.vaults, backup=made.manifest.backup,
        identity=OPERATIONS.identity, rest=Rest([], "a test", "lost", clock.now()),
    )  # fmt: skip
    assert (set(done.vaults), done.without) == ({"public", leaning.schema_name}, ())
    with psycopg.connect(new.owner_url) as owner:
        owner.execute("SET search_path = public")
        found = owner.execute(f"SELECT 'a' = ANY (name), at::text, text LIKE 'گردن%' FROM {leaning.schema_name}.names")
        assert found.fetchall() == [(True, "(1, 2),(3, 4)", True)], "compared without case, as citext does"
        assert {one.name: one.schema for one in extensions.present(owner)} == {
            one.name: one.schema for one in made.manifest.extensions
        }


def test_an_extension_that_only_a_superuser_may_make_is_refused_with_an_empty_database_left_empty(
    house: House, shop: Shop, new: Database, database: ScratchDatabase, postgres: Server, shops: Shops
) -> None:
    with psycopg.connect(postgres.admin_url, dbname=database.name, autocommit=True) as admin:
        admin.execute(
            "CREATE SCHEMA seen; GRANT USAGE ON SCHEMA seen TO PUBLIC; CREATE EXTENSION pageinspect SCHEMA seen"
        )
        admin.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA seen TO zargar_owner")
    unneeded = all_of_it(house)
    shops.run(f"CREATE VIEW {shop.schema_name}.pages AS SELECT * FROM seen.page_header(repeat('a', 8192)::bytea)")
    needed = all_of_it(house)

    def put(made: making.Made) -> everything.Everything:
        return everything.restore(
            lambda: psycopg.connect(new.owner_url), vaults=house.vaults, backup=made.manifest.backup,
            identity=OPERATIONS.identity, rest=Rest([], "a test", "lost", clock.now()),
        )  # fmt: skip

    with pytest.raises(MissingExtensionError, match='let one CREATE SCHEMA IF NOT EXISTS "seen"; CREATE EXTENSION'):
        put(needed)
    with psycopg.connect(new.owner_url) as owner:
        assert owner.execute("SELECT to_regnamespace('public') IS NOT NULL, to_regnamespace('seen')").fetchone() == (
            True, None,
        )  # fmt: skip
    assert put(unneeded).without == ("pageinspect",)


def yard_of(house: House, postgres: Server) -> DrillYard:
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(house.vaults, server, OPERATIONS.identity)


def written_again(house: House, made: making.Made, told: Manifest) -> Backup:
    """The same packs under another manifest."""
    slugs = [str(entry.shop) for entry in told.packs]
    packs: dict[str, Sequence[Member]] = {slug: members_of(house, made, slug, OPERATIONS) for slug in slugs}
    return resealed(house, replace(made, manifest=told), packs)


def test_a_drills_server_without_an_extension_that_a_shop_needs_leaves_that_shop_undecided(
    house: House, leaning: Shop, postgres: Server
) -> None:
    made = all_of_it(house)
    told = replace(
        made.manifest,
        extensions=(*made.manifest.extensions, Extension("no_such_extension", "1", "public")),
        packs=tuple(
            replace(one, extensions=(*one.extensions, "no_such_extension")) if one.schema != "public" else one
            for one in made.manifest.packs
        ),
    )
    done = drills.run_named(yard_of(house, postgres), backup=written_again(house, made, told).id)
    found = {one.schema: one for one in done.verdicts}
    assert found["public"].proven, "what it does not need it does without"
    needing = found[leaning.schema_name]
    assert (needing.faults, needing.broke_off) == ((), True)
    assert "no_such_extension 1 is not on this server" in needing.undecided


def test_a_manifest_of_format_1_is_drilled_with_the_extensions_of_the_live_database(
    house: House, leaning: Shop, postgres: Server
) -> None:
    made = all_of_it(house)
    backup = written_again(house, made, replace(made.manifest, format=1))
    read = proving.read_manifest(house.vaults[0], str(backup.id))
    assert (read.format, read.extensions, {entry.extensions for entry in read.packs}) == (1, (), {()})
    done = drills.run_named(yard_of(house, postgres), backup=backup.id)
    assert {one.schema: (one.faults, one.undecided) for one in done.verdicts} == {
        "public": ((), ""), leaning.schema_name: ((), ""),
    }  # fmt: skip
