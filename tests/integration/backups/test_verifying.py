"""Reading copies back and completing them: in turns, in several goes, past whatever is damaged, strange or silent."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tests.support.backups import OPERATIONS, house_of
from tests.support.databases import ScratchDatabase
from tests.support.vaults import damage, directory
from zargar import clock
from zargar.backups import manifest, operations, restoring, verifying
from zargar.backups.files import FolderSource
from zargar.backups.making import House, Made
from zargar.backups.models import Backup, Copy, CopyState, State
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.outcomes import JSON, Retryable, Summary
from zargar.shops.models import Shop


class Counting(DirectoryVault):
    """A vault that counts the segments that are read in it."""

    read_segments = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.read_segments += key.startswith("segments/")
        return super().read(key, start=start, length=length)


@pytest.fixture
def house(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


def made(house: House) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def dicts(told: JSON) -> list[Summary]:
    assert isinstance(told, list)
    return [one for one in told if isinstance(one, dict)]


def verdicts(found: Summary) -> dict[tuple[JSON, JSON], JSON]:
    return {(one["backup"], one["vault"]): one["good"] for one in dicts(found["proven"])}


def taken_from(root: Path, backup: str) -> None:
    """Take a backup out of a vault, as if it had never got there."""
    (root / manifest.key_of(backup)).unlink()
    for segment in (root / "segments" / backup).iterdir():
        segment.unlink()
    Copy.objects.filter(backup__id=backup, vault=root.name).update(state=CopyState.MISSING, checked_at=None)


def after(asked: int) -> Callable[[], bool]:
    """Say stop from the so-manieth time on that it is asked."""
    answers = chain(repeat(False, asked), repeat(True))  # noqa: FBT003 -- itertools takes it by position
    return lambda: next(answers)


def test_a_damaged_manifest_of_a_copy_that_the_other_vault_lacks_is_told_and_holds_nothing_up(
    house: House, tmp_path: Path
) -> None:
    broken, sound = made(house).manifest.backup, made(house).manifest.backup
    taken_from(tmp_path / "two", broken)
    damage(tmp_path / "one", manifest.key_of(broken), b"\xff", at=40)

    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)

    assert verdicts(found) == {(broken, "one"): False, (sound, "one"): True, (sound, "two"): True}
    assert found["completed"] == []
    [lacking] = dicts(found["missing"])
    assert (lacking["backup"], lacking["vault"]) == (broken, "two")
    assert "is not the one that was written" in str(lacking["fault"])
    states = dict(Copy.objects.filter(backup__id=broken).values_list("vault", "state"))
    assert states == {"one": CopyState.DAMAGED, "two": CopyState.MISSING}


def test_what_one_source_cannot_give_the_next_one_does(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> None:
    house = house_of(database, [directory(tmp_path, name) for name in ("one", "two", "three")])
    backup = made(house).manifest.backup
    taken_from(tmp_path / "three", backup)
    damage(tmp_path / "one", manifest.key_of(backup), b"\xff", at=40)

    found = operations.verify(vaults=house.vaults, now=clock.now(), backup=UUID(backup))

    assert found["completed"] == [f"{backup} in three"]
    assert found["missing"] == []
    assert verdicts(found) == {(backup, "one"): False, (backup, "two"): True, (backup, "three"): True}
    assert Backup.objects.get().state == State.DEGRADED


def of_a_newer_format(root: Path, backup: str) -> str:
    """Write a manifest as a newer program would, and return its SHA-256."""
    path = root / manifest.key_of(backup)
    newer = manifest.compressed(manifest.dump(replace(manifest.load(path.read_bytes()), format=manifest.FORMAT + 1)))
    path.chmod(0o600)
    path.write_bytes(newer)
    return hashlib.sha256(newer).hexdigest()


def test_a_manifest_of_a_newer_program_is_no_verdict_and_holds_nothing_up(house: House, tmp_path: Path) -> None:
    newer, sound = made(house).manifest.backup, made(house).manifest.backup
    for name in ("one", "two"):
        sha256 = of_a_newer_format(tmp_path / name, newer)
    Backup.objects.filter(id=newer).update(manifest_sha256=sha256)

    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)

    assert verdicts(found) == {(sound, "one"): True, (sound, "two"): True}
    assert [(one["backup"], one["vault"]) for one in dicts(found["unanswered"])] == [(newer, "one"), (newer, "two")]
    assert set(Copy.objects.filter(backup__id=newer).values_list("state", flat=True)) == {CopyState.STORED}


def test_a_shop_comes_back_from_the_vault_whose_manifest_can_be_read(
    house: House, database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    backup = made(house).manifest.backup
    of_a_newer_format(tmp_path / "one", backup)
    with psycopg.connect(database.owner_url) as owner:
        done = restoring.beside(
            owner, vaults=house.vaults, backup=backup, slug=shop.schema_name, to="back", identity=OPERATIONS.identity
        )
    assert done.vault == "two"


@pytest.fixture
def large(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> Made:
    """A backup of two segments, in one vault."""
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "film").write_bytes(os.urandom(70 << 20))
    house = house_of(database, [directory(tmp_path, "one")])
    done = made(replace(house, sources=(FolderSource("files.media", tmp_path / "media"),)))
    assert len(done.manifest.segments) == 2
    return done


def test_a_copy_that_takes_longer_than_there_is_time_is_gone_on_with_where_it_ended(
    large: Made, tmp_path: Path
) -> None:
    now = clock.now()
    first = operations.verify(vaults=[DirectoryVault(tmp_path / "one", name="one")], now=now, stop=after(1))
    assert (first["proven"], first["left"]) == ([], 1)
    assert Copy.objects.get().state == CopyState.STORED

    vault = Counting(tmp_path / "one", name="one")
    found = operations.verify(vaults=[vault], now=now + timedelta(hours=1), go_on=True)

    assert verdicts(found) == {(large.manifest.backup, "one"): True}
    assert (vault.read_segments, found["left"]) == (1, 0)
    assert (Copy.objects.get().state, Copy.objects.get().half_read) == (CopyState.GOOD, None)


@pytest.mark.parametrize("segment", [0, 1])
def test_damage_in_either_half_of_a_copy_that_was_read_in_two_goes_is_in_the_verdict(
    large: Made, tmp_path: Path, segment: int
) -> None:
    damage(tmp_path / "one", large.manifest.segments[segment].key, b"\x00\x01\x02", at=-2_000)
    vault, now = DirectoryVault(tmp_path / "one", name="one"), clock.now()
    operations.verify(vaults=[vault], now=now, stop=after(1))
    found = operations.verify(vaults=[vault], now=now, go_on=True)
    [one] = dicts(found["proven"])
    assert one["good"] is False
    assert "files.media" in str(one["faults"])
    assert Copy.objects.get().state == CopyState.DAMAGED


def test_a_reading_that_was_left_for_days_begins_anew(large: Made, tmp_path: Path) -> None:
    vault, now = Counting(tmp_path / "one", name="one"), clock.now()
    operations.verify(vaults=[vault], now=now, stop=after(1))
    operations.verify(vaults=[vault], now=now + verifying.TAKE_UP_WITHIN + timedelta(seconds=1), go_on=True)
    assert vault.read_segments == 3
    assert Copy.objects.get().state == CopyState.GOOD


def test_completing_stops_between_segments_and_brings_the_others_next_time(large: Made, tmp_path: Path) -> None:
    one, two = Counting(tmp_path / "one", name="one"), directory(tmp_path, "two")
    Copy.objects.create(backup=Backup.objects.get(), vault="two", state=CopyState.MISSING)
    first = operations.verify(vaults=[one, two], now=clock.now(), stop=after(0))
    assert (first["completed"], first["left"]) == ([], 2)
    assert one.read_segments == 1
    assert two.stat(manifest.key_of(large.manifest.backup)) is None

    found = operations.verify(vaults=[one, two], now=clock.now())

    assert found["completed"] == [f"{large.manifest.backup} in two"]
    assert verdicts(found) == {(large.manifest.backup, name): True for name in ("one", "two")}
    assert one.read_segments == 1 + 1 + 2


def test_sittings_of_one_job_take_up_what_was_left_and_no_others_and_so_come_to_an_end(house: House) -> None:
    backups = [made(house).manifest.backup for _ in range(3)]
    now = clock.now()
    operations.verify(vaults=house.vaults, now=now, at_most=8)
    job = [operations.verify(vaults=house.vaults, now=now, at_most=4, stop=after(1))]
    while job[-1]["left"]:
        job.append(operations.verify(vaults=house.vaults, now=now, at_most=4, stop=after(1), go_on=True))
    assert [len(dicts(sitting["proven"])) for sitting in job] == [1, 1, 1, 1]
    assert [sitting["left"] for sitting in job] == [3, 2, 1, 0]
    assert len({pair for sitting in job for pair in verdicts(sitting)}) == 4 < 2 * len(backups)


def lost(root: Path, *keys: str) -> None:
    """Take objects out of a vault behind its back, as a lifecycle rule or a person does."""
    for key in keys:
        (root / key).unlink()


def states(backup: str) -> dict[str, str]:
    return dict(Copy.objects.filter(backup__id=backup).values_list("vault", "state"))


def all_of(told: manifest.Manifest) -> list[str]:
    keys = {entry.key for entry in told.packs}
    return [manifest.key_of(told.backup), *(segment.key for segment in told.segments), *keys]


@pytest.mark.parametrize("what", ["a segment", "the manifest", "a key", "the whole bucket"])
def test_what_one_vault_has_lost_is_brought_back_from_the_other(house: House, tmp_path: Path, what: str) -> None:
    told = made(house).manifest
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    lost(tmp_path / "one", *{
        "a segment": [told.segments[0].key], "the manifest": [manifest.key_of(told.backup)],
        "a key": [told.packs[0].key], "the whole bucket": all_of(told),
    }[what])  # fmt: skip

    found = operations.verify(vaults=house.vaults, now=clock.now(), backup=UUID(told.backup))

    assert verdicts(found) == {(told.backup, "one"): False, (told.backup, "two"): True}
    assert (found["completed"], found["missing"]) == ([f"{told.backup} in one"], [])
    assert states(told.backup) == {"one": CopyState.STORED, "two": CopyState.GOOD}
    again = operations.verify(vaults=house.vaults, now=clock.now(), backup=UUID(told.backup))
    assert verdicts(again) == {(told.backup, "one"): True, (told.backup, "two"): True}
    assert Backup.objects.get().state == State.COMPLETE


def test_what_was_lost_while_the_other_vault_was_away_is_brought_back_later(house: House, tmp_path: Path) -> None:
    told = made(house).manifest
    lost(tmp_path / "one", told.segments[0].key)
    (tmp_path / "two").rename(tmp_path / "away")
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert states(told.backup) == {"one": CopyState.MISSING, "two": CopyState.STORED}
    (tmp_path / "away").rename(tmp_path / "two")
    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert found["completed"] == [f"{told.backup} in one"]
    assert set(states(told.backup).values()) == {CopyState.GOOD}


def test_what_no_vault_has_any_more_is_damage_and_stays_that_until_some_vault_has_it(
    house: House, tmp_path: Path
) -> None:
    told = made(house).manifest
    segment = told.segments[0].key
    kept = (tmp_path / "one" / segment).read_bytes()
    for name in ("one", "two"):
        lost(tmp_path / name, segment)
    for _ in range(2):
        operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert set(states(told.backup).values()) == {CopyState.DAMAGED}

    for name in ("one", "two"):
        (tmp_path / name / segment).write_bytes(kept)
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert set(states(told.backup).values()) == {CopyState.GOOD}


def test_damage_beside_what_is_lost_is_damage(large: Made, tmp_path: Path) -> None:
    first, last = (segment.key for segment in large.manifest.segments)
    damage(tmp_path / "one", first, b"\x00\x01\x02", at=200)
    lost(tmp_path / "one", last)
    Copy.objects.create(backup=Backup.objects.get(), vault="two", state=CopyState.STORED)
    vaults = [DirectoryVault(tmp_path / "one", name="one")]
    found = operations.verify(vaults=vaults, now=clock.now())
    assert len(dicts(found["proven"])[0]["faults"]) > 1  # type: ignore[arg-type]  # a list in JSON
    assert states(large.manifest.backup)["one"] == CopyState.DAMAGED


def test_a_copy_that_was_missing_and_is_there_after_all_is_read_back(house: House) -> None:
    """As after a catalogue rebuilt while it was made, or when a person has brought the objects back himself."""
    backup = made(house).manifest.backup
    Copy.objects.update(state=CopyState.MISSING, detail="the vault has no manifest of it")
    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert verdicts(found) == {(backup, "one"): True, (backup, "two"): True}
    assert Backup.objects.get().state == State.COMPLETE


def test_what_a_silent_vault_holds_does_not_take_the_turns_of_the_other(house: House, tmp_path: Path) -> None:
    for _ in range(3):
        made(house)
    (tmp_path / "one").rename(tmp_path / "away")
    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=3)
    assert {vault for _, vault in verdicts(found)} == {"two"}
    assert len(verdicts(found)) == 3
    assert [one["vault"] for one in dicts(found["unanswered"])] == ["one"]
    (tmp_path / "two").rename(tmp_path / "away too")
    with pytest.raises(Retryable, match="no vault answered"):
        operations.verify(vaults=house.vaults, now=clock.now())


def test_what_only_a_silent_vault_could_give_back_is_damage_until_it_answers(house: House, tmp_path: Path) -> None:
    told = made(house).manifest
    lost(tmp_path / "two", told.segments[0].key)
    (tmp_path / "one").rename(tmp_path / "away")
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert states(told.backup) == {"one": CopyState.STORED, "two": CopyState.DAMAGED}
    (tmp_path / "away").rename(tmp_path / "one")
    found = operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert found["completed"] == [f"{told.backup} in two"]
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert set(states(told.backup).values()) == {CopyState.GOOD}


@pytest.mark.parametrize("flipped", [False, True], ids=["gone in both", "gone in one, damaged in the other"])
def test_a_key_that_is_nowhere_is_damage_and_does_not_take_the_turns_of_other_copies(
    house: House, tmp_path: Path, *, flipped: bool
) -> None:
    told = made(house).manifest
    now = clock.now()
    operations.verify(vaults=house.vaults, now=now, at_most=8)
    key = next(entry.key for entry in told.packs if entry.shop)
    lost(tmp_path / "one", key)
    if flipped:
        damage(tmp_path / "two", key, b"?", at=-20)
    else:
        lost(tmp_path / "two", key)

    for day in range(1, 4):
        found = operations.verify(vaults=house.vaults, now=now + timedelta(days=day), at_most=1)
        assert found["completed"] == []

    assert states(told.backup) == {"one": CopyState.DAMAGED, "two": CopyState.DAMAGED}
    read = Copy.objects.values_list("checked_at", flat=True)
    assert all(moment and moment > now for moment in read), "each has had its turn"
    assert all(key in copy.detail for copy in Copy.objects.all())
