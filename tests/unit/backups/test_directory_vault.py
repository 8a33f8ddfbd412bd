"""A directory vault beyond the contract: a full disk, a killed process, a disk that is not mounted, two writers."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.support.vaults import directory
from zargar.backups.ports import KeyTakenError, VaultError, VaultUnreachableError
from zargar.backups.vaults.directory import DirectoryVault

KEY = "segments/one/00000"
FULL_DISK = """
import resource, sys
from pathlib import Path
from zargar.backups.ports import VaultFullError
from zargar.backups.vaults.directory import DirectoryVault
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
vault = DirectoryVault(Path(sys.argv[1]), name="small")
vault.put("segments/one/fits", [bytes(100_000)])
try:
    vault.put("segments/one/00000", (bytes(30_000) for _ in range(10)))
except VaultFullError as fault:
    print(fault)
"""
DIES = """
import os, signal, sys
from pathlib import Path
from zargar.backups.vaults.directory import DirectoryVault
def chunks():
    yield bytes(50_000)
    os.kill(os.getpid(), signal.SIGKILL)
DirectoryVault(Path(sys.argv[1]), name="dies").put("segments/one/00000", chunks())
"""

NOT_OURS = """
import os, sys
from pathlib import Path
from zargar.backups.ports import VaultError
from zargar.backups.vaults.directory import DirectoryVault
root = Path(sys.argv[1])
vault = DirectoryVault(root, name="closed")
vault.put("segments/one/00000", [b"there"])
unfinished, folder = root / ".unfinished", root / "segments" / "one"
def closing(*places):
    yield b"first"
    for place in places:
        place.chmod(0o500)
    yield b"last"
def told(act):
    for place in (unfinished, folder):
        place.chmod(0o700)
    try:
        print("done", act())
    except VaultError as fault:
        print(type(fault).__name__, fault)
if os.geteuid() == 0:
    os.chown(root, 65534, -1)
    for place in root.rglob("*"):
        os.chown(place, 65534, -1)
    os.setuid(65534)
told(lambda: vault.put("segments/one/00001", closing(unfinished)))
told(lambda: vault.put("segments/one/00002", closing(unfinished, folder)))
folder.chmod(0)
try:
    vault.put("segments/one/00003", [b"x"])
except VaultError as fault:
    print(type(fault).__name__, fault)
try:
    list(vault.keys(""))
except VaultError as fault:
    print(type(fault).__name__, fault)
folder.chmod(0o700)
print(sorted(stored.key for stored in vault.keys("")))
"""
"""As somebody who is not root: folders that let nothing be removed, added, or looked at, in the middle of things."""


@pytest.fixture
def vault(tmp_path: Path) -> DirectoryVault:
    return directory(tmp_path, "vault")


def unfinished(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "vault" / ".unfinished").iterdir())


def run(program: str, root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program, str(root)], capture_output=True, text=True, check=False)


def test_a_disk_that_takes_no_more_is_full_and_keeps_nothing_of_the_object(
    vault: DirectoryVault, tmp_path: Path
) -> None:
    done = run(FULL_DISK, tmp_path / "vault")
    assert "vault small" in done.stdout, done.stderr
    assert "could not store segments/one/00000: File too large; make room" in done.stdout
    assert [stored.key for stored in vault.keys("segments/")] == ["segments/one/fits"]
    assert unfinished(tmp_path) == []


def test_what_a_killed_process_left_is_no_object_and_goes_with_the_next_put(
    vault: DirectoryVault, tmp_path: Path
) -> None:
    assert run(DIES, tmp_path / "vault").returncode == -signal.SIGKILL
    assert len(unfinished(tmp_path)) == 1
    assert vault.stat(KEY) is None
    assert list(vault.keys("segments/")) == []
    vault.put(KEY, [b"whole"])
    assert unfinished(tmp_path) == []


def test_a_put_does_not_sweep_away_what_another_is_writing(vault: DirectoryVault, tmp_path: Path) -> None:
    def while_another_writes() -> Iterator[bytes]:
        yield b"a"
        vault.put("segments/one/00001", [b"other"])
        yield b"first"

    vault.put(KEY, while_another_writes())
    assert b"".join(vault.read(KEY)) == b"afirst"
    assert b"".join(vault.read("segments/one/00001")) == b"other"


def test_of_writers_in_the_same_moment_one_wins(vault: DirectoryVault) -> None:
    together = Barrier(8)

    def chunks(number: int) -> Iterator[bytes]:
        together.wait(10)
        yield str(number).encode() * 1000

    def put(number: int) -> bool:
        try:
            vault.put(KEY, chunks(number))
        except KeyTakenError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(put, range(8)))
    assert sum(won) == 1
    assert b"".join(vault.read(KEY)) == str(won.index(True)).encode() * 1000


def test_a_disk_that_is_not_mounted_is_not_written_beneath(tmp_path: Path) -> None:
    vault = DirectoryVault(tmp_path / "away", name="away")
    acts = (
        lambda: vault.put(KEY, [b"x"]),
        lambda: vault.stat(KEY),
        lambda: list(vault.keys("")),
        lambda: list(vault.read(KEY)),
        lambda: vault.delete(KEY),
    )
    for act in acts:
        with pytest.raises(VaultUnreachableError, match=r"vault away .*: the directory is not there"):
            act()
    assert not (tmp_path / "away").exists()


def test_a_disk_that_goes_bad_in_the_middle_of_things_is_a_fault_of_the_vault(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        (Path(place) / "vault").mkdir()
        said = run(NOT_OURS, Path(place) / "vault")
    lines = said.stdout.splitlines()
    assert said.stderr == ""
    assert lines[0].startswith("done Stored"), "it is stored: what could not be removed beside it goes later"
    assert lines[1].startswith("VaultRefusedError vault closed")
    assert "could not store segments/one/00002" in lines[1]
    assert lines[2].startswith("VaultRefusedError vault closed")
    assert "could not store segments/one/00003" in lines[2]
    assert lines[3].startswith("VaultRefusedError vault closed")
    assert "could not list" in lines[3]
    assert lines[4] == "['segments/one/00000', 'segments/one/00001']"


def test_objects_are_for_their_owner_alone_and_not_to_be_changed(vault: DirectoryVault, tmp_path: Path) -> None:
    vault.put(KEY, [b"x"])
    path = tmp_path / "vault" / KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_out_of_the_vault_is_not_followed(vault: DirectoryVault, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "vault" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(VaultError):
        list(vault.read("link"))


def test_an_object_that_shrinks_while_it_is_read_is_an_error(vault: DirectoryVault, tmp_path: Path) -> None:
    vault.put(KEY, [bytes(1 << 20)])
    reading = vault.read(KEY)
    next(reading)
    os.truncate(tmp_path / "vault" / KEY, 300_000)
    with pytest.raises(VaultError, match="ended at byte 300000"):
        list(reading)
