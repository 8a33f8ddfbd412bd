"""Removing takes long, and others work meanwhile: what they find stops it, and what is cut off is ended later."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connection

from tests.support.backups import house_of
from tests.support.databases import ScratchDatabase
from tests.support.processes import wait_until
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import alarm_facts_store, manifest, operations, removing, store
from zargar.backups.alarms import VaultFacts
from zargar.backups.making import House
from zargar.backups.models import Backup, Copy, CopyState
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


def aside(work: Callable[[], object]) -> Thread:
    """Begin something in a session of its own, as another process does it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_two_who_prune_at_once_decide_by_what_is_known_as_each_has_its_turn(
    scene: Scene, database: ScratchDatabase
) -> None:
    """While one of two removes the first copy, what had replaced it and the second turns out damaged.

    By then the other has listed both to be removed, and waits behind whoever keeps that verdict.
    """
    removing_now, go_on = Event(), Event()

    def held_up() -> None:
        removing_now.set()
        assert go_on.wait(60)

    swept: dict[str, removing.Removal] = {}
    slow = Interrupted(scene.root, prefix=f"manifests/{scene.backups[0]}", what=held_up)
    plain = DirectoryVault(scene.root, name="one")
    try:
        first = aside(lambda: swept.update(first=scene.sweep(slow)))
        assert removing_now.wait(60)
        reader = aside(scene.found(2, CopyState.DAMAGED))
        wait_until(lambda: waiting(database) == 1, what="the reader to wait")
        second = aside(lambda: swept.update(second=scene.sweep(plain)))
        wait_until(lambda: waiting(database) == 2, what="the second to wait")
    finally:
        go_on.set()
    for one in (first, reader, second):
        one.join(60)

    assert {name: removal.removed for name, removal in swept.items()} == {
        "first": ((scene.backups[0], "one"),), "second": (),
    }  # fmt: skip
    states = [CopyState.REMOVED, CopyState.GOOD, CopyState.DAMAGED]
    assert [scene.copy(number).state for number in range(3)] == states
    assert plain.stat(manifest.key_of(scene.backups[1])) is not None
    assert list(plain.keys(f"segments/{scene.backups[1]}/"))


def waiting(database: ScratchDatabase) -> int:
    """How many sessions of the database wait for a lock that the program takes by name."""
    asked = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with database.owner() as owner:
        [(found,)] = owner.execute(asked).fetchall()
    return int(found)


def test_a_vault_that_refuses_keeps_its_copy_as_it_was(scene: Scene) -> None:
    def locked() -> None:
        message = "vault one: a lock protects it"
        raise VaultRefusedError(message)

    swept = scene.sweep(Interrupted(scene.root, prefix="manifests/", what=locked))
    assert (swept.removed, swept.waiting, len(swept.refused)) == ((), 2, 2)
    assert {scene.copy(number).state for number in range(3)} == {CopyState.GOOD}
    assert scene.copy(0).condemned_at is not None


def test_nothing_is_removed_on_the_word_of_a_copy_that_is_there_no_more(scene: Scene) -> None:
    """The newest was read back and found good; since then somebody has emptied what lies under `segments/`."""
    vault = DirectoryVault(scene.root, name="one")
    [segment] = vault.keys(f"segments/{scene.backups[2]}/")
    (scene.root / segment.key).unlink()
    swept = scene.sweep(vault)
    assert swept.removed == ()
    assert [f"{scene.backups[2]} in one" in words and "is gone" in words for words in swept.refused] == [True]
    assert [scene.copy(number).state for number in range(3)] == [CopyState.GOOD, CopyState.GOOD, CopyState.STORED]

    operations.verify(vaults=[vault], now=scene.later, at_most=8)
    assert scene.copy(2).state == CopyState.DAMAGED
    assert scene.sweep(vault).removed == ((scene.backups[0], "one"),), "the second is there, and replaces the first"
    assert (scene.copy(1).state, scene.copy(1).condemned_at) == (CopyState.GOOD, None)


class Unreadable(DirectoryVault):
    """A vault whose credentials may list and delete, and not read any more."""

    deleted = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 -- the port's
        message = f"vault {self.name}: reading {key} is refused"
        raise VaultRefusedError(message)

    def delete(self, key: str) -> None:
        self.deleted += 1
        super().delete(key)


