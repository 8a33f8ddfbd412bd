"""The runbook's lines for a day without this program are run as they stand: one shop comes back, and all of it."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import re
import secrets
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.databases import ScratchDatabase, Server, django_uses
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import age, at_rest, inspection, keys, making, operations
from zargar.backups.ddl import PgDump
from zargar.backups.differences import compare
from zargar.backups.file_inspection import found_in
from zargar.backups.files import FolderSource
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.retention import Kind
from zargar.backups.roles import RolesSource
from zargar.customers.models import Consent, Customer
from zargar.ledger.models import Run
from zargar.schedules.models import EntryState
from zargar.schedules.wiring import entries
from zargar.shops import operations as shop_operations
from zargar.shops.models import Shop, State
from zargar.tenancy import in_tenant

ROOT = Path(__file__).parents[3]
SECTION = (ROOT / "docs" / "runbook.md").read_text().partition("### With stock tools alone")[2].partition("\n## ")[0]
COMMON, ONE_SHOP, EVERYTHING = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
OPERATIONS, ESCROW = age.generate(), age.generate()

pytestmark = [pytest.mark.debian(package) for package in ("age", "jq", "postgresql-client", "zstd")]


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "انگشتر.jpg").write_bytes(b"\x00\xff" * 700)
    (tmp_path / "escrow.key").write_text(f"# public key: {ESCROW.recipient}\n{ESCROW.identity}\n")
    return House(
        vaults=(directory(tmp_path, "one"),),
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
        sources=(RolesSource(), FolderSource("files.media", tmp_path / "media")),
    )


@pytest.fixture
def made(house: House, shops: Shops, rich: str, shop: Shop) -> making.Made:
    """A backup of three shops, one of which has another's DDL, and one of which has everything."""
    Shop.objects.create(schema_name=rich, name="طلا", state="active")
    shops.run("CREATE SCHEMA first; CREATE TABLE first.t (n integer); INSERT INTO first.t VALUES (1)")
    shops.run("CREATE SCHEMA second; CREATE TABLE second.t (n integer); INSERT INTO second.t VALUES (2)")
    for name in ("first", "second"):
        Shop.objects.create(schema_name=name, name=name, state="active")
    EntryState.objects.create(entry="an-entry", live_since=clock.now(), looked_until=clock.now())
    Run.objects.create(task="a task", family="backup", queue="backups", origin="a test")
    with in_tenant(shop.id):
        Customer.objects.create(full_name="نگار", mobile="+989120000001", note="a\tb\\N\n")
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def run(script: str, tmp_path: Path, made: making.Made, **variables: str) -> None:
    done = ran(script, tmp_path, made, **variables)
    assert (done.returncode, done.stderr) == (0, "")


def ran(
    script: str, tmp_path: Path, made: making.Made, **variables: str
) -> "subprocess.CompletedProcess[str]":  # fmt: skip
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(tmp_path),
        "VAULT": str(tmp_path / "one"), "BACKUP": made.manifest.backup, "IDENTITY": str(tmp_path / "escrow.key"),
        **variables,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", COMMON + script],  # noqa: S607 -- as the page has it
        env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert not list(tmp_path.glob("tmp.*")), "what was opened is deleted with the shell"
    return done


def test_one_shop_comes_back_and_the_live_one_is_kept(
    made: making.Made, shops: Shops, shop: Shop, tmp_path: Path
) -> None:
    shops.run(f"DELETE FROM {shop.schema_name}.customers_customer")

    run(ONE_SHOP, tmp_path, made, SHOP=shop.schema_name, DATABASE=shops.database.owner_url)

    assert shops.rows(f"SELECT full_name, note FROM {shop.schema_name}.customers_customer") == [("نگار", "a\tb\\N\n")]
    assert shops.rows(f"SELECT count(*) FROM {shop.schema_name}_before.customers_customer") == [(0,)]
    assert differing(shops.database.owner_url, made, shop.schema_name) == ()


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_shop_whose_ddl_is_under_another_s_name_comes_back_beside_that_one(
    made: making.Made, shops: Shops, tmp_path: Path, name: str
) -> None:
    shops.run(f"TRUNCATE {name}.t")
    run(ONE_SHOP, tmp_path, made, SHOP=name, DATABASE=shops.database.owner_url)
    assert shops.rows("SELECT f.n, s.n FROM first.t f, second.t s") == [(1, 2)]
    assert shops.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'zargar_aside'") == [(0,)]


