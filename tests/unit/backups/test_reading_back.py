"""Reading a whole backup back finds what reading pack by pack finds, with a request for each segment alone."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.vaults import (
    BACKUP,
    SHOP_A,
    SHOP_B,
    damage,
    directory,
    noise,
    shop_members,
    stored_hash,
    written,
)
from zargar.backups.members import Member
from zargar.backups.packs import DamagedPackError, PackPlace, check_stored
from zargar.backups.reading_back import SoFar, damaged, read_on
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.directory import DirectoryVault


class Counting(DirectoryVault):
    """A vault that counts its reads."""

    reads = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.reads += 1
        return super().read(key, start=start, length=length)


@pytest.fixture
def vault(tmp_path: Path) -> Counting:
    (tmp_path / "here").mkdir()
    return Counting(tmp_path / "here", name="here")


@pytest.fixture
def places(vault: Counting) -> list[PackPlace]:
    """Thirty small packs and a large one among them, over several segments."""
    packs: dict[str, tuple[list[Member], str]] = {
        f"shop_{number:02}": (shop_members(f"t{number}"), SHOP_A.recipient) for number in range(30)
    }
    packs["shop_15"] = (list(noise(500_000)), SHOP_B.recipient)
    return written([vault], packs, most_bytes=100_000)


def one_by_one(vault: DirectoryVault, places: list[PackPlace]) -> set[str]:
    found = set()
    for place in places:
        try:
            check_stored(vault, place)
        except DamagedPackError:
            found.add(place.pack)
    return found


def test_a_sound_backup_is_read_with_one_request_for_each_segment(vault: Counting, places: list[PackPlace]) -> None:
    assert damaged(vault, places) == {}
    assert damaged(vault, list(reversed(places))) == {}
    assert vault.reads == 2 * len(list(vault.keys("segments/")))


@pytest.mark.parametrize("segment", [0, 2, 5])
@pytest.mark.parametrize("how", ["flip", "cut", "gone"])
def test_every_damage_is_told_by_the_same_packs_as_one_by_one(
    vault: Counting, places: list[PackPlace], tmp_path: Path, segment: int, how: str
) -> None:
    key = f"segments/{BACKUP}/{segment:05}"
    if how == "flip":
        damage(tmp_path / "here", key, b"XXXX", 700)
    elif how == "cut":
        os.truncate(tmp_path / "here" / key, 1_000)
    else:
        vault.delete(key)
    found = damaged(vault, places)
    assert set(found) == one_by_one(vault, places) != set()
    said = {"flip": "not those that were written", "cut": "is cut short at 1000 bytes", "gone": "is gone"}[how]
    assert all(words.startswith(f"vault here: pack {pack}: ") and said in words for pack, words in found.items())


def test_two_packs_that_are_swapped_are_both_damaged(vault: Counting, places: list[PackPlace]) -> None:
    first, second, *rest = places
    swapped = [replace(first, pieces=second.pieces), replace(second, pieces=first.pieces), *rest]
    assert set(damaged(vault, swapped)) == {"shop_00", "shop_01"}


def test_a_pack_that_claims_anothers_bytes_too_is_damaged(vault: Counting, places: list[PackPlace]) -> None:
    first, second, *rest = places
    assert "shop_01" in damaged(vault, [first, replace(second, pieces=first.pieces), *rest])


def test_bytes_that_no_pack_names_are_passed_over(tmp_path: Path) -> None:
    def failing() -> Iterator[Member]:
        yield from noise(3_000_000)
        raise ZeroDivisionError

    vault = directory(tmp_path, "there")
    with SegmentWriter(BACKUP, [vault], most_bytes=1 << 20) as writer:
        before = writer.write_pack("before", shop_members("a"), SHOP_A.recipient)
        with pytest.raises(ZeroDivisionError):
            writer.write_pack("broken", failing(), SHOP_A.recipient)
        after = writer.write_pack("after", shop_members("b"), SHOP_A.recipient)
        writer.close()
    assert damaged(vault, [before, after]) == {}


def hashes(vault: DirectoryVault) -> dict[str, str]:
    return {stored.key: stored_hash(vault, stored.key) for stored in vault.keys("segments/")}


@pytest.mark.parametrize("segment", [None, 0, 2, 5])
def test_however_many_goes_it_takes_what_is_found_is_the_same(
    vault: Counting, places: list[PackPlace], tmp_path: Path, segment: int | None
) -> None:
    right = hashes(vault)
    if segment is not None:
        damage(tmp_path / "here", f"segments/{BACKUP}/{segment:05}", b"XXXX", 700)
    so_far, vault.reads = SoFar(), 0
    while so_far.more:
        so_far = read_on(vault, places, hashes=right, begun=so_far, stop=lambda: True)
    assert vault.reads == so_far.segments == len(right)
    assert set(so_far.faults) >= one_by_one(vault, places)
    assert bool(so_far.faults) == (segment is not None)
