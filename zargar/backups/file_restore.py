"""Put a pack of files into a new folder, proven, or not at all.

It is made beside the folder and given its name as the last step. No member leads out of it: paths are relative, and
nothing is written through a link, whatever the pack says. Owners are those of whoever restores.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from zargar.backups import description as say
from zargar.backups.description import BadPackError
from zargar.backups.file_facts import FileFacts, FileKind, FilesFacts, Tally
from zargar.backups.members import Member
from zargar.refusals import RefusedError

_PART: Final = ".part"


class FolderTakenError(RefusedError):
    """There is something at the place where a pack of files shall go; nothing is ever written over."""


class FilesDifferError(Exception):
    """The files of the pack are not those that were recorded; nothing of them was kept."""


def restore_files(
    members: Iterable[Member], into: Path, *, name: str, expected: FilesFacts | None = None
) -> FilesFacts:
    """Restore the pack of files called `name` as the folder `into`, which is not there yet; return what it holds.

    `expected` are the facts of the manifest. Members are consumed as they come, in bounded memory. Raises
    `FolderTakenError`, `BadPackError`, `FilesDifferError`, `OSError`, and what `members` raises; nothing is left then.
    """
    if into.exists() or into.is_symlink():
        message = f"{into} is there already: name a new folder"
        raise FolderTakenError(message)
    unfinished = into.parent / f".{into.name}.{secrets.token_hex(6)}"
    unfinished.mkdir(mode=0o700)
    try:
        writer = _Writer(unfinished, name)
        for member in members:
            writer.take(member)
        found = writer.end(expected)
        writer.close()
        unfinished.rename(into)
    except BaseException:  # whatever it was, nothing half is left
        shutil.rmtree(unfinished)
        raise
    return found


class _Writer:
    """Writes entries as their members come: a file's pieces first, then its facts; folders after what is in them."""

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._name = name
        self._tally = Tally()
        self._folders: list[tuple[Path, int]] = []
        self._said: str | None = None
        self._ended = False
        self._begin()

    def take(self, member: Member) -> None:
        """Take the next member."""
        name = member.name
        if self._said is None:
            self._head(member)
        elif self._ended:
            message = f"the pack goes on with {name}"
            raise BadPackError(message)
        elif name == say.RESTORE_FILES:
            self._ended = True
        elif not name.startswith(say.FILES):
            message = f"a pack of files does not hold {name}"
            raise BadPackError(message)
        elif name.endswith(".json"):
            self._entry(FileFacts.load(member.data))
        elif name.endswith(".void"):
            self._begin()
        else:
            self._piece(member.data)

    def end(self, expected: FilesFacts | None) -> FilesFacts:
        """All members were there: return what was written, which is what was recorded."""
        if not self._ended:
            message = "the pack of files breaks off"
            raise BadPackError(message)
        found = self._tally.facts
        if expected is not None and found != expected:
            message = f"{self._name} did not come back: recorded {expected}, found {found}"
            raise FilesDifferError(message)
        return found

    def close(self) -> None:
        """Give the folders their modes, the innermost first: afterwards some may not be written in."""
        (self._root / _PART).unlink(missing_ok=True)
        for folder, mode in self._folders:
            folder.chmod(mode)

    def _head(self, member: Member) -> None:
        try:
            self._said = str(json.loads(member.data)["files"]) if member.name == say.PACK else ""
        except (ValueError, KeyError, TypeError):
            self._said = ""
        if self._said != self._name:
            message = f"the pack should be that of {self._name}, and is {self._said or 'none of files'}"
            raise BadPackError(message)

    def _begin(self) -> None:
        self._size, self._digest = 0, hashlib.sha256()
        (self._root / _PART).unlink(missing_ok=True)

    def _piece(self, data: bytes) -> None:
        with (self._root / _PART).open("ab") as file:
            file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def _entry(self, facts: FileFacts) -> None:
        path = self._path(facts.path)
        if facts.kind is FileKind.FILE:
            if (self._size, self._digest.hexdigest()) != (facts.size, facts.sha256):
                message = f"{self._name}: the content of its entry {self._number} is not what was read"
                raise FilesDifferError(message)
            self._piece(b"")  # an empty file has no piece
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._root / _PART).rename(path)
            path.chmod(int(facts.mode, 8))
            os.utime(path, (facts.modified, facts.modified))
        elif facts.kind is FileKind.FOLDER:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folders.append((path, int(facts.mode, 8)))
        else:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.symlink_to(facts.target)
        self._tally.add(facts)
        self._begin()

    @property
    def _number(self) -> int:
        """Which entry is being written, from 1: what faults name, since files may be called as customers are."""
        return self._tally.facts.entries + 1

    def _path(self, relative: str) -> Path:
        """Where an entry goes: under the root, through no link, and not where something is."""
        path = self._root / relative
        inner = [self._root / parent for parent in Path(relative).parents]
        taken = os.path.lexists(path) and (path.is_symlink() or not path.is_dir())
        if taken or relative == _PART or any(parent.is_symlink() for parent in inner):
            message = f"a pack of files leads elsewhere, or twice to one place, at its entry {self._number}"
            raise BadPackError(message)
        return path
