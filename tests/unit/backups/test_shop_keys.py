"""A shop's key opens for operations and for escrow, for nobody else, and not at all once it is destroyed."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.vaults import damage, directory, shop_members, written
from zargar.backups import age, keys
from zargar.backups.packs import open_pack
from zargar.backups.ports import VaultFullError
from zargar.backups.vaults import ObjectKeyError
from zargar.backups.vaults.both import NoVaultLeftError, Outcome
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault

OPERATIONS, ESCROW, STRANGER = age.generate(), age.generate(), age.generate()
AT = datetime(2026, 11, 23, tzinfo=UTC)
HOLDERS = keys.Keyholders(operations=OPERATIONS.recipient, escrow=ESCROW.recipient)


@pytest.fixture
def vaults(tmp_path: Path) -> list[DirectoryVault]:
    return [directory(tmp_path, "here"), directory(tmp_path, "there")]


def test_a_pack_opens_by_operations_or_escrow_from_either_vault(vaults: list[DirectoryVault]) -> None:
    key, outcomes = keys.create("shop_a", vaults, HOLDERS)
    assert outcomes == (Outcome("here", None), Outcome("there", None))
    (place,) = written(vaults, {"shop_a": (shop_members("a"), key.recipient)})
    for vault in vaults:
        for holder in (OPERATIONS, ESCROW):
            assert list(open_pack(vault, place, keys.read(vault, key, holder.identity))) == shop_members("a")


def test_a_stranger_and_the_shops_public_half_open_nothing(vaults: list[DirectoryVault]) -> None:
    key, _ = keys.create("shop_a", vaults, HOLDERS)
    with pytest.raises(keys.WrongKeyholderError, match=rf"vault here: keys/shop_a/{key.id}\.age is not locked"):
        keys.read(vaults[0], key, STRANGER.identity)
    with pytest.raises(age.BadAgeKeyError):
        keys.read(vaults[0], key, key.recipient)


def test_no_stored_byte_nor_repr_holds_the_secret(vaults: list[DirectoryVault]) -> None:
    key, _ = keys.create("shop_a", vaults, HOLDERS)
    secret = keys.read(vaults[0], key, OPERATIONS.identity)
    assert secret.startswith("AGE-SECRET-KEY-1")
    assert secret.encode() not in b"".join(vaults[0].read(key.object))
    assert secret not in repr(age.KeyPair(key.recipient, secret))


def test_a_key_object_is_an_identity_file_as_age_reads_it(vaults: list[DirectoryVault]) -> None:
    key, _ = keys.create("shop_a", vaults, HOLDERS)
    opened = BytesIO()
    age.unlock(BytesIO(b"".join(vaults[0].read(key.object))).read, opened.write, ESCROW.identity)
    comment, public, secret = opened.getvalue().decode().splitlines()
    assert (comment, public) == ("# shop: shop_a", f"# public key: {key.recipient}")
    assert age.recipient_of(secret) == key.recipient


def test_the_keys_of_two_shops_swapped_are_damage(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    first, _ = keys.create("shop_a", vaults, HOLDERS)
    second, _ = keys.create("shop_b", vaults, HOLDERS)
    (tmp_path / "here" / second.object).replace(tmp_path / "here" / first.object)
    with pytest.raises(keys.DamagedKeyError, match="another key than its name says"):
        keys.read(vaults[0], first, OPERATIONS.identity)
    with pytest.raises(keys.DamagedKeyError, match="it is gone"):
        keys.read(vaults[0], second, OPERATIONS.identity)
    assert keys.read(vaults[1], first, OPERATIONS.identity)


@pytest.mark.parametrize("at", [0, -40, -1])
def test_a_changed_byte_of_a_key_object_is_damage(vaults: list[DirectoryVault], tmp_path: Path, at: int) -> None:
    key, _ = keys.create("shop_a", vaults, HOLDERS)
    damage(tmp_path / "here", key.object, bytes([b"".join(vaults[0].read(key.object))[at] ^ 1]), at)
    with pytest.raises(keys.DamagedKeyError):
        keys.read(vaults[0], key, OPERATIONS.identity)


def test_a_destroyed_shops_packs_open_no_more_and_its_neighbours_do(vaults: list[DirectoryVault]) -> None:
    gone, _ = keys.create("shop", vaults, HOLDERS)
    old, _ = keys.create("shop", vaults, HOLDERS)
    stays, _ = keys.create("shop2", vaults, HOLDERS)
    assert keys.destroy([gone.object, old.object], vaults, at=AT) == (Outcome("here", None), Outcome("there", None))
    for vault in vaults:
        for key in (gone, old):
            with pytest.raises(keys.ErasedKeyError, match="was erased at 2026-11-23"):
                keys.read(vault, key, OPERATIONS.identity)
        assert keys.read(vault, stays, OPERATIONS.identity)
        assert keys.erased(vault) == {gone.object: AT, old.object: AT}
    again = keys.destroy([gone.object, old.object], vaults, at=AT + timedelta(days=1))
    assert again == (Outcome("here", None), Outcome("there", None))
    assert keys.erased(vaults[0]) == {gone.object: AT, old.object: AT}


def test_a_shop_that_has_the_name_of_an_erased_one_keeps_its_key(vaults: list[DirectoryVault]) -> None:
    erased, heir = (keys.create("shop", vaults, HOLDERS)[0] for _ in range(2))
    keys.destroy([erased.object], vaults, at=AT)
    assert keys.read(vaults[1], heir, OPERATIONS.identity)


def test_a_key_that_is_gone_without_a_mark_is_damage(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    key, _ = keys.create("shop", vaults, HOLDERS)
    (tmp_path / "here" / key.object).unlink()
    with pytest.raises(keys.DamagedKeyError, match="gone"):
        keys.read(vaults[0], key, OPERATIONS.identity)


def test_a_vault_that_still_holds_a_destroyed_key_is_named(vaults: list[DirectoryVault], tmp_path: Path) -> None:
    key, _ = keys.create("shop_a", vaults, HOLDERS)
    (tmp_path / "here").rename(tmp_path / "away")
    here, there = keys.destroy([key.object], vaults, at=AT)
    assert "the directory is not there" in str(here.error)
    assert there.error is None


def test_a_key_in_one_vault_alone_is_of_use_and_says_so(vaults: list[DirectoryVault]) -> None:
    full = BreakingVault(vaults[1], after=0, error=VaultFullError)
    key, (here, there) = keys.create("shop_a", [vaults[0], full], HOLDERS)
    assert here.error is None
    assert "broke" in str(there.error)
    assert keys.read(vaults[0], key, OPERATIONS.identity)


def test_a_key_that_no_vault_took_is_none(vaults: list[DirectoryVault]) -> None:
    with pytest.raises(NoVaultLeftError):
        keys.create("shop_a", [BreakingVault(vault, after=0) for vault in vaults], HOLDERS)


@pytest.mark.parametrize("shop", ["../up", "a/../b", "", ".hidden"])
def test_a_slug_cannot_lead_elsewhere(vaults: list[DirectoryVault], shop: str) -> None:
    with pytest.raises(ObjectKeyError):
        keys.create(shop, vaults, HOLDERS)


def test_one_key_is_not_two_keyholders() -> None:
    with pytest.raises(keys.OneKeyholderError):
        keys.Keyholders(operations=OPERATIONS.recipient, escrow=OPERATIONS.recipient + "\n")


def test_a_secret_given_as_public_key_is_refused_and_not_repeated() -> None:
    with pytest.raises(age.BadAgeKeyError) as refused:
        keys.Keyholders(operations=OPERATIONS.identity, escrow=ESCROW.recipient)
    assert OPERATIONS.identity not in str(refused.value)
