"""Vaults and members for tests of backups."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from zargar.backups import age
from zargar.backups.members import Member
from zargar.backups.packs import PackPlace
from zargar.backups.ports import Vault
from zargar.backups.segments import MOST_BYTES, SegmentWriter
from zargar.backups.vaults.directory import DirectoryVault

BACKUP = "0b5f2c6e-8a55-4c1e-9b0d-2f8f6f1f1a01"


def directory(parent: Path, name: str) -> DirectoryVault:
    """Make a vault in a new directory."""
    (parent / name).mkdir()
    return DirectoryVault(parent / name, name=name)


def shop_members(word: str, *, rows: int = 3) -> list[Member]:
    """A small shop: DDL, a table with Persian text, an empty file, a long Persian path."""
    lines = "".join(f"{row}\t{word} انگشتر\t\\N\n" for row in range(rows))
    return [
        Member("pre-data.sql", f"CREATE TABLE {word} (id bigint, title text, note text);\n".encode()),
        Member(f"data/0001.{word}/0001.copy", lines.encode()),
        Member("empty.sql", b""),
        Member(f"media/{'گردنبند-' * 12}.jpg", b"\x00\xff" * 700),
    ]


def noise(length: int) -> Iterator[Member]:
    """Members that do not compress, of up to 1 MiB, `length` bytes together."""
    for number, begin in enumerate(range(0, length, 1 << 20)):
        yield Member(f"noise/{number:05}", os.urandom(min(1 << 20, length - begin)))


def written(
    vaults: Sequence[Vault], packs: dict[str, tuple[list[Member], str]], most_bytes: int = MOST_BYTES
) -> list[PackPlace]:
    """Write packs (by name: members, recipient) as one backup and return their places, all of them stored."""
    with SegmentWriter(BACKUP, vaults, most_bytes) as writer:
        places = [writer.write_pack(name, members, recipient) for name, (members, recipient) in packs.items()]
        for segment in writer.close():
            assert [outcome.error for outcome in segment.outcomes] == [None] * len(vaults)
    return places


def stored_hash(vault: Vault, key: str) -> str:
    """SHA-256 of an object as the vault has it."""
    return hashlib.sha256(b"".join(vault.read(key))).hexdigest()


def damage(root: Path, key: str, change: bytes, at: int) -> None:
    """Write over bytes of an object behind its vault's back; a negative `at` counts from its end."""
    path = root / key
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        file.write(change)


def lock_for_another(root: Path, key: str) -> None:
    """Change some bits of what a key object has for its first recipient: to age it is locked for somebody else then."""
    data = (root / key).read_bytes()
    at = data.index(b"\n", data.index(b"-> X25519")) + 5
    damage(root, key, b"B" if data[at : at + 1] == b"A" else b"A", at)


SHOP_A, SHOP_B = age.generate(), age.generate()
