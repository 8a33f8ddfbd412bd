"""One shop is read exactly, and comes back beside the live one as it was, byte for byte."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.packs import PG_DUMP, Shops, edited
from tests.support.rich_schema import create_rich_schema
from zargar.backups import description as say
from zargar.backups.catalogue import NoSuchSchemaError
from zargar.backups.ddl import OldClientError, PgDump
from zargar.backups.description import BadPackError
from zargar.backups.differences import compare, compare_ddl
from zargar.backups.members import MOST_BYTES, Member
from zargar.backups.restore import RestoredDiffersError, TargetTakenError, WrongPackError
from zargar.customers.models import Customer
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant


def test_the_inspector_finds_what_the_reader_recorded(shops: Shops, rich: str) -> None:
    _, facts = shops.read(rich)

    found = shops.facts(rich)

    assert compare(facts, found) == ()
    assert facts.tables == found.tables
    assert {table.name: table.rows for table in facts.tables} == {
        "base": 3, "empty_one": 0, "heir": 1, "only_generated": 1, "pieces": 202, "sales_1404": 19, "sales_rest": 12,
        "scratch": 0, "settings": 3,
    }  # fmt: skip
    assert {sequence.name: sequence.is_called for sequence in facts.sequences}["untouched"] is False


def test_a_rich_schema_under_its_own_name_again_is_dumped_byte_for_byte_the_same(shops: Shops, rich: str) -> None:
    before = shops.dumped(rich)
    members, _ = shops.read(rich)

    shops.restore(members, rich, "copy")

    assert shops.dumped(rich) == before
    shops.run(f"ALTER SCHEMA {rich} RENAME TO live; ALTER SCHEMA copy RENAME TO {rich}")
    assert shops.dumped(rich) == before


def test_a_copy_has_the_facts_of_the_shop_under_another_name_too(shops: Shops, rich: str) -> None:
    members, facts = shops.read(rich)
    shops.restore(members, rich, "copy")
    assert compare(facts, replace(shops.facts("copy"), schema=rich)) == ()


def test_pg_dump_is_a_second_witness_of_the_shape(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    [recorded] = shops.known.values()
    shops.run(f"DROP SCHEMA {rich} CASCADE")

    shops.restore(members, rich, rich)

    with shops.connect() as owner:
        assert compare_ddl(recorded, PG_DUMP.dump(owner, rich)) == ()
        owner.execute(f"ALTER TABLE {rich}.pieces ALTER karat SET DEFAULT '21'".encode())
        owner.commit()
        [difference] = compare_ddl(recorded, PG_DUMP.dump(owner, rich))
    assert "DEFAULT '18'" in difference.recorded
    assert "DEFAULT '21'" in difference.found


def test_the_live_shop_is_read_and_written_while_its_copy_is_made(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    seen: list[int] = []

    def meanwhile() -> None:
        with shops.database.owner() as other:
            other.execute(f"INSERT INTO {rich}.base VALUES (9, 'meanwhile')".encode())
            row = other.execute(f"SELECT count(*) FROM {rich}.base WHERE a = 9".encode()).fetchone()
            assert row is not None
            seen.append(row[0])

    def watched() -> Iterator[Member]:
        for member in members:
            meanwhile()
            yield member

    shops.restore(watched(), rich, "copy")

    assert seen == list(range(1, len(members) + 1))
    assert shops.rows("SELECT count(*) FROM copy.base WHERE a = 9") == [(0,)]


def test_a_shop_of_the_migrations_records_them_and_comes_back(shops: Shops, shop: Shop) -> None:
    with in_tenant(shop.id):
        Customer.objects.create(full_name="نگار", mobile="+989120000001", note="a\tb\\N\n")
    members, facts = shops.read(TEMPLATE_SHOP)

    shops.restore(members, TEMPLATE_SHOP, "copy", expected=facts)

    assert "customers.0001_initial" in facts.migrations
    assert shops.rows("SELECT full_name, note FROM copy.customers_customer") == [("نگار", "a\tb\\N\n")]


def test_what_few_schemas_own_comes_back_with_the_same_shape(shops: Shops, rich: str) -> None:
    before = shops.facts(rich).fingerprint
    shops.run(f"""
        CREATE CONVERSION {rich}.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
        COMMENT ON CONVERSION {rich}.latin IS 'of old files';
        CREATE COLLATION {rich}.plain (provider = builtin, locale = 'C.UTF-8');
        CREATE TYPE {rich}.weights AS RANGE (subtype = numeric, multirange_type_name = {rich}.many);
        CREATE TYPE {rich}.names AS RANGE (subtype = text, subtype_opclass = text_pattern_ops, collation = "C");
        CREATE AGGREGATE {rich}.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', MSFUNC = int4pl,
            MINVFUNC = int4mi, MSTYPE = integer, MINITCOND = '0');
        CREATE TEXT SEARCH DICTIONARY {rich}.words (TEMPLATE = simple);
        CREATE TEXT SEARCH CONFIGURATION {rich}.search (COPY = simple)
    """)
    members, facts = shops.read(rich)
    assert facts.fingerprint != before

    shops.restore(members, rich, "copy")

    assert compare(facts, replace(shops.facts("copy"), schema=rich)) == ()


def test_the_copy_of_a_copy_is_dumped_the_same_where_postgresql_respells_a_condition_once(shops: Shops) -> None:
    members, _ = shops.read(TEMPLATE_SHOP)
    shops.run(f"DROP SCHEMA {TEMPLATE_SHOP} CASCADE")
    shops.restore(members, TEMPLATE_SHOP, TEMPLATE_SHOP)
    once = shops.dumped(TEMPLATE_SHOP)
    members, _ = shops.read(TEMPLATE_SHOP)
    shops.run(f"DROP SCHEMA {TEMPLATE_SHOP} CASCADE")
    assert b"ARRAY[('" in once

    shops.restore(members, TEMPLATE_SHOP, TEMPLATE_SHOP)

    assert shops.dumped(TEMPLATE_SHOP) == once
    assert len(shops.known) == 2


def test_rights_that_were_taken_away_stay_away_though_new_tables_get_them(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    shops.restore(members, rich, "copy")
    with shops.database.app() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("INSERT INTO copy.base VALUES (1, '')")
    shops.run("CREATE TABLE public.later (n integer)")
    with shops.database.app() as app:
        app.execute("INSERT INTO public.later VALUES (1)")


def test_two_shops_of_one_shape_share_one_dump_and_the_second_restores_from_it(shops: Shops) -> None:
    for name in ("first", "second"):
        shops.run(f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (id serial, name text DEFAULT 'none');"
                  f"INSERT INTO {name}.t (name) VALUES ('{name}')")  # fmt: skip
    shops.read("first")
    members, _ = shops.read("second")

    shops.restore(members, "second", "copy")

    assert len(shops.known) == 1
    assert say.Pack.load(members[0].data).ddl_schema == "first"
    assert shops.rows("SELECT name FROM copy.t UNION ALL SELECT name FROM first.t") == [("second",), ("first",)]
    shops.run("INSERT INTO copy.t DEFAULT VALUES")  # its default reads its own sequence
    assert shops.rows("SELECT last_value FROM copy.t_id_seq") == [(2,)]
    assert shops.rows("SELECT last_value FROM first.t_id_seq") == [(1,)]


def test_restores_that_borrow_one_name_at_the_same_time_come_one_after_the_other(shops: Shops) -> None:
    packs = {}
    for name in ("first", "second", "third"):
        shops.run(f"CREATE SCHEMA {name}; CREATE TABLE {name}.t AS SELECT '{name}' AS name")
        packs[name] = shops.read(name)

    with ThreadPoolExecutor() as pool:
        copies = [
            pool.submit(shops.restore, members, name, f"{name}_{n}", facts)
            for n in range(3)
            for name, (members, facts) in packs.items()
        ]
        assert [copy.result().tables[0].rows for copy in copies] == [1] * 9
    assert shops.rows("SELECT first.t.name, third_2.t.name FROM first.t, third_2.t") == [("first", "third")]
    assert len(shops.known) == 1


def test_a_session_that_is_lost_while_reading_gives_no_facts(shops: Shops, rich: str) -> None:
    reading = shops.reading(rich)
    members = reading.members()
    next(members)
    shops.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
              "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    with pytest.raises(psycopg.OperationalError):
        list(members)
    with pytest.raises(RuntimeError):
        _ = reading.facts


def test_a_session_that_is_lost_while_restoring_leaves_nothing(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)

    def cut() -> Iterator[Member]:
        for member in members:
            if member.name == say.POST_DATA:
                shops.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
            yield member

    with pytest.raises(psycopg.OperationalError):
        shops.restore(cut(), rich, "copy")
    assert shops.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'copy'") == [(0,)]
    shops.restore(members, rich, "copy")


def test_a_body_that_names_its_shop_makes_a_shape_of_its_own(shops: Shops) -> None:
    for name in ("first", "second"):
        shops.run(f"CREATE SCHEMA {name}; CREATE FUNCTION {name}.f() RETURNS text LANGUAGE sql AS $$SELECT '{name}'$$")
        shops.read(name)
    assert len(shops.known) == 2


@pytest.mark.parametrize("program", ["wheel", pytest.param("debian", marks=pytest.mark.debian("postgresql-client"))])
def test_a_pack_comes_back_with_psql_alone(shops: Shops, rich: str, tmp_path: Path, program: str) -> None:
    before = shops.dumped(rich)
    members, _ = shops.read(rich)
    for member in members:
        (tmp_path / member.name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / member.name).write_bytes(member.data)
    shops.run(f"DROP SCHEMA {rich} CASCADE")
    for kind, right in (("TABLES", "ALL"), ("SEQUENCES", "ALL"), ("SCHEMAS", "ALL")):
        shops.run(f"ALTER DEFAULT PRIVILEGES REVOKE {right} ON {kind} FROM zargar_app")

    psql = str(PG_DUMP.folder / "psql") if program == "wheel" else "/usr/bin/psql"
    done = subprocess.run(
        [psql, "-X", "-q", "-f", "restore.sql", shops.database.owner_url],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert shops.dumped(rich) == before


def test_a_long_table_comes_in_bounded_pieces_that_may_end_inside_a_row(shops: Shops) -> None:
    shops.run("CREATE SCHEMA big; CREATE TABLE big.t (n integer, body text);"
              "INSERT INTO big.t SELECT n, repeat('پاره', 600000) FROM generate_series(1, 5) n")  # fmt: skip
    members, facts = shops.read("big")
    parts = [member for member in members if member.name.startswith("data/")]

    shops.restore(members, "big", "copy", expected=facts)

    assert [len(part.data) for part in parts[:-1]] == [MOST_BYTES] * (len(parts) - 1)
    assert len(parts) > 2
    assert facts.tables[0].rows == 5


def test_a_pack_of_another_shop_is_refused_and_so_is_a_taken_name(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    with pytest.raises(WrongPackError, match="that of 'gold', not of 'silver'"):
        shops.restore(members, "silver", "copy")
    with pytest.raises(TargetTakenError):
        shops.restore(members, rich, TEMPLATE_SHOP)
    with pytest.raises(TargetTakenError):
        shops.restore(members, rich, rich)


@pytest.mark.parametrize("keep", [0, 1, 5, -1])
def test_a_pack_that_breaks_off_leaves_nothing(shops: Shops, rich: str, keep: int) -> None:
    members, _ = shops.read(rich)
    schemas = shops.rows("SELECT nspname FROM pg_namespace ORDER BY 1")
    with pytest.raises(BadPackError):
        shops.restore(members[:keep], rich, "copy")
    assert shops.rows("SELECT nspname FROM pg_namespace ORDER BY 1") == schemas


def test_facts_that_were_recorded_elsewhere_are_believed_before_those_in_the_pack(shops: Shops, rich: str) -> None:
    members, facts = shops.read(rich)
    base, *others = facts.tables
    elsewhere = replace(facts, tables=(replace(base, rows=base.rows + 1), *others))
    with pytest.raises(RestoredDiffersError, match="number of rows of base: recorded 4, found 3"):
        shops.restore(members, rich, "copy", expected=elsewhere)


def test_a_materialized_view_is_filled_after_a_younger_one_that_it_reads(shops: Shops) -> None:
    shops.run("""CREATE SCHEMA views; CREATE VIEW views.between AS SELECT 1 AS n;
                 CREATE MATERIALIZED VIEW views.old AS SELECT n FROM views.between;
                 CREATE MATERIALIZED VIEW views.young AS SELECT 7 AS n;
                 CREATE OR REPLACE VIEW views.between AS SELECT n FROM views.young;
                 REFRESH MATERIALIZED VIEW views.old""")
    members, _ = shops.read("views")

    shops.restore(members, "views", "copy")

    assert shops.rows("SELECT n FROM copy.old") == [(7,)]


def test_what_an_extension_put_into_a_schema_is_the_extension_s_and_not_compared(shops: Shops, rich: str) -> None:
    before = shops.facts(rich).fingerprint
    shops.run(f"CREATE EXTENSION citext SCHEMA {rich}")
    assert shops.rows(f"SELECT count(*) > 5 FROM pg_proc WHERE pronamespace = '{rich}'::regnamespace") == [(True,)]
    assert shops.facts(rich).fingerprint == before


def test_the_schema_of_a_backup_must_exist(shops: Shops) -> None:
    with pytest.raises(NoSuchSchemaError, match="no schema 'nowhere'"):
        shops.read("nowhere")


def test_a_client_older_than_the_server_is_refused_before_the_first_member(shops: Shops, rich: str) -> None:
    shops.pg_dump = PgDump(PG_DUMP.folder, major=15)
    with pytest.raises(OldClientError, match=r"is 15, the server \d+: install the newer"):
        next(shops.reading(rich).members())


def test_a_machine_without_pg_dump_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(OldClientError, match="there is no pg_dump"):
        PgDump.found([tmp_path])


def test_the_facts_are_known_at_the_end_only(shops: Shops, rich: str) -> None:
    reading = shops.reading(rich)
    next(reading.members())
    with pytest.raises(RuntimeError, match="when its last member was read"):
        _ = reading.facts


def test_a_reading_is_read_once(shops: Shops, rich: str) -> None:
    reading = shops.reading(rich)
    assert list(reading.members())
    with pytest.raises(RuntimeError, match="read once"):
        next(reading.members())


def test_a_pack_of_an_unknown_format_is_refused(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    with pytest.raises(BadPackError, match="has format 9"):
        shops.restore(edited(members, say.PACK, b'"format": 1', b'"format": 9'), rich, "copy")


def test_rows_that_a_policy_hides_even_from_the_owner_are_an_error_not_a_gap(
    shops: Shops, rich: str, database: ScratchDatabase
) -> None:
    shops.run(f"ALTER TABLE {rich}.pieces FORCE ROW LEVEL SECURITY")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        shops.read(rich)


def test_a_name_that_needs_quotes_is_a_name(shops: Shops) -> None:
    with shops.database.owner() as owner:
        create_rich_schema(owner, "plain")
    shops.run("""ALTER SCHEMA plain RENAME TO "We're .*" """)
    members, _ = shops.read("We're .*")
    assert shops.restore(members, "We're .*", 'a "copy"').tables


def test_the_planner_knows_a_copy_as_soon_as_it_is_there(shops: Shops, rich: str) -> None:
    members, _ = shops.read(rich)
    shops.restore(members, rich, "copy")
    known = shops.rows("SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = 'copy' ORDER BY 1")
    assert {"base", "heir", "pieces", "settings"} <= {name for (name,) in known}
