"""A folder comes back as it was: every file, folder and link, its mode and time; or what is not kept is named."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.vaults import SHOP_A, directory, written
from zargar.backups import exclusions
from zargar.backups.description import BadPackError
from zargar.backups.file_facts import FileFacts, FileKind, FilesFacts
from zargar.backups.file_inspection import found_in
from zargar.backups.file_restore import FilesDifferError, FolderTakenError, restore_files
from zargar.backups.files import ATTEMPTS, NAMED, FilesReading, FolderSource, NothingThereError, given
from zargar.backups.members import MOST_BYTES, Member
from zargar.backups.packs import open_pack

NAME = "files.media"
OLD = 1_700_000_000


def aged(path: Path) -> None:
    """Give a file a time of long ago, so that one reading of it is enough."""
    os.utime(path, (OLD, OLD))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with one of everything."""
    root = tmp_path / "media"
    (root / "فروشگاه" / "عکس").mkdir(parents=True)
    (root / "empty").mkdir(mode=0o700)
    (root / "closed").mkdir()
    files = {
        "فروشگاه/عکس/انگشتر ۱۸.jpg": b"\x00\xff" * 700,
        "closed/key": b"secret\n",
        "nothing": b"",
        "exactly.bin": b"x" * MOST_BYTES,
        "large.bin": os.urandom(MOST_BYTES + 1),
        "-a 'quoted'\n\"name\"\n": b"line\n",
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
        (root / name).chmod(0o640)
        aged(root / name)
    (root / "closed" / "key").chmod(0o400)
    (root / "closed").chmod(0o500)
    (root / "link").symlink_to(".//nothing")
    (root / "dangling").symlink_to("/nowhere/at all\n")
    (root / "loop").symlink_to("..")
    return root


def reading(root: Path) -> FilesReading:
    return FolderSource(NAME, root).reading(nothing)


def nothing() -> psycopg.Connection[Any]:
    raise AssertionError("a folder asks no database")  # noqa: EM101, TRY003 -- it is not reached


def read(root: Path) -> tuple[list[Member], FilesFacts, list[str]]:
    own = reading(root)
    members = list(own.members())
    return members, own.facts, own.excluded


def test_a_folder_comes_back_as_it_was_and_the_walk_of_the_copy_agrees(media: Path, tmp_path: Path) -> None:
    members, facts, excluded = read(media)

    assert restore_files(members, tmp_path / "back", name=NAME, expected=facts) == facts

    assert excluded == []
    assert found_in(tmp_path / "back") == facts == found_in(media)
    assert (facts.entries, facts.bytes) == (13, 1400 + 7 + MOST_BYTES * 2 + 1 + 5)
    assert (tmp_path / "back" / "loop").readlink() == Path("..")
    assert (tmp_path / "back" / "closed").stat().st_mode & 0o777 == 0o500
    assert int((tmp_path / "back" / "nothing").stat().st_mtime) == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "media"]


def test_a_single_file_is_a_pack_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("server {}\n")
    members, facts, _ = read(tmp_path / "nginx.conf")
    restore_files(members, tmp_path / "back", name=NAME, expected=facts)
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["nginx.conf"]
    assert (tmp_path / "back" / "nginx.conf").read_text() == "server {}\n"


def test_it_goes_through_a_vault_and_no_member_is_longer_than_a_piece(media: Path, tmp_path: Path) -> None:
    members, facts, _ = read(media)
    vault = directory(tmp_path, "vault")
    [place] = written([vault], {NAME: (members, SHOP_A.recipient)})
    assert max(len(member.data) for member in members) == MOST_BYTES
    restore_files(open_pack(vault, place, SHOP_A.identity), tmp_path / "back", name=NAME, expected=facts)
    assert found_in(tmp_path / "back") == facts


