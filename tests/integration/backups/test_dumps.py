"""The DDL of many schemas comes out of one dump, each text what its own dump would be."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP
from tests.support.fleets import Counted, Taking
from tests.support.packs import PG_DUMP, Shops
from tests.support.rich_schema import create_rich_schema
from zargar.backups import fleet
from zargar.backups.ddl import Ddl, DumpFailedError
from zargar.backups.differences import compare


class Batched(Counted):
    """Counts the dumps, of however many schemas each."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def dump_many(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Ddl]:
        self.batches.append(len(schemas))
        if self.beside is not None:
            self.beside()
            self.beside = None
        return PG_DUMP.dump_many(connection, schemas)


@pytest.fixture
def own_bodies(shops: Shops) -> list[str]:
    """Shops whose functions name them: each has a shape of its own."""
    names = [f"own_{number}" for number in range(7)]
    for name in names:
        shops.run(
            f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (n integer); INSERT INTO {name}.t VALUES (1);"
            f"CREATE FUNCTION {name}.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM {name}.t'"
        )
    return names


def test_each_text_is_what_its_own_dump_would_be(shops: Shops, rich: str) -> None:
    odd = 'With "Quotes" - and more'
    with shops.database.owner() as owner:
        create_rich_schema(owner, "lead")
        create_rich_schema(owner, "zinc")
    shops.run('ALTER SCHEMA zinc RENAME TO "With ""Quotes"" - and more"')
    names = [rich, "lead", TEMPLATE_SHOP, odd]

    with shops.connect() as session:
        found = PG_DUMP.dump_many(session, names)
        assert found == {name: PG_DUMP.dump(session, name) for name in names}


def test_a_schema_that_is_not_there_is_an_error(shops: Shops, rich: str) -> None:
    with shops.connect() as session, pytest.raises(DumpFailedError, match="no matching schemas"):
        PG_DUMP.dump_many(session, [rich, "nowhere", TEMPLATE_SHOP])


def test_shops_of_shapes_of_their_own_share_dumps(shops: Shops, own_bodies: list[str], tmp_path: Path) -> None:
    pg_dump = Batched()
    taken = Taking(shops, tmp_path)(own_bodies, pg_dump)

    assert pg_dump.batches == [len(own_bodies)]
    assert len(own_bodies) <= fleet.DUMPS
    for name in own_bodies:
        members, facts = taken.packs[name]
        shops.restore(members, name, f"{name}_copy", expected=facts)
        assert compare(facts, shops.facts(name)) == ()


def test_one_that_goes_before_the_dump_takes_none_with_it(shops: Shops, own_bodies: list[str], tmp_path: Path) -> None:
    pg_dump = Batched()
    pg_dump.beside = lambda: shops.run(f"DROP SCHEMA {own_bodies[3]} CASCADE")
    taken = Taking(shops, tmp_path)(own_bodies, pg_dump)

    assert sorted(taken.packs) == sorted(set(own_bodies) - {own_bodies[3]})
    assert pg_dump.batches == [7, 6, 1]
    assert "no schema" in taken.everything.left_out[own_bodies[3]]