def test_a_restore_that_fails_leaves_the_shop_whose_name_the_ddl_has_where_it_was(
    made: making.Made, shops: Shops, tmp_path: Path
) -> None:
    for name, other in (("first", "second"), ("second", "first")):  # one of them has the DDL of the other
        failed = ran(f"restore_schema {name}", tmp_path, made, DATABASE=shops.database.owner_url)
        assert failed.returncode != 0
        assert "already exists" in failed.stderr, other
    assert shops.rows("SELECT f.n, s.n FROM first.t f, second.t s") == [(1, 2)]
    assert shops.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'zargar_aside'") == [(0,)]


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_shop_whose_name_the_ddl_has_is_there_for_others_all_the_time(
    made: making.Made, shops: Shops, tmp_path: Path, name: str
) -> None:
    other = {"first": "second", "second": "first"}[name]
    shops.run("CREATE TABLE public.looked (found text)")
    look = f"""psql() {{
        command psql -X -q -c "INSERT INTO public.looked SELECT to_regclass('{other}.t')" "$DATABASE"
        command psql "$@"
        command psql -X -q -c "INSERT INTO public.looked SELECT to_regclass('{other}.t')" "$DATABASE"
    }}
    """
    run(look + ONE_SHOP, tmp_path, made, SHOP=name, DATABASE=shops.database.owner_url)
    assert len(shops.rows("SELECT found FROM public.looked")) > 2
    assert {found for (found,) in shops.rows("SELECT found FROM public.looked")} == {f"{other}.t"}


def test_everything_comes_back_in_a_new_database_and_an_erased_shop_does_not(
    made: making.Made, house: House, postgres: Server, database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    assert State(Shop.objects.get(schema_name="first").state) is State.ACTIVE
    gone = next(entry.key for entry in made.manifest.packs if entry.shop == "second")
    keys.destroy([gone], house.vaults, at=clock.now())
    name = f"zargar_test_{secrets.token_hex(6)}"
    admin = conninfo_to_dict(postgres.admin_url)
    target = make_conninfo("", **{**admin, "dbname": name})
    try:
        run(
            EVERYTHING, tmp_path, made, NAME=name, ADMIN=postgres.admin_url, DATABASE=target,
            FILES=str(tmp_path / "files"),
        )  # fmt: skip

        schemas = [entry.schema for entry in made.manifest.packs if entry.facts and entry.shop != "second"]
        assert len(schemas) == 4
        for schema in schemas:
            resting = ("shops_shop", "schedules_entrystate", "ledger_run") if schema == "public" else ()
            assert [words.split(":")[0] for words in differing(target, made, schema)] == [
                f"content of rows of {table}" for table in sorted(resting)
            ]
        with psycopg.connect(target) as connection:
            assert connection.execute("SELECT DISTINCT state FROM public.shops_shop").fetchall() == [("restoring",)]
            assert connection.execute("SELECT paused_by FROM public.schedules_entrystate").fetchall() == [
                ("restore system",)
            ]
            assert connection.execute("SELECT state FROM public.ledger_run").fetchall() == [("superseded",)]
            owners = connection.execute(
                "SELECT nspname, nspowner::regrole::text FROM pg_namespace WHERE nspname = ANY(%s)",
                [[*schemas, "second"]],
            ).fetchall()
        assert sorted(owners) == sorted((schema, "zargar_owner") for schema in schemas)
        with django_uses(database.owner_url.replace(database.name, name)):  # forward, in the page's order
            older = {"schema_name": shop.schema_name, "interactive": False, "verbosity": 0}
            call_command("migrate_schemas", "customers", "0001", **older)
            told = {"actor": "a test", "reason": "as the page has it"}
            at_rest.release(entries=entries(), slug=None, **told)
            shop_operations.suspend(slug="second", **told)
            shop_operations.delete(slug="second", **told)
            assert shop_operations.migrate(slug=shop.schema_name, **told).state == State.ACTIVE
            with in_tenant(shop.id):
                assert Consent.objects.count() == 0  # a table of the second migration
        media = next(entry.files for entry in made.manifest.packs if entry.place.pack == "files.media")
        assert found_in(tmp_path / "files" / "files.media") == media
    finally:
        postgres.drop(name)


def differing(url: str, made: making.Made, schema: str) -> tuple[str, ...]:
    """What is not as it was recorded."""
    recorded = next(entry.facts for entry in made.manifest.packs if entry.schema == schema)
    assert recorded is not None
    with psycopg.connect(url) as connection:
        return tuple(str(one) for one in compare(recorded, inspection.facts_of(connection, schema)))
