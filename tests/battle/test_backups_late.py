"""A process that makes a backup is stopped for so long that another one takes over, and then comes back.

The machine was paused, or stalled: it knows nothing of it, and goes on where it stood. There is one backup in the end,
whole, made by whoever took over, and the late-comer is told so and has changed nothing.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.support.backups import house_of
from tests.support.databases import ScratchDatabase
from tests.support.siege import Siege, at_directory, siege
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import lost, operations, proving, removing
from zargar.backups.making import House, Made, Sitting
from zargar.backups.manifest import PREFIX
from zargar.backups.models import Backup, State
from zargar.backups.retention import Keep, Kind
from zargar.outcomes import Snooze
from zargar.shops.models import Shop

STAGES = [
    pytest.param("reading", id="reading"),
    pytest.param({"vault": "one", "at": "begun", "prefix": "segments/"}, id="before the first byte"),
    pytest.param({"vault": "one", "at": "half", "prefix": "segments/"}, id="in a segment"),
    pytest.param({"vault": "two", "at": "stored", "prefix": "segments/"}, id="a segment is stored"),
    pytest.param({"vault": "one", "at": "begun", "prefix": "manifests/"}, id="before its manifest"),
    pytest.param({"vault": "two", "at": "begun", "prefix": "manifests/"}, id="between the vaults"),
    pytest.param({"vault": "two", "at": "stored", "prefix": "manifests/"}, id="before the catalogue knows"),
]


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path, shop: Shop) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


def sit(house: House, job: UUID, stop: Callable[[], bool] = lambda: False) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="another", sitting=Sitting(job, stop))


def places(folder: Path) -> list[dict[str, object]]:
    return [at_directory(folder, "one"), at_directory(folder, "two")]


def is_told_that_it_is_late(late: Siege) -> None:
    words = late.come_back()
    assert "SupersededError" in words
    assert "another process has taken it over or closed it" in words


def assert_there_is_one_backup(house: House, made: Made) -> None:
    """One row is of a backup that exists; both vaults have its manifest and no other, and all that it names."""
    existing = Backup.objects.exclude(state=State.FAILED).get()
    assert (str(existing.id), existing.state) == (made.manifest.backup, State.COMPLETE)
    assert (existing.sealed, existing.checkpoint) == (None, None)
    for vault in house.vaults:
        assert [stored.key for stored in vault.keys(PREFIX)] == [f"{PREFIX}{existing.id}.zst"]
        assert proving.prove(vault, made.manifest.backup, sha256=existing.manifest_sha256).good


@pytest.mark.parametrize("hold", STAGES)
def test_who_comes_back_late_finds_the_backup_made_and_changes_nothing(
    house: House, database: ScratchDatabase, tmp_path: Path, hold: object
) -> None:
    job = uuid4()
    with siege(database, places(tmp_path), hold, job) as late:
        late.said("held")
        late.freeze()
        made = sit(house, job)
        assert made.state == State.COMPLETE
        is_told_that_it_is_late(late)
    assert_there_is_one_backup(house, made)


def test_who_went_on_with_a_backup_and_comes_back_late_leaves_it_to_the_next_sitting(
    house: House, database: ScratchDatabase, tmp_path: Path
) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, job, lambda: True)
    hold = {"vault": "two", "at": "stored", "prefix": "segments/"}
    with siege(database, places(tmp_path), hold, job) as late:
        late.said("held")
        late.freeze()
        made = sit(house, job)
        is_told_that_it_is_late(late)
    assert_there_is_one_backup(house, made)
    assert [segment.key.rpartition("/")[2] for segment in made.manifest.segments] == ["00000", "3-00000"]


def test_who_comes_back_before_the_other_is_done_is_late_all_the_same(
    house: House, database: ScratchDatabase, tmp_path: Path
) -> None:
    job = uuid4()
    hold = {"vault": "one", "at": "half", "prefix": "segments/"}
    with siege(database, places(tmp_path), hold, job) as late:
        late.said("held")
        late.freeze()
        with siege(database, places(tmp_path), hold, job) as next_one:
            next_one.said("held")
            is_told_that_it_is_late(late)
            next_one.go()
            next_one.said("made")
    existing = Backup.objects.exclude(state=State.FAILED).get()
    assert existing.state == State.COMPLETE
    for vault in house.vaults:
        assert [stored.key for stored in vault.keys(PREFIX)] == [f"{PREFIX}{existing.id}.zst"]
        assert proving.prove(vault, str(existing.id), sha256=existing.manifest_sha256).good


def test_who_was_taken_for_dead_and_swept_away_makes_no_backup_of_what_is_gone(
    house: House, database: ScratchDatabase, tmp_path: Path
) -> None:
    hold = {"vault": "two", "at": "stored", "prefix": "segments/"}
    with siege(database, places(tmp_path), hold) as late:  # by hand: no job, and nobody goes on with it
        late.said("held")
        late.freeze()
        much_later = clock.now() + timedelta(days=2)
        lost.settle(house.vaults, older_than=operations.LONGEST, now=much_later)
        vaults = {vault.name: vault for vault in house.vaults}
        removing.sweep(vaults, Keep(), grace=timedelta(), now=much_later + timedelta(days=1))
        is_told_that_it_is_late(late)
    assert Backup.objects.get().state == State.FAILED
    assert [list(vault.keys(PREFIX)) for vault in house.vaults] == [[], []]


def test_a_manifest_that_was_sealed_is_written_by_whoever_finds_it(
    house: House, database: ScratchDatabase, tmp_path: Path
) -> None:
    hold = {"vault": "one", "at": "begun", "prefix": "manifests/"}
    with siege(database, places(tmp_path), hold) as late:
        late.said("held")
        sealed = Backup.objects.get()
        late.kill()
    lost.settle(house.vaults, older_than=operations.LONGEST, now=clock.now() + timedelta(days=1))
    for vault in house.vaults:
        assert b"".join(vault.read(f"{PREFIX}{sealed.id}.zst")) == bytes(sealed.sealed or b"")
    assert Backup.objects.get().state == State.COMPLETE
