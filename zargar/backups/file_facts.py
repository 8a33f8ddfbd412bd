"""What was true of a folder's files when they were read: by these a restored folder is judged. Pure values.

Each file, folder and link has one line of JSON in the pack, and the manifest has their number, the files' bytes and a
digest of all lines. So it proves every path, size and content, and shows no name of a file to who may read the vault.

The digest is the sum, modulo 2**128, of the first 16 bytes of the SHA-256 of each line, as for the rows of a table: it
does not depend on the order in which folders are walked.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Self

from zargar.backups.description import BadPackError

MODULUS: Final = 1 << 128
_DIGEST_BYTES: Final = 16
_MODES: Final = 0o1777


class FileKind(StrEnum):
    """What an entry of a folder is. Sockets, pipes and devices are none of these, and are not kept."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One entry. `path` is relative; `mode` is octal text without set-id bits; `modified` whole seconds UTC.

    `size` (bytes) and `sha256` are those of a file, `target` is a link's; mode and time of a link, and the time of a
    folder, are not kept.
    """

    path: str
    kind: FileKind
    mode: str = ""
    modified: int = 0
    size: int = 0
    sha256: str = ""
    target: str = ""

    def line(self) -> bytes:
        """Write it as one line of canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read a line. Raises `BadPackError`, also for a path that leads elsewhere."""
        try:
            body = json.loads(data)
            found = cls(**{**body, "kind": FileKind(body["kind"])})
            path = PurePosixPath(found.path)
            if found.line() != data or path.is_absolute() or ".." in path.parts or str(path) != found.path:
                message = f"{len(data)} bytes are not the facts of a file"
                raise BadPackError(message)
        except (ValueError, KeyError, TypeError) as wrong:
            message = f"the facts of a file cannot be read: {type(wrong).__name__}"
            raise BadPackError(message) from wrong
        return found


@dataclass(frozen=True, slots=True)
class FilesFacts:
    """A whole folder: how many entries, how many bytes their files have, and the digest (32 hexadecimal digits)."""

    entries: int
    bytes: int
    digest: str


class Tally:
    """Adds up entries as they come."""

    def __init__(self) -> None:
        self._entries = self._bytes = self._sum = 0

    def add(self, facts: FileFacts) -> None:
        """Count one."""
        self._entries += 1
        self._bytes += facts.size
        self._sum += int.from_bytes(hashlib.sha256(facts.line()).digest()[:_DIGEST_BYTES], "big")

    @property
    def facts(self) -> FilesFacts:
        """What was counted so far."""
        return FilesFacts(self._entries, self._bytes, f"{self._sum % MODULUS:032x}")


def mode_text(mode: int) -> str:
    """Write permission bits as facts have them: `0640`; set-id bits are left out."""
    return f"{mode & _MODES:04o}"