def test_nothing_is_removed_where_what_replaces_it_cannot_be_looked_at(scene: Scene) -> None:
    vault = Unreadable(scene.root, name="one")
    swept = scene.sweep(vault)
    assert (swept.removed, swept.waiting, vault.deleted) == ((), 2, 0)
    assert all("is refused" in words for words in swept.refused)
    assert {scene.copy(number).state for number in range(3)} == {CopyState.GOOD}


def test_a_verdict_that_is_old_is_asked_for_again_before_anything_is_removed_by_it(scene: Scene) -> None:
    vault = DirectoryVault(scene.root, name="one")
    years = scene.later + timedelta(days=800)
    swept = removing.sweep({"one": vault}, scene.keep, grace=GRACE, now=years)
    assert (swept.removed, scene.copy(2).state) == ((), CopyState.STORED)
    operations.verify(vaults=[vault], now=years, at_most=1)
    assert scene.copy(2).state == CopyState.GOOD
    assert removing.sweep({"one": vault}, scene.keep, grace=GRACE, now=years).removed == tuple(
        (scene.backups[number], "one") for number in (0, 1)
    )


def test_what_replaces_several_is_looked_at_once_in_a_sweep(scene: Scene) -> None:
    class Counting(DirectoryVault):
        """A vault that counts how often something is read."""

        reads = 0

        def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
            self.reads += 1
            return super().read(key, start=start, length=length)

    vault = Counting(scene.root, name="one")
    assert (len(scene.sweep(vault).removed), vault.reads) == (2, 1)


def test_what_a_vault_has_of_a_backup_that_no_other_can_bring_is_removed_and_is_no_alarm(
    house: House, tmp_path: Path
) -> None:
    """A vault takes nothing for longer than the other keeps what it has; then it is well again."""
    one, two = house.vaults[0], directory(tmp_path, "two")
    backups = [operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test").manifest.backup for _ in range(3)]
    for row in Backup.objects.all():
        Copy.objects.create(backup=row, vault="two", state=CopyState.MISSING, detail="it is full")
        two.put(f"segments/{row.id}/half", [b"some of it"])
    now, later = clock.now(), clock.now() + GRACE + timedelta(hours=1)
    operations.verify(vaults=[one], now=now, at_most=8)
    for moment in (now, later):
        swept = removing.sweep({"one": one, "two": two}, ONE_DAY, grace=GRACE, now=moment)
    assert [copy for copy, _ in swept.removed] == backups[:2]
    assert [len(list(two.keys(f"segments/{backup}/"))) for backup in backups] == [1, 1, 1], "nothing replaces it there"
    lacking = VaultFacts(name="two", lacking=3, since=Backup.objects.earliest("number").began_at, words="it is full")
    assert alarm_facts_store.vaults(["two"], declared=())[0] == lacking

    found = operations.verify(vaults=[one, two], now=later, at_most=8)
    assert found["completed"] == [f"{backups[2]} in two"]
    assert len(found["missing"]) == 2  # type: ignore[arg-type]  # a list in JSON
    places = {"one": one, "two": two}
    swept = removing.sweep(places, ONE_DAY, grace=GRACE, now=later)
    assert (swept.removed, swept.waiting) == ((), 2)
    assert operations.verify(vaults=[one, two], now=later, at_most=8)["missing"] == []
    assert alarm_facts_store.vaults(["two"], declared=())[0].lacking == 0

    swept = removing.sweep(places, ONE_DAY, grace=GRACE, now=later + GRACE + timedelta(hours=1))
    assert swept.removed == tuple((backup, "two") for backup in backups[:2])
    assert {stored.key.split("/")[1] for stored in two.keys("segments/")} == {backups[2]}
    assert Copy.objects.filter(state=CopyState.MISSING).count() == 0


def test_a_sweep_ends_between_two_copies_when_its_time_is_up(scene: Scene) -> None:
    answers = iter([False, True, True])
    vaults = {"one": DirectoryVault(scene.root, name="one")}
    swept = removing.sweep(vaults, ONE_DAY, grace=GRACE, now=scene.later, stop=lambda: next(answers))
    assert (swept.removed, swept.waiting) == (((scene.backups[0], "one"),), 1)
    assert scene.copy(1).state == CopyState.GOOD
