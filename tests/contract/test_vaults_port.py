"""Every kind of vault keeps the port's promises: written once, whole or not at all, read by range, listed in full."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support import s3
from tests.support.vaults import directory
from zargar.backups.ports import KeyTakenError, NoSuchObjectError, Stored, Vault, VaultError
from zargar.backups.vaults import ObjectKeyError
from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault
from zargar.backups.vaults.s3_calls import Patience

PART: Final = LEAST_PART_BYTES
KEY: Final = "segments/0b5f2c6e/00000"
KNOWING_CONDITIONS: Final = ["directory", "r2"]
"""A store without conditions cannot tell two writers of one moment apart, as `S3Vault` says; its keys hold a UUID."""
PATIENCE: Final = Patience(connect=5, read=20, attempts=3, pause=lambda _: None)


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with s3.moto_server() as port:
        yield port


@dataclass(frozen=True)
class Given:
    """A vault, and a way to put one-byte objects into it behind its back (a thousand `put`s take their time)."""

    vault: Vault
    seed: Callable[[str], object]


@pytest.fixture(params=["directory", "r2", "b2"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Given]:
    if request.param == "directory":
        yield Given(directory(tmp_path, "vault"), lambda key: seed_file(tmp_path / "vault" / key))
        return
    b2 = request.param == "b2"
    with s3.store(request.getfixturevalue("moto"), versions=b2, conditions=not b2) as front:
        bucket, admin = s3.bucket(front, versioned=b2), s3.admin(front)
        vault = S3Vault(bucket, name=request.param, patience=PATIENCE, part_bytes=PART)
        yield Given(vault, lambda key: admin.put_object(Bucket=bucket.bucket, Key=key, Body=b"x"))


@pytest.fixture
def vault(given: Given) -> Vault:
    return given.vault


def seed_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def pieces(length: int, most: int = 65_552) -> Iterator[bytes]:
    """Bytes that differ along the way, in chunks of an odd size."""
    block = hashlib.sha256(str(length).encode()).digest() * 2049
    for at in range(0, length, most):
        yield block[: min(most, length - at)]


def whole(vault: Vault, key: str, **the_range: int) -> bytes:
    return b"".join(vault.read(key, **the_range))


@pytest.mark.parametrize("length", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1])
def test_an_object_of_any_size_comes_back_whole(vault: Vault, length: int) -> None:
    assert vault.put(KEY, pieces(length)) == Stored(KEY, length)
    assert vault.stat(KEY) == Stored(KEY, length)
    assert whole(vault, KEY) == b"".join(pieces(length))


def test_an_object_of_no_chunk_at_all_is_empty(vault: Vault) -> None:
    assert vault.put(KEY, []) == Stored(KEY, 0)
    assert whole(vault, KEY) == b""
    assert whole(vault, KEY, start=0, length=0) == b""


def test_a_range_is_read_alone(vault: Vault) -> None:
    data = bytes(range(256)) * 4096
    vault.put(KEY, [data])
    for start, length in [(0, 1), (0, len(data)), (1, 700_000), (len(data) - 1, 1), (5, 0), (len(data), 0)]:
        assert whole(vault, KEY, start=start, length=length) == data[start : start + length]
    assert whole(vault, KEY, start=1_000_000) == data[1_000_000:]
    assert whole(vault, KEY, start=len(data)) == b""


@pytest.mark.parametrize(("start", "length"), [(0, 11), (10, 1), (9, 2), (11, 0), (50, 1), (-1, 2)])
def test_a_range_past_the_end_is_an_error_and_no_short_answer(vault: Vault, start: int, length: int) -> None:
    vault.put(KEY, [b"0123456789"])
    with pytest.raises(VaultError):
        whole(vault, KEY, start=start, length=length)


def test_what_is_written_once_is_never_written_over(vault: Vault) -> None:
    vault.put(KEY, [b"first"])
    for again in (b"second", b"first"):
        with pytest.raises(KeyTakenError, match=f"{vault.name}.*{KEY} is there already"):
            vault.put(KEY, [again])
    assert whole(vault, KEY) == b"first"


@pytest.mark.parametrize("given", KNOWING_CONDITIONS, indirect=True)
def test_a_writer_that_was_overtaken_does_not_overwrite(vault: Vault) -> None:
    def overtaken() -> Iterator[bytes]:
        yield b"slow"
        vault.put(KEY, [b"quick"])
        yield b" and late"

    with pytest.raises(KeyTakenError):
        vault.put(KEY, overtaken())
    assert whole(vault, KEY) == b"quick"


@pytest.mark.parametrize("given", KNOWING_CONDITIONS, indirect=True)
def test_a_large_object_that_was_overtaken_does_not_overwrite(vault: Vault) -> None:
    def overtaken() -> Iterator[bytes]:
        yield from pieces(2 * PART)
        vault.put(KEY, [b"quick"])
        yield b" and late"

    with pytest.raises(KeyTakenError):
        vault.put(KEY, overtaken())
    assert whole(vault, KEY) == b"quick"


@pytest.mark.parametrize("length", [0, 10, PART, 2 * PART + 10])
def test_a_producer_that_fails_leaves_nothing_and_its_error_passes(vault: Vault, length: int) -> None:
    def failing() -> Iterator[bytes]:
        yield from pieces(length)
        message = "the database broke off"
        raise ConnectionError(message)

    with pytest.raises(ConnectionError, match="the database broke off"):
        vault.put(KEY, failing())
    assert vault.stat(KEY) is None
    assert list(vault.keys("segments/")) == []
    vault.put(KEY, [b"again"])
    assert whole(vault, KEY) == b"again"


def test_what_is_not_there_is_said_to_be_missing(vault: Vault) -> None:
    vault.put(f"{KEY}0", [b"a neighbour whose key begins alike"])
    assert vault.stat(KEY) is None
    acts: list[Callable[[], object]] = [
        lambda: vault.delete(KEY),
        lambda: whole(vault, KEY),
        lambda: whole(vault, KEY, start=1, length=1),
        lambda: whole(vault, KEY, start=0, length=0),
    ]
    for act in acts:
        with pytest.raises(NoSuchObjectError, match=f"{vault.name}.*{KEY}"):
            act()
    assert vault.stat(f"{KEY}0") is not None


def test_a_deleted_object_is_gone_and_its_neighbours_are_not(vault: Vault) -> None:
    for key in (KEY, f"{KEY}.age", f"{KEY}0"):
        vault.put(key, [b"x"])
    vault.delete(KEY)
    assert vault.stat(KEY) is None
    assert [stored.key for stored in vault.keys("segments/")] == [f"{KEY}.age", f"{KEY}0"]
    vault.put(KEY, [b"anew"])
    assert whole(vault, KEY) == b"anew"


def test_a_listing_of_more_than_a_thousand_is_whole_and_sorted(given: Given) -> None:
    vault = given.vault
    keys = [f"keys/shop_{number}/k.age" for number in range(1_005)]
    for key in reversed(keys):
        given.seed(key)
    vault.put("manifests/one.json", [b"{}"])
    assert [stored.key for stored in vault.keys("keys/")] == sorted(keys)
    assert [stored.key for stored in vault.keys("keys/shop_77")] == sorted(key for key in keys if "shop_77" in key)
    assert len(list(vault.keys(""))) == 1_006
    assert list(vault.keys("nothing/")) == []


@pytest.mark.parametrize(
    "key", ["", "/a", "../a", "a/../b", "a//b", "a/", ".a", "a/.b", "a\\b", "a b", "کلید", "a\0", "a" * 401]
)
def test_a_key_that_could_lead_elsewhere_is_refused(vault: Vault, key: str) -> None:
    for act in (lambda: vault.put(key, [b"x"]), lambda: whole(vault, key), lambda: vault.stat(key)):
        with pytest.raises(ObjectKeyError):
            act()
    with pytest.raises(ObjectKeyError):
        vault.delete(key)
    with pytest.raises(ObjectKeyError):
        list(vault.keys("../"))
