"""Removing takes long, and others work meanwhile: what they find stops it, and what is cut off is ended later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.backups import house_of
from tests.support.databases import ScratchDatabase
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import manifest, operations, removing, store
from zargar.backups.making import House
from zargar.backups.models import Copy, CopyState
from zargar.backups.ports import VaultRefusedError, VaultUnreachableError
from zargar.backups.retention import Keep, Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.shops.models import Shop

ONE_DAY = Keep(days=1, weeks=0, months=0, years=0)
GRACE = timedelta(hours=72)


class Interrupted(DirectoryVault):
    """A vault in which something happens before an object of some kind is deleted."""

    def __init__(self, root: Path, *, prefix: str, what: Callable[[], object]) -> None:
        super().__init__(root, name=root.name)
        self._prefix = prefix
        self._what = what

    def delete(self, key: str) -> None:
        if key.startswith(self._prefix):
            self._what()
        super().delete(key)


@dataclass(frozen=True)
class Scene:
    """Three backups in one vault, all read back; the first two are condemned, and their grace is over."""

    root: Path
    backups: Sequence[str]
    later: datetime
    keep: Keep = field(default=ONE_DAY)

    def sweep(self, vault: DirectoryVault) -> removing.Removal:
        return removing.sweep({"one": vault}, self.keep, grace=GRACE, now=self.later)

    def copy(self, number: int) -> Copy:
        return Copy.objects.select_related("backup").get(backup__id=self.backups[number])

    def found(self, number: int, state: CopyState) -> Callable[[], None]:
        """What a reader or a drill does meanwhile."""
        return lambda: store.note(self.copy(number), state=state, now=self.later, detail="other bytes")


@pytest.fixture
def house(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> House:
    return house_of(database, [directory(tmp_path, "one")])


@pytest.fixture
def scene(house: House, tmp_path: Path) -> Scene:
    backups = [operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test").manifest.backup for _ in range(3)]
    now = clock.now()
    operations.verify(vaults=house.vaults, now=now, at_most=8)
    first = removing.sweep({"one": house.vaults[0]}, ONE_DAY, grace=GRACE, now=now)
    assert (first.removed, first.waiting) == ((), 2)
    return Scene(tmp_path / "one", backups, now + GRACE + timedelta(hours=1))


def test_a_newer_copy_that_turns_out_damaged_meanwhile_keeps_what_it_had_replaced(scene: Scene) -> None:
    vault = Interrupted(scene.root, prefix="segments/", what=scene.found(2, CopyState.DAMAGED))
    swept = scene.sweep(vault)
    assert swept.removed == ((scene.backups[0], "one"),)
    assert scene.copy(1).state == CopyState.GOOD
    assert vault.stat(manifest.key_of(scene.backups[1])) is not None


def test_what_is_removed_stays_removed_whatever_a_reader_of_it_says_afterwards(scene: Scene) -> None:
    scene.sweep(Interrupted(scene.root, prefix="segments/", what=scene.found(0, CopyState.DAMAGED)))
    assert [scene.copy(number).state for number in range(3)] == [CopyState.REMOVED, CopyState.REMOVED, CopyState.GOOD]


def test_a_removal_that_is_cut_off_is_no_copy_any_more_and_is_ended_by_the_next_sweep(scene: Scene) -> None:
    def away() -> None:
        message = "vault one: it went away"
        raise VaultUnreachableError(message)

    swept = scene.sweep(Interrupted(scene.root, prefix=f"segments/{scene.backups[0]}", what=away))
    assert swept.refused == (f"{scene.backups[0]} in one: vault one: it went away",)
    assert scene.copy(0).state == CopyState.REMOVED
    assert {copy.backup for copy in store.for_retention() if copy.good_in} == {scene.backups[2]}

    vault = DirectoryVault(scene.root, name="one")
    assert list(vault.keys(f"segments/{scene.backups[0]}/"))
    assert scene.sweep(vault).removed == ((scene.backups[0], "one"),)
    assert list(vault.keys(f"segments/{scene.backups[0]}/")) == []
    assert scene.sweep(vault).removed == ()


def test_a_vault_that_refuses_keeps_its_copy_as_it_was(scene: Scene) -> None:
    def locked() -> None:
        message = "vault one: a lock protects it"
        raise VaultRefusedError(message)

    swept = scene.sweep(Interrupted(scene.root, prefix="manifests/", what=locked))
    assert (swept.removed, swept.waiting, len(swept.refused)) == ((), 2, 2)
    assert {scene.copy(number).state for number in range(3)} == {CopyState.GOOD}
    assert scene.copy(0).condemned_at is not None


def test_a_sweep_ends_between_two_copies_when_its_time_is_up(scene: Scene) -> None:
    answers = iter([False, True, True])
    vaults = {"one": DirectoryVault(scene.root, name="one")}
    swept = removing.sweep(vaults, ONE_DAY, grace=GRACE, now=scene.later, stop=lambda: next(answers))
    assert (swept.removed, swept.waiting) == (((scene.backups[0], "one"),), 1)
    assert scene.copy(1).state == CopyState.GOOD
