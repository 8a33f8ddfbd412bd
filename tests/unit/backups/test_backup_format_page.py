"""The page of the backup format says what there is, and its commands open a pack."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from tests.support.vaults import BACKUP, directory, shop_members, written
from zargar.backups import age, description, keys
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts
from zargar.backups.file_facts import FileFacts, FileKind, FilesFacts
from zargar.backups.manifest import Manifest, PackEntry, SegmentEntry, compressed, dump, key_of
from zargar.backups.vaults.both import put_in_all
from zargar.backups.vaults.directory import DirectoryVault

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "backup-format.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
AT = datetime(2026, 11, 23, tzinfo=UTC)
AGE = """
import argparse, sys
from pathlib import Path
from zargar.backups import age
given = argparse.ArgumentParser()
given.add_argument("-d", action="store_true", required=True)
given.add_argument("-i", required=True)
given.add_argument("-o")
given.add_argument("file")
told = given.parse_args()
key = next(line for line in Path(told.i).read_text().splitlines() if line.startswith("AGE-SECRET-KEY-1"))
with open(told.o, "wb") if told.o else sys.stdout.buffer as out, open(told.file, "rb") as file:
    age.unlock(file.read, out.write, key)
"""
FILE = asdict(FileFacts("a", FileKind.FILE))
OPERATIONS, ESCROW = age.generate(), age.generate()


def facts(schema: str) -> ShopFacts:
    tables, sequences = (TableFacts("t", ("id",), 1, "00"),), (SequenceFacts("s", 1, is_called=True),)
    return ShopFacts(schema, AT, 180006, "00", tables, sequences, ("shops.0001_initial",))


@pytest.fixture
def vault(tmp_path: Path) -> DirectoryVault:
    """A vault with one backup of two shops."""
    vault = directory(tmp_path, "vault")
    holders = keys.Keyholders(operations=OPERATIONS.recipient, escrow=ESCROW.recipient)
    made = {shop: keys.create(shop, [vault], holders)[0] for shop in ("sim", "zar")}
    packs = {shop: (shop_members(shop, rows=9_000), key.recipient) for shop, key in made.items()}
    places = written([vault], packs, most_bytes=2_000)
    segments = tuple(SegmentEntry(stored.key, stored.size, "00" * 32) for stored in vault.keys(f"segments/{BACKUP}/"))
    tally = FilesFacts(0, 0, "00" * 16)
    entries = tuple(PackEntry(p.pack, p.pack, made[p.pack].object, p, facts(p.pack), tally) for p in places)
    manifest = Manifest(BACKUP, "daily", AT, AT, "zargar", 180006, entries, segments)
    put_in_all([vault], key_of(BACKUP), compressed(dump(manifest)))
    assert all(len(place.pieces) > 1 for place in places)
    return vault


def run(script: str, vault_root: Path, **variables: str) -> str:
    environment = {
        "PATH": f"{vault_root}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "BACKUP": BACKUP,
        **variables,
    }
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 -- as the page has it
        cwd=vault_root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def content(vault: DirectoryVault) -> bytes:
    """What the manifest's file holds."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(vault.read(key_of(BACKUP))))


def test_every_field_of_a_manifest_is_on_the_page(vault: DirectoryVault) -> None:
    manifest = json.loads(content(vault))["manifest"]
    pack = manifest["packs"][0]
    fields = {*manifest, *manifest["segments"][0], *manifest["tables"][0], *pack, *pack["facts"], *pack["files"], *FILE}
    assert {field for field in fields if f"`{field}`" not in PAGE} == set()


def test_every_member_of_a_pack_is_on_the_page_in_its_order() -> None:
    names = [
        description.PACK, description.PRE_DATA, description.DATA, description.SEQUENCES, description.POST_DATA,
        description.REFRESH, description.RESTORE, description.FACTS, description.FILES, description.RESTORE_FILES,
    ]  # fmt: skip
    at = [PAGE.index(f"| `{name}") for name in names]
    assert at == sorted(at)


@pytest.mark.debian("zstd")
def test_the_line_that_proves_a_manifest_does(vault: DirectoryVault, tmp_path: Path) -> None:
    recorded = json.loads(content(vault))["sha256"]
    assert run(BLOCKS[0].replace("BACKUP", "$BACKUP"), tmp_path / "vault").split()[0] == recorded


@pytest.mark.debian("age")
@pytest.mark.debian("jq")
@pytest.mark.debian("zstd")
def test_the_commands_for_one_shop_open_its_pack(vault: DirectoryVault, tmp_path: Path) -> None:
    root = tmp_path / "vault"
    (root / "escrow.key").write_text(f"{ESCROW.identity}\n")
    run(BLOCKS[1], root, SHOP="zar", IDENTITY="escrow.key")
    for member in shop_members("zar", rows=9_000):
        assert (root / "pack" / member.name).read_bytes() == member.data


@pytest.mark.debian("jq")
@pytest.mark.debian("zstd")
def test_the_commands_open_a_pack_with_a_stand_in_for_age(vault: DirectoryVault, tmp_path: Path) -> None:
    """A script called `age` that knows the page's two ways of calling it: so its lines are run where age is missing."""
    root = tmp_path / "vault"
    (root / "age").write_text(f"#!{sys.executable}\n{AGE}")
    (root / "age").chmod(0o700)
    (root / "escrow.key").write_text(f"{ESCROW.identity}\n")
    run(BLOCKS[1], root, SHOP="zar", IDENTITY="escrow.key", PYTHONPATH=str(ROOT))
    for member in shop_members("zar", rows=9_000):
        assert (root / "pack" / member.name).read_bytes() == member.data
