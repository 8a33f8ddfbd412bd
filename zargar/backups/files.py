"""Read a folder, or one file, as the members of a pack: exactly, or not, and then named among what is left out.

A file is read while others may write it. It was read exactly if neither its size nor its times have changed from
before the first byte to after the last, and if it was written less than two seconds before (a file system's clock may
stand still for as long), a second reading has the same hash. Otherwise it is read again, three times in all. What of it
has gone into the pack by then is followed by a `.void` and counts for nothing.

Links are kept as links and never followed; sockets, pipes and devices, and names that are not UTF-8, are named as left
out. Owners, access lists and set-id bits are not kept. Memory is bounded by one piece of a file (8 MiB) and the names
of one folder.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from zargar.backups import description as say
from zargar.backups.exclusions import NO_CONTENT
from zargar.backups.file_facts import FileFacts, FileKind, FilesFacts, Tally, mode_text
from zargar.backups.file_script import RESTORE
from zargar.backups.members import MOST_BYTES, Member

ATTEMPTS: Final = 3
NAMED: Final = 20
"""How many entries that are left out are named; of the others the number is told."""

_RECENT_NS: Final = 2_000_000_000
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NothingThereError(Exception):
    """The place is missing, or an empty folder (a disk that is not mounted looks so): what was kept of it stays."""


class Source(Protocol):
    """What makes a pack of files, besides the shops. `name` is the pack's."""

    @property
    def name(self) -> str:
        """What the pack is called and holds."""
        ...

    @property
    def heavy(self) -> bool:
        """Whether it may take long: nobody knows before it was read."""
        ...

    def reading(self, connect: Callable[[], psycopg.Connection[Any]]) -> "FilesReading":
        """Begin to read. Raises `NothingThereError`, and what reading the database raises."""
        ...


