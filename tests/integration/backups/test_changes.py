"""Whatever changes a schema or its storage is noticed, exactly, and the shop is read again before anything goes out."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support.packs import PG_DUMP, Shops
from zargar.backups import changes, standstill
from zargar.backups.ddl import Ddl
from zargar.backups.differences import compare
from zargar.backups.snapshot import ATTEMPTS, ShopChangingError

DDL = [
    "TRUNCATE gold.base CASCADE",
    "ALTER TABLE gold.base ALTER a TYPE bigint",
    "ALTER TABLE gold.base ADD COLUMN more text",
    "ALTER TABLE gold.base DROP COLUMN b",
    "ALTER TABLE gold.base RENAME COLUMN b TO bb",
    "ALTER TABLE gold.base ALTER b SET DEFAULT 'x'",
    "ALTER TABLE gold.base ALTER a SET NOT NULL",
    "ALTER TABLE gold.base RENAME TO basis",
    "ALTER TABLE gold.base SET (fillfactor = 70)",
    "DROP TABLE gold.scratch",
    "CREATE TABLE gold.new_one (n integer)",
    "CREATE INDEX ON gold.base (a)",
    "DROP INDEX gold.pieces_tidy",
    "ALTER TABLE gold.pieces DISABLE TRIGGER stamped",
    "DROP TRIGGER stamped ON gold.pieces",
    "ALTER POLICY writing ON gold.pieces WITH CHECK (true)",
    "ALTER TABLE gold.pieces DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE gold.sales VALIDATE CONSTRAINT sales_positive",
    "ALTER TABLE gold.sales DETACH PARTITION gold.sales_1404",
    "CREATE OR REPLACE FUNCTION gold.tidy(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper($1)",
    "ALTER FUNCTION gold.stamp() SET search_path = public",
    "CREATE OR REPLACE VIEW gold.totals AS SELECT karat, sum(weight) AS grams, 'x' AS shop FROM gold.pieces GROUP BY 1",
    "REFRESH MATERIALIZED VIEW gold.never_filled",
    "ALTER TYPE gold.karat ADD VALUE '9'",
    "ALTER DOMAIN gold.grams SET DEFAULT 1",
    "ALTER SEQUENCE gold.receipts INCREMENT 2",
    "ALTER STATISTICS gold.pieces_both SET STATISTICS 7",
    "COMMENT ON TABLE gold.base IS 'new'",
    "COMMENT ON COLUMN gold.base.a IS 'new'",
    "COMMENT ON FUNCTION gold.tidy IS 'new'",
    "COMMENT ON POLICY writing ON gold.pieces IS NULL",
    "COMMENT ON TRIGGER stamped ON gold.pieces IS NULL",
    "COMMENT ON CONSTRAINT sales_positive ON gold.sales IS 'new'",
    "COMMENT ON SCHEMA gold IS NULL",
    "GRANT SELECT ON gold.scratch TO zargar_app WITH GRANT OPTION",
    "REVOKE USAGE ON SCHEMA gold FROM zargar_app",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA gold REVOKE SELECT ON TABLES FROM PUBLIC",
]
HARMLESS = [
    "INSERT INTO gold.base VALUES (5, 'five')",
    "UPDATE gold.pieces SET weight = weight + 1",
    "DELETE FROM gold.sales",
    "ANALYZE gold.pieces",
    "VACUUM gold.pieces",
    "SELECT nextval('gold.receipts')",
]


def state(shops: Shops) -> str:
    with shops.connect() as owner:
        return changes.states(owner, ["gold"])["gold"]


@contextmanager
def marked(shops: Shops) -> Iterator[Callable[[], bool]]:
    """Mark what the catalogues hold in a snapshot that stays open; the function says whether they hold it still."""
    with shops.connect() as snapshot, shops.connect() as now:
        snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        mark = standstill.mark(snapshot)
        now.autocommit = True
        yield lambda: standstill.holds(now, mark)


@pytest.mark.parametrize("statement", DDL)
def test_every_change_of_shape_or_storage_changes_the_state_and_ends_the_standstill(
    shops: Shops, rich: str, statement: str
) -> None:
    before = state(shops)
    with marked(shops) as still:
        assert still()
        shops.run(statement)
        assert not still()
    assert state(shops) != before


def test_work_with_rows_does_not_change_the_state_nor_end_the_standstill(shops: Shops, rich: str) -> None:
    before = state(shops)
    with marked(shops) as still:
        for statement in HARMLESS:
            shops.run(statement)
            assert state(shops) == before, statement
            assert still(), statement


def test_what_is_younger_than_the_oldest_transaction_counts_only_if_it_changes_again(shops: Shops, rich: str) -> None:
    with shops.connect() as older:
        older.execute("SELECT pg_current_xact_id()")  # nothing after this is older than the snapshot's horizon
        shops.run("CREATE TABLE gold.young (n integer); CREATE TABLE gold.other (n integer)")
        with marked(shops) as still:
            shops.run("INSERT INTO gold.young VALUES (1)")
            assert still()
            shops.run("BEGIN; DROP TABLE gold.young; CREATE TABLE gold.young (n integer); COMMIT")
            assert not still()


class Interrupted:
    """A real pg_dump, beside which something happens in the database after each of its first dumps."""

    def __init__(self, happening: Callable[[], None], times: int = 1) -> None:
        self.happening = happening
        self.left = times

    def dump(self, connection: psycopg.Connection[Any], schema: str) -> Ddl:
        ddl = PG_DUMP.dump(connection, schema)
        if self.left:
            self.left -= 1
            self.happening()
        return ddl

    def dump_many(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Ddl]:
        return {schema: self.dump(connection, schema) for schema in schemas}


@pytest.mark.parametrize("statement", [DDL[0], DDL[1], DDL[9], DDL[19], DDL[27]])
def test_a_change_between_the_ddl_and_the_snapshot_is_seen_and_all_is_read_again(
    shops: Shops, rich: str, statement: str
) -> None:
    shops.pg_dump = Interrupted(lambda: shops.run(statement))
    reading = shops.reading(rich)

    members = list(reading.members())

    assert len(reading.redone) == 1
    assert compare(reading.facts, shops.facts(rich)) == ()
    shops.restore(members, rich, "copy", expected=reading.facts)


def test_a_schema_that_does_not_hold_still_is_given_up_for_now_before_the_first_member(shops: Shops, rich: str) -> None:
    shops.pg_dump = Interrupted(lambda: shops.run(f"COMMENT ON SCHEMA {rich} IS 'again'"), times=99)
    reading = shops.reading(rich)

    with pytest.raises(ShopChangingError, match=f"could not be read in {ATTEMPTS} attempts"):
        next(reading.members())

    assert len(reading.redone) == ATTEMPTS


def test_what_is_written_after_the_snapshot_is_not_in_the_pack_and_truncate_waits_for_its_end(
    shops: Shops, rich: str
) -> None:
    reading = shops.reading(rich)
    members = reading.members()
    kept = [next(members)]
    shops.run(f"INSERT INTO {rich}.base VALUES (9, 'late')")
    truncated = threading.Thread(target=shops.run, args=(f"TRUNCATE {rich}.pieces CASCADE",))
    truncated.start()
    with waiting_for_a_lock(shops):
        kept += members
    truncated.join(30)

    rows = {table.name: table.rows for table in reading.facts.tables}

    assert (rows["base"], rows["pieces"]) == (3, 202)
    assert shops.rows(f"SELECT count(*) FROM {rich}.pieces") == [(0,)]
    shops.restore(kept, rich, "copy", expected=reading.facts)


@contextmanager
def waiting_for_a_lock(shops: Shops) -> Iterator[None]:
    """Go on when some session of the database waits for a lock on a relation."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    for _ in range(200):
        if shops.rows(waiting) != [(0,)]:
            break
        threading.Event().wait(0.05)
    else:
        pytest.fail("nobody waits")
    yield


def test_a_table_that_somebody_holds_is_waited_for_only_so_long_and_tried_again(shops: Shops, rich: str) -> None:
    shops.read(rich)  # its DDL is known
    with shops.database.owner() as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {rich}.base IN ACCESS EXCLUSIVE MODE".encode())
        released = threading.Timer(6, holder.execute, args=("COMMIT",))
        released.start()
        reading = shops.reading(rich)
        members = list(reading.members())
        released.join()

    assert reading.redone[0].startswith("its tables could not be locked: canceling statement due to lock timeout")
    assert members
