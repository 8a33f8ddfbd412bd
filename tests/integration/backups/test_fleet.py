"""All shops are read with one survey; those that move meanwhile are read again, those that go are named."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP
from tests.support.packs import PG_DUMP, Shops
from tests.support.rich_schema import create_rich_schema
from zargar.backups import fleet
from zargar.backups.ddl import Ddl
from zargar.backups.differences import compare
from zargar.backups.facts import ShopFacts
from zargar.backups.fleet import Fleet
from zargar.backups.members import Member

NAMES = [f"shop_{number:02}" for number in range(12)]


@pytest.fixture
def street(shops: Shops) -> list[str]:
    """Twelve shops of one shape with different rows."""
    for number, name in enumerate(NAMES):
        shops.run(
            f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (id serial PRIMARY KEY, body text DEFAULT 'none');"
            f"INSERT INTO {name}.t (body) SELECT '{name}' FROM generate_series(1, {number});"
            f"CREATE TABLE {name}.u (n integer)"
        )
    return NAMES


class Counted:
    """A real pg_dump that counts its runs; `beside` happens once, after the first."""

    def __init__(self, beside: Callable[[], None] | None = None) -> None:
        self.schemas: list[str] = []
        self.beside = beside

    def dump(self, connection: psycopg.Connection[Any], schema: str) -> Ddl:
        ddl = PG_DUMP.dump(connection, schema)
        self.schemas.append(schema)
        if self.beside is not None:
            self.beside()
            self.beside = None
        return ddl


def read(shops: Shops, names: list[str], pg_dump: Counted) -> tuple[dict[str, tuple[list[Member], ShopFacts]], Fleet]:
    everything = Fleet(shops.connect, names, pg_dump=pg_dump)
    return {reading.schema: (list(reading.members()), reading.facts) for reading in everything}, everything


def test_shops_of_one_shape_need_one_dump_and_each_is_exact(shops: Shops, street: list[str]) -> None:
    pg_dump = Counted()
    packs, everything = read(shops, street, pg_dump)

    assert pg_dump.schemas == [street[0]]
    assert list(packs) == street
    assert everything.left_out == {}
    for name, (members, facts) in packs.items():
        assert compare(facts, shops.facts(name)) == ()
        assert compare(facts, shops.read(name)[1]) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)
        assert shops.rows(f"SELECT count(*) FROM {name}_copy.t WHERE body = '{name}'") == [(facts.tables[0].rows,)]


def test_rich_and_plain_shops_are_read_as_one_by_one(shops: Shops, street: list[str], rich: str) -> None:
    with shops.database.owner() as owner:
        create_rich_schema(owner, "lead")
    packs, _ = read(shops, [rich, street[0], TEMPLATE_SHOP, "lead"], Counted())
    for name, (members, facts) in packs.items():
        shops.restore(members, name, f"{name}_copy", expected=facts)
    assert len(packs) == 4


def test_what_moves_between_the_survey_and_its_turn_is_read_again(shops: Shops, street: list[str]) -> None:
    def happenings() -> None:
        shops.run(f"TRUNCATE {street[3]}.t")
        shops.run(f"ALTER TABLE {street[4]}.t ALTER id TYPE bigint")
        shops.run(f"ALTER TABLE {street[5]}.t DROP COLUMN body")
        shops.run(f"ALTER TABLE {street[6]}.t RENAME TO tt")
        shops.run(f"COMMENT ON COLUMN {street[7]}.u.n IS 'new'")
        shops.run(f"INSERT INTO {street[8]}.u VALUES (1)")

    everything = Fleet(shops.connect, street, pg_dump=Counted(happenings))
    packs = {reading.schema: (list(reading.members()), reading) for reading in everything}

    assert [name for name, (_, reading) in packs.items() if reading.redone] == street[3:8]
    for name in street[3:8]:
        members, reading = packs[name]
        assert compare(reading.facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=reading.facts)
    tables = {table.name: table.rows for table in packs[street[8]][1].facts.tables}
    assert tables["u"] == 0  # written after the snapshot


def test_the_shop_whose_ddl_was_dumped_may_change_beside_it_and_lends_nobody_a_wrong_one(
    shops: Shops, street: list[str]
) -> None:
    pg_dump = Counted(lambda: shops.run(f"ALTER TABLE {street[0]}.t ADD COLUMN more text"))
    packs, _ = read(shops, street, pg_dump)
    for name in street[:3]:
        members, facts = packs[name]
        assert compare(facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)


def test_a_shop_that_goes_is_named_and_the_others_are_read(shops: Shops, street: list[str]) -> None:
    pg_dump = Counted(lambda: shops.run(f"DROP SCHEMA {street[5]} CASCADE; DROP SCHEMA {street[0]} CASCADE"))
    packs, everything = read(shops, [*street, "never_there"], pg_dump)

    assert set(street) - set(packs) == {street[0], street[5]}
    assert set(everything.left_out) == {street[0], street[5], "never_there"}
    assert "no schema" in everything.left_out[street[5]]


def test_a_large_shop_is_read_with_its_tables_locked_and_not_held_in_memory(shops: Shops, street: list[str]) -> None:
    shops.run(f"INSERT INTO {street[1]}.t (body) SELECT repeat('x', 1000000) FROM generate_series(1, 12)")
    shops.run(f"ALTER TABLE {street[2]}.t ALTER body SET STORAGE EXTERNAL;"
              f"INSERT INTO {street[2]}.t (body) SELECT repeat('x', 1000) FROM generate_series(1, 9000);"
              f"ANALYZE {street[2]}.t")  # fmt: skip
    assert 2 * fleet.LARGE < 9_000_000
    packs, _ = read(shops, street, Counted())

    assert list(packs) == street
    assert [packs[name][1].tables[0].rows for name in street[1:3]] == [13, 9002]
    for name in street[:4]:
        shops.restore(packs[name][0], name, f"{name}_copy", expected=packs[name][1])