class FilesReading:
    """One pack of files to be read once: exhaust `members()`, then `facts` and `excluded` (in words) are known."""

    def __init__(self, name: str, walk: Callable[["FilesReading"], Iterator[Member]]) -> None:
        self._name = name
        self._walk = walk
        self._tally = Tally()
        self._number = 0
        self._left_out: list[str] = []
        self._more = 0
        self._empty: list[str] = []
        self._more_empty = 0

    @property
    def facts(self) -> FilesFacts:
        """What was read so far."""
        return self._tally.facts

    @property
    def excluded(self) -> list[str]:
        """What is not in the pack, and why."""
        left_out, empty = list(self._left_out), list(self._empty)
        if self._more:
            left_out.append(f"{self._more} entries more are left out")
        if self._more_empty:
            empty.append(f"{self._more_empty} entries more are {NO_CONTENT}")
        return [f"{self._name}: {one}" for one in left_out + empty]

    def members(self) -> Iterator[Member]:
        """Give the members of the pack in their order."""
        yield Member(say.PACK, head(self._name))
        yield from self._walk(self)
        yield Member(say.RESTORE_FILES, RESTORE)

    def place(self) -> str:
        """Number the next entry: the beginning of its members' names."""
        self._number += 1
        return f"{say.FILES}{self._number:07}"

    def keep(self, place: str, facts: FileFacts) -> Member:
        """Count an entry and write its facts."""
        self._tally.add(facts)
        return Member(f"{place}.json", facts.line())

    def pass_over(self, path: str) -> None:
        """Name what has no content that could be kept."""
        if len(self._empty) < NAMED:
            self._empty.append(f"{path!r} is {NO_CONTENT}")
        else:
            self._more_empty += 1

    def leave_out(self, path: str, why: str) -> None:
        """Name what is not kept."""
        if len(self._left_out) < NAMED:
            self._left_out.append(f"{path!r} {why}")
        else:
            self._more += 1


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder or a file of this machine, as the pack `name`."""

    name: str
    root: Path

    @property
    def heavy(self) -> bool:
        """A folder may hold anything."""
        return True

    def reading(self, connect: Callable[[], psycopg.Connection[Any]]) -> FilesReading:  # noqa: ARG002 -- the port's
        """Look that there is something, and begin. Raises `NothingThereError`."""
        try:
            root = self.root.resolve(strict=True)
            if root.is_dir() and not any(root.iterdir()):
                message = f"{self.root} is empty: is its disk mounted?"
                raise NothingThereError(message)
        except OSError as gone:
            message = f"{self.root} cannot be read: {gone.strerror}"
            raise NothingThereError(message) from gone
        if root.is_dir():
            return FilesReading(self.name, lambda own: _folder(own, root, ""))
        return FilesReading(self.name, lambda own: _entry(own, root, self.root.name))


def given(name: str, path: str, data: bytes) -> FilesReading:
    """Return the reading of a pack with one file that was made in memory."""

    def walk(own: FilesReading) -> Iterator[Member]:
        place = own.place()
        for number, at in enumerate(range(0, len(data), MOST_BYTES)):
            yield Member(f"{place}/{number:06}", data[at : at + MOST_BYTES])
        digest = hashlib.sha256(data).hexdigest()
        yield own.keep(place, FileFacts(path, FileKind.FILE, "0600", 0, len(data), digest))

    return FilesReading(name, walk)


def head(name: str) -> bytes:
    """Write the `pack.json` of a pack of files."""
    return json.dumps({"files": name, "format": say.FORMAT}, sort_keys=True).encode() + b"\n"


def _folder(own: FilesReading, folder: Path, path: str) -> Iterator[Member]:
    """Walk a folder in the order of its names; its own facts come after what is in it, so that modes can be set."""
    try:
        names = sorted(one.name for one in folder.iterdir())
    except OSError as fault:
        own.leave_out(path, f"cannot be listed: {fault.strerror}")
        return
    for name in names:
        yield from _entry(own, folder / name, f"{path}/{name}" if path else name)
    if path:
        try:
            mode = folder.lstat().st_mode
        except OSError as fault:
            own.leave_out(path, f"went away: {fault.strerror}")
            return
        yield own.keep(own.place(), FileFacts(path, FileKind.FOLDER, mode_text(mode)))


def _entry(own: FilesReading, at: Path, path: str) -> Iterator[Member]:
    try:
        path.encode()
        found = at.lstat().st_mode
        if stat.S_ISLNK(found):
            target = os.readlink(at)  # noqa: PTH115 -- a Path would write the target otherwise than it stands
            target.encode()
            yield own.keep(own.place(), FileFacts(path, FileKind.LINK, target=target))
            return
    except UnicodeEncodeError:
        own.leave_out(path, "has a name that is not UTF-8")
        return
    except OSError as fault:
        own.leave_out(path, f"cannot be looked at: {fault.strerror}")
        return
    if stat.S_ISDIR(found):
        yield from _folder(own, at, path)
    elif stat.S_ISREG(found):
        yield from _file(own, at, path)
    else:
        own.pass_over(path)


def _file(own: FilesReading, at: Path, path: str) -> Iterator[Member]:
    for _ in range(ATTEMPTS):
        place = own.place()
        try:
            facts = yield from _read(at, path, place)
        except OSError as fault:
            yield Member(f"{place}.void", b"")
            own.leave_out(path, f"cannot be read: {fault.strerror}")
            return
        if facts is not None:
            yield own.keep(place, facts)
            return
        yield Member(f"{place}.void", b"")
    own.leave_out(path, f"was changed in each of {ATTEMPTS} attempts to read it")


def _read(at: Path, path: str, place: str) -> Generator[Member, None, FileFacts | None]:
    """Give a file's bytes in pieces; return its facts, or None when it was changed meanwhile."""
    began = time.time_ns()
    with os.fdopen(os.open(at, _OPEN), "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        size, digest = 0, hashlib.sha256()
        for number, piece in enumerate(_pieces(file.fileno())):
            digest.update(piece)
            size += len(piece)
            yield Member(f"{place}/{number:06}", piece)
        recent = began - max(before.st_mtime_ns, before.st_ctime_ns) < _RECENT_NS
        if recent and _hash(file.fileno()) != digest.hexdigest():
            return None
        if _times(os.fstat(file.fileno())) != _times(before) or size != before.st_size:
            return None
    modified = before.st_mtime_ns // 1_000_000_000
    return FileFacts(path, FileKind.FILE, mode_text(before.st_mode), modified, size, digest.hexdigest())


def _times(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _pieces(file: int) -> Iterator[bytes]:
    """Read to the end in pieces of `MOST_BYTES`, the last one shorter."""
    piece = bytearray()
    while data := os.read(file, MOST_BYTES - len(piece)):
        piece += data
        if len(piece) == MOST_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _hash(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()