@pytest.mark.debian("jq")
def test_the_script_of_the_pack_restores_it_with_stock_tools(media: Path, tmp_path: Path) -> None:
    members, facts, _ = read(media)
    for member in members:
        (tmp_path / "pack" / member.name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / member.name).write_bytes(member.data)
    argv = ["sh", "restore.sh", str(tmp_path / "by hand")]
    done = subprocess.run(argv, cwd=tmp_path / "pack", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert found_in(tmp_path / "by hand") == facts
    (tmp_path / "pack" / "files" / "0000002" / "000000").write_bytes(b"other")
    argv[-1] += " again"
    done = subprocess.run(argv, cwd=tmp_path / "pack", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "damaged: " in done.stderr


def touched(own: FilesReading, path: Path, *, times: int) -> Iterator[Member]:
    """Give the members; append to the file after its first piece, so many times."""
    for member in own.members():
        yield member
        if times and member.name.endswith("/000000"):
            times -= 1
            with path.open("ab") as file:
                file.write(b"more")


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    path = tmp_path / "media" / "growing.bin"
    path.write_bytes(os.urandom(MOST_BYTES + 7))
    own = reading(tmp_path / "media")
    members = list(touched(own, path, times=2))
    assert [member.name for member in members if member.name.endswith(".void")] == [
        "files/0000001.void", "files/0000002.void",
    ]  # fmt: skip
    assert own.excluded == []
    restore_files(members, tmp_path / "back", name=NAME, expected=own.facts)
    assert (tmp_path / "back" / "growing.bin").read_bytes() == path.read_bytes()


def test_a_file_that_changes_in_each_attempt_is_named_and_the_others_come_back(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    path = tmp_path / "media" / "log"
    path.write_bytes(os.urandom(MOST_BYTES))
    (tmp_path / "media" / "sound").write_bytes(b"sound")
    own = reading(tmp_path / "media")
    members = list(touched(own, path, times=ATTEMPTS))
    assert own.excluded == ["files.media: 'log' was changed in each of 3 attempts to read it"]
    restore_files(members, tmp_path / "back", name=NAME, expected=own.facts)
    assert [one.name for one in (tmp_path / "back").iterdir()] == ["sound"]


def test_a_change_that_leaves_size_and_times_as_they_were_is_seen_by_the_second_reading(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    path = tmp_path / "media" / "fresh.bin"
    path.write_bytes(b"a" * (MOST_BYTES + 1))
    own = reading(tmp_path / "media")
    members: list[Member] = []
    for member in own.members():
        members.append(member)
        if member.name == "files/0000001/000000":
            with path.open("r+b") as file:
                file.write(b"b")
    assert "files/0000001.void" in [member.name for member in members]
    restore_files(members, tmp_path / "back", name=NAME, expected=own.facts)
    assert (tmp_path / "back" / "fresh.bin").read_bytes()[:2] == b"ba"


def test_what_is_neither_file_folder_nor_link_and_a_name_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    os.mkfifo(tmp_path / "media" / "pipe")
    (tmp_path / "media" / "file").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/media/\xff")).write_bytes(b"x")
    _, facts, excluded = read(tmp_path / "media")
    assert facts.entries == 1
    assert [one.partition(" ")[2].split(" ", 1)[1] for one in excluded] == [
        "has a name that is not UTF-8", "is neither file, folder nor link",
    ]  # fmt: skip


def test_of_much_that_is_left_out_the_number_is_told(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for number in range(NAMED + 5):
        os.mkfifo(tmp_path / "media" / f"pipe{number:02}")
    _, _, excluded = read(tmp_path / "media")
    assert len(excluded) == NAMED + 1
    assert excluded[-1] == "files.media: 5 entries more are neither file, folder nor link"
    assert exclusions.lacks(excluded) == []


def test_a_place_that_is_missing_or_empty_makes_no_pack(tmp_path: Path) -> None:
    with pytest.raises(NothingThereError, match="No such file"):
        reading(tmp_path / "media")
    (tmp_path / "media").mkdir()
    with pytest.raises(NothingThereError, match="mounted"):
        reading(tmp_path / "media")


DAMAGES: dict[str, Callable[[list[Member]], list[Member]]] = {
    "a file that is gone": lambda members: [one for one in members if not one.name.startswith("files/0000001")],
    "another content": lambda members: [
        replace(one, data=b"other!!") if one.name == "files/0000001/000000" else one for one in members
    ],
    "another content, its facts sealed again": lambda members: [resealed(one) for one in members],
    "another mode": lambda members: [
        replace(one, data=one.data.replace(b'"mode":"0400"', b'"mode":"0644"')) for one in members
    ],
    "another path": lambda members: [replace(one, data=one.data.replace(b"nothing", b"anything")) for one in members],
    "pieces of two files exchanged": lambda members: [exchanged(one, members) for one in members],
    "the end missing": lambda members: members[:-1],
    "another pack": lambda members: [Member("pack.json", b'{"files": "files.other", "format": 1}'), *members[1:]],
    "no pack of files": lambda members: [Member("pack.json", b'{"schema": "gold"}'), *members[1:]],
    "a member too many": lambda members: [*members, members[-1]],
    "a path that leads out": lambda members: led(members, "../out"),
    "an absolute path": lambda members: led(members, "/tmp/out"),  # noqa: S108 -- it must be refused
    "a path through a link": lambda members: led(members, "loop/out"),
    "one path twice": lambda members: led(members, "large.bin"),
}


def resealed(member: Member) -> Member:
    """The first file with other bytes of the same length, and facts that agree."""
    if member.name == "files/0000001/000000":
        return replace(member, data=b"other!!")
    if member.name == "files/0000001.json":
        facts = replace(FileFacts.load(member.data), size=7, sha256=hashlib.sha256(b"other!!").hexdigest())
        return replace(member, data=facts.line())
    return member


def exchanged(member: Member, members: list[Member]) -> Member:
    pair = {"files/0000001/000000": "files/0000002/000000", "files/0000002/000000": "files/0000001/000000"}
    by_name = {one.name: one for one in members}
    return replace(member, data=by_name[pair[member.name]].data) if member.name in pair else member


def led(members: list[Member], path: str) -> list[Member]:
    """The members, with a link more that leads to a path."""
    facts = FileFacts("x", FileKind.LINK, target="/").line().replace(b'"path":"x"', f'"path":"{path}"'.encode())
    return [*members[:-1], Member("files/0009999.json", facts), members[-1]]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_of_the_pack_leaves_nothing(media: Path, tmp_path: Path, damage: str) -> None:
    members, facts, _ = read(media)
    damaged = DAMAGES[damage](members)
    assert damaged != members
    with pytest.raises((BadPackError, FilesDifferError)):
        restore_files(damaged, tmp_path / "back", name=NAME, expected=facts)
    assert [path.name for path in tmp_path.iterdir()] == ["media"]


def test_nothing_is_written_over(media: Path, tmp_path: Path) -> None:
    members, facts, _ = read(media)
    with pytest.raises(FolderTakenError):
        restore_files(members, media, name=NAME, expected=facts)
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FolderTakenError):
        restore_files(members, tmp_path / "link", name=NAME, expected=facts)


def test_what_was_made_in_memory_is_a_file_too(tmp_path: Path) -> None:
    data = b"r" * (MOST_BYTES + 3)
    own = given("roles", "roles.sql", data)
    members = list(own.members())
    restore_files(members, tmp_path / "back", name="roles", expected=own.facts)
    assert (tmp_path / "back" / "roles.sql").read_bytes() == data
    assert found_in(tmp_path / "back") == own.facts
