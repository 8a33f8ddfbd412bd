"""Reading a copy back reads its key objects too: in several goes, each once, and none that was destroyed is missed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.support.vaults import BACKUP, damage, directory, shop_members
from zargar.backups import age, keys, manifest, proving
from zargar.backups.facts import ShopFacts
from zargar.backups.key_objects import Measure, ReadBack
from zargar.backups.manifest import Manifest, PackEntry, SegmentEntry
from zargar.backups.proving import Proof
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.directory import DirectoryVault

AT = datetime(2026, 11, 23, tzinfo=UTC)
HOLDERS = keys.Keyholders(age.generate().recipient, age.generate().recipient)
SHOPS = 150


class Counting(DirectoryVault):
    """A vault that counts the key objects that are read in it."""

    read_keys = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.read_keys += key.startswith("keys/")
        return super().read(key, start=start, length=length)


@dataclass(frozen=True)
class Written:
    """A backup of many small shops in one vault, and what the catalogue knows of their keys."""

    vault: Counting
    sha256: str
    objects: list[str]
    measures: dict[str, Measure]

    def prove(self, *goes: int, destroyed: tuple[str, ...] = ()) -> list[Proof]:
        """Read it back; each go is told to stop the so-manieth time that it asks, and the last one never."""
        found: list[Proof] = []
        for stop_at in (*goes, None):
            answers = repeat(False) if stop_at is None else chain(repeat(False, stop_at), repeat(True))  # noqa: FBT003 -- itertools takes it by position
            found.append(
                proving.prove(
                    self.vault, BACKUP, sha256=self.sha256, begun=found[-1].half if found else None,
                    keys=ReadBack(lambda _: self.measures, lambda _: destroyed), stop=lambda: next(answers),  # noqa: B023 -- it is called in this round
                )
            )  # fmt: skip
        return found


@pytest.fixture
def written(tmp_path: Path) -> Written:
    directory(tmp_path, "one")
    vault = Counting(tmp_path / "one", name="one")
    made = [keys.create(f"shop_{number:03}", [vault], HOLDERS)[0] for number in range(SHOPS)]
    with SegmentWriter(BACKUP, [vault]) as writer:
        places = [writer.write_pack(key.shop, shop_members("a"), key.recipient) for key in made]
        segments = tuple(SegmentEntry(one.key, one.size, one.sha256) for one in writer.close())
    packs = tuple(
        PackEntry(key.shop, key.shop, key.object, place, ShopFacts(key.shop, AT, 180006, "ab", (), (), ()))
        for key, place in zip(made, places, strict=True)
    )
    data = manifest.compressed(manifest.dump(Manifest(BACKUP, "daily", AT, AT, "zargar", 180006, packs, segments)))
    vault.put(manifest.key_of(BACKUP), [data])
    objects = sorted(key.object for key in made)
    measures = {key.object: key.measure for key in made if key.measure}
    return Written(vault, hashlib.sha256(data).hexdigest(), objects, measures)


def test_keys_are_read_in_several_goes_and_each_once(written: Written) -> None:
    first, second, last = written.prove(0, 0)
    assert first.half is not None
    assert second.half is not None
    assert 0 < first.half.keys < second.half.keys < SHOPS
    assert (last.good, last.faults, written.vault.read_keys) == (True, (), SHOPS)


@pytest.mark.parametrize("at", [0, 70, SHOPS - 1])
@pytest.mark.parametrize("goes", [(), (0,), (0, 0)], ids=["in one go", "in two", "in three"])
def test_a_damaged_key_is_in_the_verdict_whichever_go_has_read_it(
    written: Written, tmp_path: Path, at: int, goes: tuple[int, ...]
) -> None:
    damage(tmp_path / "one", written.objects[at], b"??", at=-9)
    *halves, verdict = written.prove(*goes)
    assert all(half.half is not None for half in halves)
    [fault] = verdict.faults
    assert f"its key {written.objects[at]}: it is not what was written" in fault
    assert not verdict.lost


def test_a_key_that_was_brought_back_between_two_goes_is_no_fault(written: Written, tmp_path: Path) -> None:
    path = tmp_path / "one" / written.objects[3]
    sound = path.read_bytes()
    path.unlink()
    [begun, _] = written.prove(0)
    assert begun.half is not None
    assert (begun.half.suspect, begun.half.faults) == ((written.objects[3],), {})
    path.write_bytes(sound)
    proof = proving.prove(
        written.vault, BACKUP, sha256=written.sha256, begun=begun.half, keys=ReadBack(lambda _: {}, lambda _: ())
    )
    assert (proof.good, proof.faults) == (True, ())


def test_keys_that_are_gone_are_missed_by_pack_and_those_that_were_destroyed_are_not(
    written: Written, tmp_path: Path
) -> None:
    gone, erased, marked = written.objects[3:6]
    keys.destroy([marked], [written.vault], at=AT)
    for name in (gone, erased):
        (tmp_path / "one" / name).unlink()
    [verdict] = written.prove(destroyed=(erased,))
    assert [gone in fault for fault in verdict.faults] == [True]
    assert verdict.lost


def test_many_backups_that_share_keys_read_each_once(written: Written) -> None:
    keys_read = ReadBack(lambda _: written.measures, lambda _: ())
    for _ in range(3):
        assert proving.prove(written.vault, BACKUP, sha256=written.sha256, keys=keys_read).good
    assert written.vault.read_keys == SHOPS
