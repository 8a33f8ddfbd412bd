"""A vault in a directory: a disk, a mount, a machine's own second drive.

A key is a path under the root. An object is written to a file without its name, synced, and given its name by
`link(2)`, which refuses a name that is taken: so it is written once, whole or not at all, whoever else writes. Then the
directory is synced, and the object outlives a loss of power.

What a killed process left unfinished lies in `.unfinished` and is locked by nobody: the next `put` removes it. The root
must exist: a disk that is not mounted would otherwise be filled beneath its mount point.
"""

import errno
import fcntl
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from zargar.backups.ports import (
    KeyTakenError,
    NoSuchObjectError,
    Stored,
    VaultError,
    VaultFullError,
    VaultRefusedError,
    VaultUnreachableError,
)
from zargar.backups.vaults import checked_key, checked_prefix

_UNFINISHED: Final = ".unfinished"
_CHUNK_BYTES: Final = 256 << 10
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED: Final = {errno.EACCES, errno.EPERM, errno.EROFS}


class DirectoryVault:
    """The port `Vault` on a file system.

    Args:
        root: an existing directory on a file system with hard links; whoever may write in it may delete backups.
        name: what operators call it.
    """

    def __init__(self, root: Path, *, name: str) -> None:
        self._root = root
        self._name = name

    def __repr__(self) -> str:
        """Return the name and where it is."""
        return f"DirectoryVault({self._name}, {self._root})"

    @property
    def name(self) -> str:
        """What operators call it."""
        return self._name

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Store an object, as the port says; `ObjectKeyError` for a key that is none."""
        path = self._path(key)
        with self._translated(f"store {key}"):
            if path.exists():
                raise self._taken(key)
            unfinished = self._made(_UNFINISHED)
            _sweep(unfinished)
            descriptor, temporary = _begin(unfinished)
        try:
            size = self._write(descriptor, chunks, key)
            with self._translated(f"store {key}"):
                self._publish(temporary, key)
        finally:
            with suppress(OSError):  # what happened before is what counts; the next put or sweep takes it
                temporary.unlink(missing_ok=True)
            with suppress(OSError):  # it was synced, or there is an error already
                os.close(descriptor)
        return Stored(key, size)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read an object or a range of it, in pieces of up to 256 KiB."""
        with self._translated(f"read {key}"), self._opened(key) as file:
            size = os.fstat(file).st_size
            end = size if length is None else start + length
            if not 0 <= start <= end <= size:
                raise VaultError(self._says(f"{key} has {size} bytes, asked for {start} to {end}"))
            while start < end:
                if not (chunk := os.pread(file, min(_CHUNK_BYTES, end - start), start)):
                    raise VaultError(self._says(f"{key} ended at byte {start} while it was read"))
                start += len(chunk)
                yield chunk

    def stat(self, key: str) -> Stored | None:
        """Return what is known of an object; None when there is none."""
        with self._translated(f"look at {key}"):
            self._there()
            try:
                return Stored(key, self._path(key).stat().st_size)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def keys(self, prefix: str = "") -> Iterator[Stored]:
        """List the objects whose keys begin with `prefix`, sorted by key."""
        with self._translated("list"):
            self._there()
            beginning = self._root / checked_prefix(prefix).rpartition("/")[0]
            found = sorted(path.relative_to(self._root).as_posix() for path in _files(beginning))
        for key in found:
            if key.startswith(prefix) and (stored := self.stat(key)) is not None:
                yield stored

    def delete(self, key: str) -> None:
        """Remove an object for good. Raises `NoSuchObjectError`, `VaultRefusedError`."""
        path = self._path(key)
        with self._translated(f"delete {key}"):
            self._there()
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                raise NoSuchObjectError(self._says(f"there is no {key}")) from None
            _sync(path.parent)

    def sweep(self, *, before: datetime) -> int:
        """Remove what nobody is writing any more and was begun before a moment; return how many files went."""
        with self._translated("sweep"):
            self._there()
            unfinished = self._root / _UNFINISHED
            return _sweep(unfinished, before=before.timestamp()) if unfinished.is_dir() else 0

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _says(self, what: str) -> str:
        return f"vault {self._name} ({self._root}): {what}"

    def _taken(self, key: str) -> KeyTakenError:
        return KeyTakenError(self._says(f"{key} is there already; objects are written once"))

    def _there(self) -> None:
        if not self._root.is_dir():
            raise VaultUnreachableError(self._says("the directory is not there: mount it, or make it"))

    def _made(self, relative: str) -> Path:
        """Return a directory under the root, made with its parents; each new name is synced."""
        self._there()
        made = self._root
        for part in Path(relative).parts:
            above, made = made, made / part
            with suppress(FileExistsError):
                made.mkdir(mode=0o700)
                _sync(above)
        return made

    def _write(self, descriptor: int, chunks: Iterable[bytes], key: str) -> int:
        """Write and sync. Only errors of the file are translated: those of `chunks` pass through."""
        size = 0
        for chunk in chunks:
            with self._translated(f"store {key}"):
                _write_all(descriptor, chunk)
            size += len(chunk)
        with self._translated(f"store {key}"):
            os.fchmod(descriptor, 0o400)
            os.fsync(descriptor)
        return size

    def _publish(self, temporary: Path, key: str) -> None:
        path = self._made(str(Path(key).parent)) / Path(key).name
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise self._taken(key) from None
        try:
            _sync(path.parent)
        except OSError:  # it may not last, and so it is not stored
            path.unlink(missing_ok=True)
            raise

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        self._there()
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchObjectError(self._says(f"there is no {key}")) from None
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _translated(self, act: str) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            words = self._says(f"could not {act}: {fault.strerror or fault}")
            if fault.errno in _FULL:
                message = f"{words}; make room"
                raise VaultFullError(message) from fault
            raise (VaultRefusedError if fault.errno in _REFUSED else VaultUnreachableError)(words) from fault


def _begin(unfinished: Path) -> tuple[int, Path]:
    """Return a new locked file. Another process's sweep may take it between its making and its lock: then another."""
    while True:
        descriptor, name = mkstemp(dir=unfinished)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)


def _sweep(unfinished: Path, *, before: float = math.inf) -> int:
    """Remove what nobody holds a lock on: its process is gone. `before`: only what was written last before that."""
    swept = 0
    for path in unfinished.iterdir():
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_mtime < before:
                path.unlink(missing_ok=True)
                swept += 1
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
    return swept


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raised(fault: OSError) -> None:
    if not isinstance(fault, FileNotFoundError):  # removed meanwhile
        raise fault


def _files(beginning: Path) -> Iterator[Path]:
    """Walk all files that are objects; names with a leading dot are not. A folder that cannot be listed is an error."""
    if not beginning.is_dir():
        return
    for where, directories, files in os.walk(beginning, onerror=_raised):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (Path(where) / name for name in files if not name.startswith("."))
