"""A pack that takes long costs the others nothing, and one that takes longer than any sitting is left out by name."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.support.backups import house_of
from tests.support.databases import ScratchDatabase
from tests.support.fleets import street
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar.backups import fleet, operations, proving, sitting_pace
from zargar.backups.files import FolderSource
from zargar.backups.making import House, Made, Sitting
from zargar.backups.models import Backup, State
from zargar.backups.retention import Kind
from zargar.backups.roles import RolesSource
from zargar.outcomes import Permanent, Snooze
from zargar.shops.models import Shop

FEW, MANY = 30, 1_000
"""Pieces of packs: more than all shops have together, and fewer than the long folder has."""


class KilledError(BaseException):
    """What a worker's child gets that is ended in the middle."""


@dataclass
class Hourglass:
    """Counts the pieces that a sitting writes, and does something when there are too many."""

    pieces: int
    then: Callable[[], bool] = lambda: True

    def spent(self) -> bool:
        self.pieces -= 1
        return self.pieces < 0 and self.then()


@pytest.fixture
def names(shops: Shops) -> list[str]:
    made = street(shops, 4)
    for name in made:
        Shop.objects.create(schema_name=name, name=name, state="active")
    return made


@pytest.fixture
def house(database: ScratchDatabase, names: list[str], tmp_path: Path) -> House:
    """Two vaults, and two folders: a long one and a short one after it."""
    for folder, size in (("long", 8 << 20), ("short", 10)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "noise").write_bytes(os.urandom(size))
    return replace(
        house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")]),
        sources=(
            RolesSource(),
            FolderSource("files.long", tmp_path / "long"),
            FolderSource("files.short", tmp_path / "short"),
        ),
    )


def sit(house: House, sitting: Sitting) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test", sitting=sitting)


def sit_until_done(house: House, job: UUID, pieces: int) -> tuple[Made, int]:
    """Sit with a new hourglass each time, until it is done; return how many sittings that took."""
    for sittings in range(1, 10):
        try:
            return sit(house, Sitting(job, spent=Hourglass(pieces).spent)), sittings
        except Snooze:
            continue
    pytest.fail("it is never done")


def packs(made: Made) -> set[str]:
    return {entry.place.pack for entry in made.manifest.packs}


def test_a_folder_that_no_sitting_can_hold_is_left_out_by_name_and_everything_else_is_in_the_backup(
    house: House, names: list[str]
) -> None:
    made, sittings = sit_until_done(house, uuid4(), FEW)

    assert made.manifest.excluded == (f"files.long: {sitting_pace.TOO_LONG}",)
    assert packs(made) >= {"shared", "roles", "files.short", *names}
    assert sittings == 3, "all but the folder, the folder alone, what comes after it"
    row = Backup.objects.get()
    assert (made.state, row.excluded) == (State.DEGRADED, list(made.manifest.excluded))
    for vault in house.vaults:
        assert proving.prove(vault, made.manifest.backup, sha256=row.manifest_sha256).good


def test_a_folder_that_needs_most_of_a_sitting_begins_one_and_is_in_the_backup(house: House) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, Sitting(job, tired=lambda: True, spent=Hourglass(FEW).spent))
    made, _ = sit_until_done(house, job, MANY)
    assert (made.manifest.excluded, made.state) == ((), State.COMPLETE)
    assert packs(made) >= {"files.long", "files.short"}


def test_a_pack_that_is_cut_short_is_read_again_from_its_beginning_by_the_next_sitting(house: House) -> None:
    job = uuid4()
    with pytest.raises(Snooze, match="left for the next sitting"):
        sit(house, Sitting(job, spent=Hourglass(FEW).spent))
    made = sit(house, Sitting(job))
    assert (made.manifest.excluded, made.state) == ((), State.COMPLETE)
    for vault in house.vaults:
        assert proving.prove(vault, made.manifest.backup, sha256=Backup.objects.get().manifest_sha256).good


def test_a_folder_in_which_sittings_die_is_left_out_after_some_and_what_was_read_before_it_is_not_read_again(
    house: House, names: list[str]
) -> None:
    def die() -> bool:
        raise KilledError

    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, Sitting(job, tired=lambda: True))
    stored = len(list(house.vaults[0].keys("segments/")))
    for _ in range(sitting_pace.TRIES):
        with pytest.raises(KilledError):
            sit(house, Sitting(job, spent=Hourglass(FEW // 3, die).spent))
    made = sit(house, Sitting(job))

    assert made.manifest.excluded == (f"files.long: {sitting_pace.ENDED_IN}",)
    assert packs(made) >= {"shared", "roles", "files.short", *names}
    assert (stored, len(made.manifest.segments)) == (1, 2)
    assert Backup.objects.count() == 1


def test_one_death_in_the_middle_of_a_pack_leaves_nothing_out(house: House) -> None:
    def die() -> bool:
        raise KilledError

    job = uuid4()
    with pytest.raises(KilledError):
        sit(house, Sitting(job, spent=Hourglass(FEW, die).spent))
    made = sit(house, Sitting(job))
    assert (made.manifest.excluded, made.state) == ((), State.COMPLETE)


def test_a_shop_that_may_take_long_begins_a_sitting_of_its_own_and_one_that_takes_too_long_is_left_out(
    house: House, shops: Shops, names: list[str]
) -> None:
    large = names[1]
    shops.run(
        f"ALTER TABLE {large}.t ALTER body SET STORAGE EXTERNAL;"
        f"INSERT INTO {large}.t (body) SELECT string_agg(md5(m::text), '') "
        f"FROM generate_series(1, 36) n, generate_series(1, 62500) m GROUP BY n;"
        f"INSERT INTO {large}.t (body) SELECT repeat('x', 1000) FROM generate_series(1, 70000); ANALYZE {large}.t"
    )
    assert shops.rows(f"SELECT relpages * 8192 > {fleet.HEAVY} FROM pg_class WHERE oid = '{large}.t'::regclass")[0][0]
    job = uuid4()
    with pytest.raises(Snooze, match="1 left"):
        sit(house, Sitting(job, tired=lambda: True, spent=Hourglass(FEW).spent))
    made, _ = sit_until_done(house, job, FEW)
    assert made.manifest.excluded == tuple(
        f"{name}: {sitting_pace.TOO_LONG}" for name in (large, "files.long")
    )  # fmt: skip
    assert packs(made) >= {"shared", "files.short", *(set(names) - {large})}


def test_the_backup_of_one_shop_that_takes_too_long_says_what_to_do(house: House, names: list[str]) -> None:
    shop = Shop.objects.get(schema_name=names[0])
    sitting = Sitting(uuid4(), spent=lambda: True)
    with pytest.raises(Permanent, match="zargar backups create"):
        operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test", sitting=sitting)
    assert Backup.objects.get().state == State.FAILED
