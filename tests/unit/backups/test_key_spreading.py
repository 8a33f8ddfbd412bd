"""Keys are brought to vaults that lack them, as they were made, and never those that an erasure has destroyed."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.vaults import damage, directory
from zargar.backups import age, keys
from zargar.backups.key_objects import Measure
from zargar.backups.key_spreading import Spread, spread
from zargar.backups.keys import ShopKey
from zargar.backups.ports import Stored, Vault, VaultFullError, VaultRefusedError
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault

OPERATIONS, ESCROW = age.generate(), age.generate()
HOLDERS = keys.Keyholders(operations=OPERATIONS.recipient, escrow=ESCROW.recipient)
AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def vaults(tmp_path: Path) -> list[DirectoryVault]:
    return [directory(tmp_path, "here"), directory(tmp_path, "there")]


def made(shop: str, vaults: list[DirectoryVault]) -> ShopKey:
    return keys.create(shop, vaults, HOLDERS)[0]


def measures(several: Collection[ShopKey]) -> Callable[[Collection[str]], dict[str, Measure]]:
    known = {key.object: key.measure for key in several if key.measure}
    return lambda names: {name: known[name] for name in names if name in known}


def spreading(several: list[ShopKey], vaults: list[DirectoryVault], *, known: bool = True) -> Spread:
    return spread(
        [key.object for key in several], vaults, known=measures(several if known else ()), destroyed=lambda _: ()
    )


def whole(found: Spread) -> bool:
    return not any(found.lacking.values()) and not found.nowhere


@pytest.mark.parametrize("count", [3, 30], ids=["a few", "so many that they are listed"])
@pytest.mark.parametrize("known", [True, False], ids=["measured", "of before measures"])
def test_a_vault_that_was_away_is_given_the_keys_that_it_lacks(
    vaults: list[DirectoryVault], count: int, *, known: bool
) -> None:
    several = [made(f"shop_{number}", vaults[:1]) for number in range(count)] + [made("shop_x", vaults[1:])]
    assert whole(spreading(several, vaults, known=known))
    for vault in vaults:
        assert all(keys.read(vault, key, ESCROW.identity) for key in several)


def test_a_vault_that_does_not_answer_lacks_all_and_is_no_proof_that_a_key_is_nowhere(
    vaults: list[DirectoryVault], tmp_path: Path
) -> None:
    key = made("shop", vaults)
    (tmp_path / "there").rename(tmp_path / "away")
    vaults[0].delete(key.object)
    found = spreading([key], vaults)
    assert "the directory is not there" in str(found.fault("there", among=[key.object]))
    assert "it is gone" in str(found.fault("here", among=[key.object]))
    assert found.nowhere == frozenset()


def test_a_key_that_no_vault_has_whole_is_told_and_the_others_are_brought(
    vaults: list[DirectoryVault], tmp_path: Path
) -> None:
    lost, sound = made("lost", vaults), made("sound", vaults[:1])
    vaults[1].delete(lost.object)
    damage(tmp_path / "here", lost.object, b"?", at=-20)
    found = spreading([lost, sound], vaults)
    assert found.nowhere == {lost.object}
    assert "it is not what was written" in found.lacking["here"][lost.object]
    assert "it is gone" in found.lacking["there"][lost.object]
    assert found.fault("there", among=[sound.object]) is None
    assert keys.read(vaults[1], sound, OPERATIONS.identity)


def test_a_damaged_key_is_not_spread_and_a_sound_one_behind_it_is(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    key = made("shop", vaults)
    damage(tmp_path / "here", key.object, b"?", at=-20)
    third = directory(tmp_path, "third")
    found = spreading([key], [*vaults, third])
    assert whole(found)
    assert all(keys.read(vault, key, OPERATIONS.identity) for vault in (*vaults, third)), "the damaged one gave way"


@pytest.mark.parametrize("left", [0, 100], ids=["empty", "cut short"])
def test_a_key_of_another_size_is_known_by_the_listing_and_gives_way_to_the_right_one(
    vaults: list[DirectoryVault], tmp_path: Path, left: int
) -> None:
    several = [made("shop", vaults), made("other", vaults)]
    for key, name in zip(several, ("here", "there"), strict=True):
        cut(tmp_path / name / key.object, left)
    assert whole(spreading(several, vaults))
    assert all(keys.read(vault, key, ESCROW.identity) for vault in vaults for key in several)


def cut(path: Path, left: int) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:left])


def test_an_empty_key_that_nobody_has_measured_is_told_and_stays(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    key = made("shop", vaults)
    path = tmp_path / "here" / key.object
    cut(path, 0)
    found = spreading([key], vaults, known=False)
    assert "it has 0 bytes" in str(found.fault("here", among=[key.object]))
    assert (found.lacking["there"], found.nowhere, found.settled) == ({}, frozenset(), True)
    assert path.stat().st_size == 0


def test_a_wrong_key_stays_where_no_vault_has_the_right_one(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    lost, other = made("lost", vaults), made("other", vaults)
    for name in ("here", "there"):
        cut(tmp_path / name / lost.object, 100)
    cut(tmp_path / "here" / other.object, 0)
    found = spreading([lost, other], vaults)
    assert found.nowhere == {lost.object}
    assert [(tmp_path / name / lost.object).stat().st_size for name in ("here", "there")] == [100, 100]
    assert keys.read(vaults[0], other, ESCROW.identity)


class Locked(DirectoryVault):
    """A vault whose locks cover keys too."""

    def delete(self, key: str) -> None:
        message = f"vault {self.name}: {key} is locked"
        raise VaultRefusedError(message)


def test_a_wrong_key_that_a_lock_keeps_is_told_and_the_others_are_brought(
    vaults: list[DirectoryVault], tmp_path: Path
) -> None:
    wrong, missing = made("shop", vaults), made("other", vaults[:1])
    cut(tmp_path / "there" / wrong.object, 0)
    locked = Locked(tmp_path / "there", name="there")
    found = spread(
        [wrong.object, missing.object], [vaults[0], locked],
        known=measures([wrong, missing]), destroyed=lambda _: (),
    )  # fmt: skip
    assert list(found.lacking["there"]) == [wrong.object]
    assert "it has 0 bytes" in found.lacking["there"][wrong.object]
    assert "is locked" in found.lacking["there"][wrong.object]
    assert keys.read(locked, missing, ESCROW.identity)


def test_a_vault_that_fails_while_it_is_completed_says_so_and_is_not_asked_to_take_the_others(
    vaults: list[DirectoryVault],
) -> None:
    several = [made(f"shop_{number}", vaults[:1]) for number in range(60)]
    full = BreakingVault(vaults[1], after=0, error=VaultFullError)
    found = spread([key.object for key in several], [vaults[0], full], known=measures(several), destroyed=lambda _: ())
    assert (len(found.lacking["there"]), found.nowhere) == (60, frozenset())
    assert "broke" in str(found.fault("there", among=[several[0].object]))
    assert full.attempts < 20


def test_a_key_that_is_to_be_gone_is_not_brought_back_from_the_vault_that_kept_it(
    vaults: list[DirectoryVault],
) -> None:
    key = made("shop", vaults[:1])
    found = spread([key.object], vaults, known=measures([key]), destroyed=set)
    assert whole(found)
    assert vaults[1].stat(key.object) is None


def test_a_vault_s_mark_of_an_erasure_counts_though_the_catalogue_has_forgotten_it(
    vaults: list[DirectoryVault],
) -> None:
    key = made("shop", vaults)
    keys.destroy([key.object], vaults[1:], at=AT)
    assert whole(spreading([key], vaults))
    assert vaults[1].stat(key.object) is None


class Erasing(DirectoryVault):
    """A vault in which a shop is erased just as its key is copied: noted, destroyed and marked, before it is stored."""

    noted: bool = False

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        data = list(chunks)
        self.noted = True
        return super().put(key, data)


def test_a_key_that_is_destroyed_while_it_is_copied_does_not_come_back(
    vaults: list[DirectoryVault], tmp_path: Path
) -> None:
    key = made("shop", vaults[:1])
    erasing = Erasing(tmp_path / "there", name="there")
    several: list[Vault] = [vaults[0], erasing]
    found = spread(
        [key.object], several, known=measures([key]), destroyed=lambda names: set(names) if erasing.noted else set()
    )
    assert erasing.noted
    assert erasing.stat(key.object) is None
    assert whole(found)
