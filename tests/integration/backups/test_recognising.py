"""A schema in a known state is not asked for its shape again, unless anything around it changed.

What was seen is planted wrong: whoever believes it writes the wrong fingerprint down, whoever asks does not.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.backups import HOLDERS, OPERATIONS
from tests.support.databases import ScratchDatabase, Server
from tests.support.fleets import Counted, street
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import making, restoring
from zargar.backups.making import House
from zargar.backups.models import Backup, SeenShape
from zargar.backups.retention import Kind
from zargar.backups.seen_store import SeenShapes
from zargar.backups.store import Held

WRONG = "0" * 64


@pytest.fixture
def names(shops: Shops) -> list[str]:
    return street(shops, 3)


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return House(
        vaults=(directory(tmp_path, "one"),),
        holders=HOLDERS,
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=Counted(),
        clock=clock.now,
        memory=SeenShapes(),
    )


@pytest.fixture
def role(postgres: Server) -> Iterator[str]:
    """A role of the server that a test may rename to `its name`_too."""
    with postgres.admin() as admin:
        admin.execute("CREATE ROLE zargar_test_goldsmith")
        yield "zargar_test_goldsmith"
        admin.execute("DROP ROLE IF EXISTS zargar_test_goldsmith")
        admin.execute("DROP ROLE IF EXISTS zargar_test_goldsmith_too")


def fingerprints(house: House, names: list[str], kind: Kind = Kind.DAILY) -> dict[str, str]:
    holds = [Held(str(number), name.replace("_", "-"), name) for number, name in enumerate(names)]
    made = making.make(house, kind=kind, reason="a test", holds=holds)
    return {pack.schema: pack.facts.fingerprint for pack in made.manifest.packs if pack.facts}


def planted_wrong() -> None:
    assert SeenShape.objects.update(fingerprint=WRONG) == 3


def test_what_was_seen_is_believed_by_the_next_backup(house: House, names: list[str]) -> None:
    true = fingerprints(house, names)
    assert SeenShape.objects.count() == len(true) == 3

    planted_wrong()

    assert set(fingerprints(house, names).values()) == {WRONG}


def test_a_changed_schema_is_asked_and_the_others_are_not(house: House, names: list[str], shops: Shops) -> None:
    true = fingerprints(house, names)
    planted_wrong()
    shops.run(f"COMMENT ON TABLE {names[1]}.t IS 'rings'")

    found = fingerprints(house, names)

    assert found[names[0]] == found[names[2]] == WRONG
    assert found[names[1]] not in {WRONG, true[names[1]]}


def test_the_weekly_backup_believes_nothing_says_what_was_wrong_and_puts_it_right(
    house: House, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    true = fingerprints(house, names)
    planted_wrong()

    assert fingerprints(house, names, Kind.WEEKLY) == true
    assert all(name in caplog.text for name in names)
    assert fingerprints(house, names) == true


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TYPE public.karat AS ENUM ('18')",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE SCHEMA tools",
        "TRUNCATE public.backups_drill CASCADE",
    ],
    ids=["a type in public", "default rights", "another schema", "a table in public rewritten"],
)
def test_anything_new_around_the_shops_has_all_asked_anew(
    house: House, names: list[str], shops: Shops, change: str
) -> None:
    true = fingerprints(house, names)
    planted_wrong()
    shops.run(change)
    assert fingerprints(house, names) == true


def test_a_restore_beside_one_shop_is_no_news_to_the_others(
    house: House, names: list[str], database: ScratchDatabase
) -> None:
    fingerprints(house, names)
    planted_wrong()
    backup = str(Backup.objects.get().id)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        restoring.beside(
            owner, vaults=house.vaults, backup=backup, slug=names[0].replace("_", "-"), to="restored",
            identity=OPERATIONS.identity,
        )  # fmt: skip
        owner.execute("DROP SCHEMA restored CASCADE")

    found = fingerprints(house, names)

    assert found[names[1]] == found[names[2]] == WRONG != found[names[0]]  # which lent the copy its name


def test_a_role_renamed_has_all_asked_anew(house: House, names: list[str], postgres: Server, role: str) -> None:
    true = fingerprints(house, names)
    planted_wrong()
    with postgres.admin() as admin:
        admin.execute(f"ALTER ROLE {role} RENAME TO {role}_too")
    assert fingerprints(house, names) == true


def test_another_shop_is_no_news_and_one_that_is_gone_is_forgotten(
    house: House, names: list[str], shops: Shops
) -> None:
    fingerprints(house, names)
    planted_wrong()
    shops.run(f"DROP SCHEMA {names[0]} CASCADE; CREATE SCHEMA shop_new")

    found = fingerprints(house, [*names[1:], "shop_new"])

    assert found[names[1]] == found[names[2]] == WRONG != found["shop_new"]
    assert set(SeenShape.objects.values_list("schema", flat=True)) == {*names[1:], "shop_new"}
