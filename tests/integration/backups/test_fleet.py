"""All shops are read with one survey; those that move meanwhile are read again, those that go are named."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP
from tests.support.fleets import Counted, Taking
from tests.support.fleets import street as make_street
from tests.support.packs import Shops
from tests.support.rich_schema import create_rich_schema
from zargar.backups import fleet
from zargar.backups.differences import compare


@pytest.fixture
def street(shops: Shops) -> list[str]:
    """Twelve shops of one shape."""
    return make_street(shops, 12)


@pytest.fixture
def take(shops: Shops, tmp_path: Path) -> Taking:
    return Taking(shops, tmp_path)


def test_shops_of_one_shape_need_one_dump_and_each_is_exact(shops: Shops, street: list[str], take: Taking) -> None:
    pg_dump = Counted()
    taken = take(street, pg_dump)
    packs, everything = taken.packs, taken.everything

    assert pg_dump.schemas == [street[0]]
    assert list(packs) == street
    assert everything.left_out == {}
    for name, (members, facts) in packs.items():
        assert compare(facts, shops.facts(name)) == ()
        assert compare(facts, shops.read(name)[1]) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)
        assert shops.rows(f"SELECT count(*) FROM {name}_copy.t WHERE body = '{name}'") == [(facts.tables[0].rows,)]


def test_rich_and_plain_shops_are_read_as_one_by_one(shops: Shops, street: list[str], rich: str, take: Taking) -> None:
    with shops.database.owner() as owner:
        create_rich_schema(owner, "lead")
    packs = take([rich, street[0], TEMPLATE_SHOP, "lead"], Counted()).packs
    for name, (members, facts) in packs.items():
        shops.restore(members, name, f"{name}_copy", expected=facts)
    assert len(packs) == 4


def test_what_moves_between_the_survey_and_its_turn_is_read_again(
    shops: Shops, street: list[str], take: Taking
) -> None:
    def happenings() -> None:
        shops.run(f"TRUNCATE {street[3]}.t")
        shops.run(f"ALTER TABLE {street[4]}.t ALTER id TYPE bigint")
        shops.run(f"ALTER TABLE {street[5]}.t DROP COLUMN body")
        shops.run(f"ALTER TABLE {street[6]}.t RENAME TO tt")
        shops.run(f"COMMENT ON COLUMN {street[7]}.u.n IS 'new'")
        shops.run(f"INSERT INTO {street[8]}.u VALUES (1)")

    taken = take(street, Counted(happenings))

    assert sorted(name for name, why in taken.redone.items() if why) == street[3:8]
    for name in street[3:8]:
        members, facts = taken.packs[name]
        assert compare(facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)
    tables = {table.name: table.rows for table in taken.packs[street[8]][1].tables}
    assert tables["u"] == 0  # written after the snapshot


def test_the_shop_whose_ddl_was_dumped_may_change_beside_it_and_lends_nobody_a_wrong_one(
    shops: Shops, street: list[str], take: Taking
) -> None:
    pg_dump = Counted(lambda: shops.run(f"ALTER TABLE {street[0]}.t ADD COLUMN more text"))
    packs = take(street, pg_dump).packs
    for name in street[:3]:
        members, facts = packs[name]
        assert compare(facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)


def test_a_shop_that_goes_is_named_and_the_others_are_read(shops: Shops, street: list[str], take: Taking) -> None:
    pg_dump = Counted(lambda: shops.run(f"DROP SCHEMA {street[5]} CASCADE; DROP SCHEMA {street[0]} CASCADE"))
    taken = take([*street, "never_there"], pg_dump)
    packs, everything = taken.packs, taken.everything

    assert set(street) - set(packs) == {street[0], street[5]}
    assert set(everything.left_out) == {street[0], street[5], "never_there"}
    assert "no schema" in everything.left_out[street[5]]


def test_a_large_shop_is_read_with_its_tables_locked_and_not_held_in_memory(
    shops: Shops, street: list[str], take: Taking
) -> None:
    shops.run(f"INSERT INTO {street[1]}.t (body) SELECT repeat('x', 1000000) FROM generate_series(1, 12)")
    shops.run(f"ALTER TABLE {street[2]}.t ALTER body SET STORAGE EXTERNAL;"
              f"INSERT INTO {street[2]}.t (body) SELECT repeat('x', 1000) FROM generate_series(1, 9000);"
              f"ANALYZE {street[2]}.t")  # fmt: skip
    assert 2 * fleet.LARGE < 9_000_000
    packs = take(street, Counted()).packs

    assert sorted(packs) == street
    assert [packs[name][1].tables[0].rows for name in street[1:3]] == [13, 9002]
    for name in street[:4]:
        shops.restore(packs[name][0], name, f"{name}_copy", expected=packs[name][1])


def test_twice_the_shops_ask_for_no_more_sessions_and_no_more_dumps(
    shops: Shops, street: list[str], take: Taking
) -> None:
    opened: list[int] = []
    connect = shops.connect

    class Watched(Shops):
        def connect(self) -> psycopg.Connection:
            opened[-1] += 1
            return connect()

    watched = Taking(Watched(shops.database), take.folder)
    dumps = []
    for names in (street[:6], street):
        opened.append(0)
        pg_dump = Counted()
        assert len(watched(names, pg_dump).packs) == len(names)
        dumps.append(len(pg_dump.schemas))
    assert opened[0] == opened[1]
    assert dumps == [1, 1]
