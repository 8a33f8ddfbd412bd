"""A restored copy takes the live one's place at once: no transaction is cut in two, and all of it can be undone."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import threading
import time
from datetime import timedelta

import psycopg
import pytest

from tests.support.packs import Shops
from zargar.backups.apart import TableApart, rows_apart
from zargar.backups.catalogue import NoSuchSchemaError
from zargar.backups.restore import TargetTakenError
from zargar.backups.swap import SwapBusyError, Swapped, swap, undo


def swapped(shops: Shops, wait: float = 5) -> Swapped:
    with shops.connect() as owner:
        return swap(owner, live="gold", restored="copy", kept="gold_old", wait=timedelta(seconds=wait))


@pytest.fixture
def copied(shops: Shops, rich: str) -> Shops:
    """The rich shop, with its copy beside it."""
    members, _ = shops.read(rich)
    shops.restore(members, rich, "copy")
    return shops


def schemas(shops: Shops) -> set[str]:
    return {name for (name,) in shops.rows("SELECT nspname FROM pg_namespace")} & {"gold", "copy", "gold_old"}


def test_the_copy_is_live_and_what_was_live_is_kept_and_comes_back(copied: Shops) -> None:
    before = copied.dumped("gold")
    copied.run("INSERT INTO gold.base VALUES (9, 'after the backup')")

    done = swapped(copied)

    assert schemas(copied) == {"gold", "gold_old"}
    assert copied.dumped("gold") == before
    assert copied.rows("SELECT b FROM gold_old.base WHERE a = 9") == [("after the backup",)]
    with copied.connect() as owner:
        undo(owner, done)
    assert schemas(copied) == {"gold", "copy"}
    assert copied.rows("SELECT b FROM gold.base WHERE a = 9") == [("after the backup",)]
    assert copied.rows("SELECT count(*) FROM copy.base WHERE a = 9") == [(0,)]


@pytest.mark.parametrize("held", ["gold.sales_rest", "copy.base"])
def test_whoever_is_inside_is_waited_for_only_so_long_and_nothing_is_swapped(copied: Shops, held: str) -> None:
    with copied.database.owner() as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {held} IN ACCESS SHARE MODE".encode())
        with pytest.raises(SwapBusyError, match="lock timeout"):
            swapped(copied, wait=0.3)
        holder.execute("COMMIT")
    assert schemas(copied) == {"gold", "copy"}
    swapped(copied)


class Till:
    """Takes payments in pairs, each pair in one transaction, until it is told to stop. The shop is its search path."""

    def __init__(self, shops: Shops, first: int) -> None:
        self.shops = shops
        self.first = first
        self.paid: list[int] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        with psycopg.connect(self.shops.database.owner_url, autocommit=True) as till:
            till.execute("SET search_path = gold")
            number = self.first
            while not self.stop.is_set():
                with till.transaction():
                    till.execute("INSERT INTO base VALUES (%s, 'paid')", [number])
                    time.sleep(0.002)
                    till.execute("INSERT INTO scratch VALUES (%s)", [number])
                self.paid.append(number)
                number += 1


def payments(shops: Shops, schema: str, table: str, column: str) -> set[int]:
    return {number for (number,) in shops.rows(f"SELECT {column} FROM {schema}.{table} WHERE {column} >= 1000")}


def test_every_payment_of_a_busy_shop_is_whole_and_in_exactly_one_copy(copied: Shops) -> None:
    tills = [Till(copied, 100_000 * (1 + n)) for n in range(3)]
    for till in tills:
        till.thread.start()
    while not all(till.paid for till in tills):
        time.sleep(0.01)

    swapped(copied)

    after = [len(till.paid) for till in tills]
    while any(len(till.paid) < count + 5 for till, count in zip(tills, after, strict=True)):
        time.sleep(0.01)
    for till in tills:
        till.stop.set()
        till.thread.join(30)
    old, new = (payments(copied, schema, "base", "a") for schema in ("gold_old", "gold"))
    assert old
    assert new
    assert old & new == set()
    assert old | new == {number for till in tills for number in till.paid}
    assert old == payments(copied, "gold_old", "scratch", "n")
    assert new == payments(copied, "gold", "scratch", "n")


def test_what_differs_is_shown_by_table_and_key_before_anything_is_swapped(copied: Shops) -> None:
    with copied.connect() as owner:
        assert rows_apart(owner, live="gold", restored="copy") == ()
    copied.run("""INSERT INTO gold.settings VALUES ('new', NULL, 'secret');
                  DELETE FROM gold.settings WHERE value IS NULL AND xml_note = '';
                  UPDATE gold.settings SET xml_note = '' WHERE name = 'gold.factor';
                  INSERT INTO gold.base VALUES (1, 'one'); CREATE TABLE gold.more AS SELECT 1 AS n""")

    with copied.connect() as owner:
        apart = rows_apart(owner, live="gold", restored="copy")
        one_each = rows_apart(owner, live="gold", restored="copy", keys=1)

    assert apart == (
        TableApart("base", only_live=1, only_restored=0, changed=0, keys=()),
        TableApart("more", only_live=1, only_restored=0, changed=0, keys=()),
        TableApart("settings", 1, 1, 1, keys=('("tab\tand\nfeed")', "(gold.factor)", "(new)")),
    )
    assert one_each[-1] == TableApart("settings", 1, 1, 1, keys=('("tab\tand\nfeed")',))


@pytest.mark.parametrize("changed", ["gold", "copy"])
@pytest.mark.parametrize(
    ("by_hand", "differ"),
    [
        ("RENAME COLUMN code TO name", 0),
        ("DROP CONSTRAINT rings_pkey", 0),
        ("DROP CONSTRAINT rings_pkey; ALTER TABLE {0}.rings ADD n serial PRIMARY KEY", 3),
        ("DROP COLUMN code", 3),
    ],
    ids=["renamed", "no key", "another key", "gone"],
)
def test_rows_are_told_apart_by_a_key_that_both_copies_have_and_else_counted(
    copied: Shops, changed: str, by_hand: str, differ: int
) -> None:
    for schema in ("gold", "copy"):
        copied.run(f"CREATE TABLE {schema}.rings (code text PRIMARY KEY, weight numeric)")
        copied.run(f"INSERT INTO {schema}.rings VALUES ('a', 1), ('b', 2), ('c', 2)")
    copied.run(f"ALTER TABLE {changed}.rings {by_hand.format(changed)}")

    with copied.connect() as owner:
        apart = rows_apart(owner, live="gold", restored="copy")

    assert apart == ((TableApart("rings", differ, differ, 0, ()),) if differ else ())


def test_a_column_that_is_called_like_a_word_of_the_query_hides_no_other(copied: Shops) -> None:
    for schema, value in (("gold", "x"), ("copy", "y")):
        copied.run(f"CREATE TABLE {schema}.odd (t integer PRIMARY KEY, l text)")
        copied.run(f"INSERT INTO {schema}.odd VALUES (1, '{value}'); CREATE TABLE {schema}.bag AS TABLE {schema}.odd")
    with copied.connect() as owner:
        assert rows_apart(owner, live="gold", restored="copy") == (
            TableApart("bag", 1, 1, 0, ()),
            TableApart("odd", 0, 0, 1, ("(1)",)),
        )


def test_a_prepared_statement_of_an_old_session_writes_into_the_restored_shop(copied: Shops) -> None:
    with copied.database.owner() as session:
        session.execute("SET search_path = gold")
        session.execute("PREPARE pay AS INSERT INTO base VALUES ($1, 'prepared')")
        session.execute("EXECUTE pay (1)")
        swapped(copied)
        session.execute("EXECUTE pay (2)")
    assert copied.rows("SELECT a FROM gold_old.base WHERE b = 'prepared'") == [(1,)]
    assert copied.rows("SELECT a FROM gold.base WHERE b = 'prepared'") == [(2,)]


def test_names_that_are_wrong_are_refused(copied: Shops) -> None:
    with copied.connect() as owner:
        with pytest.raises(NoSuchSchemaError, match="nowhere"):
            swap(owner, live="gold", restored="nowhere", kept="gold_old")
        with pytest.raises(TargetTakenError, match="public"):
            swap(owner, live="gold", restored="copy", kept="public")
    assert schemas(copied) == {"gold", "copy"}
