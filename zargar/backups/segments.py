"""Segments: the objects that packs lie in. Many small packs share one, a large pack spans several.

A segment of backup B is the object `segments/B/00000`, `00001` and so on, from its second sitting on
`segments/B/2-00000`: at most 64 MiB of stored bytes of packs, one after another, with nothing between or around them.
Whoever knows a pack's pieces reads just these bytes. No two sittings share a name, so that one that was given up and
comes back writes over nothing, and takes no name from the one that goes on.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from zargar.backups.members import Member
from zargar.backups.packs import PackPlace, Piece, Sealed, seal
from zargar.backups.ports import Vault
from zargar.backups.vaults.both import MOST_BEHIND, Lanes, Outcome

MOST_BYTES: Final = 64 << 20
_CHUNK: Final = 64 << 10
"""Lanes hold so many chunks: longer ones would be more memory."""


@dataclass(frozen=True, slots=True)
class SegmentWritten:
    """A segment: its key, size in bytes, SHA-256 (hexadecimal), and what became of it in each vault."""

    key: str
    size: int
    sha256: str
    outcomes: tuple[Outcome, ...]


class SegmentsClosedError(Exception):
    """A pack was to be written after `close` or `abort`: a bug in the caller."""


@dataclass(slots=True)
class _Segment:
    key: str
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class SegmentWriter:
    """Writes a backup's packs into segments, to all vaults at the same time, in bounded memory.

    Used as a context manager: leaving it by an error gives up the open segment. Without a manifest that names them, the
    segments that were finished until then are nobody's, and are removed by retention.

    Args:
        backup: its id, a part of each segment's key.
        vaults: where to; each gets the same bytes. One that fails is out for the rest of this backup.
        most_bytes: the longest segment.
        sitting: which one of the backup it is (`continuing`), from 1.
        beginning: called before each segment is begun; what it raises ends the writing.
        patience: for how long the others wait for a vault that is behind, before it is out.
    """

    def __init__(
        self, backup: str, vaults: Sequence[Vault], most_bytes: int = MOST_BYTES, *, sitting: int = 1,
        beginning: Callable[[], object] = lambda: None, patience: timedelta = MOST_BEHIND,
    ) -> None:  # fmt: skip
        self._backup = backup
        self._prefix = f"segments/{backup}/{'' if sitting == 1 else f'{sitting}-'}"
        self._beginning = beginning
        self._most_bytes = most_bytes
        self._lanes = Lanes(vaults, patience=patience)
        self._finished: list[_Segment] = []
        self._open: _Segment | None = None
        self._pieces: list[Piece] = []
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what is open unless it was closed."""
        self.abort()

    def write_pack(self, name: str, members: Iterable[Member], recipient: str) -> PackPlace:
        """Write one pack. It is stored for certain only when `close` says so of each of its segments.

        An error of `members` passes through. What was written of that pack stays in the segment as bytes that no place
        names and that never open; other packs are untouched, and it may be written again. Raises `NoVaultLeftError`
        when every vault has failed, `zargar.backups.packs.MemberError`.
        """
        return self.write_sealed(name, lambda write: seal(members, recipient, write))

    def write_sealed(self, name: str, write_to: Callable[[Callable[[bytes], object]], Sealed]) -> PackPlace:
        """Write one pack that is sealed elsewhere: `write_to` hands its stored bytes over. As `write_pack` else."""
        if self._closed:
            message = f"backup {self._backup}: its segments are closed"
            raise SegmentsClosedError(message)
        self._pieces = []
        sealed = write_to(self._take)
        return PackPlace(name, tuple(self._pieces), sealed.sha256_plain, sealed.sha256_stored, sealed.plain_length)

    def close(self, *, within: timedelta | None = None) -> tuple[SegmentWritten, ...]:
        """End the last segment, wait for the vaults and return all segments. Raises `NoVaultLeftError`.

        `within`: for how long the others wait for one now, where there is little time. A backup is degraded where any
        outcome holds an error.
        """
        if within is not None:
            self._lanes.hurry(within)
        self._end_segment()
        self._closed = True
        self._lanes.close()
        self._lanes.check_any_left()
        return tuple(self._written(segment) for segment in self._finished)

    def abort(self) -> None:
        """Give up the open segment in every vault, and wait for them. Does nothing after `close`."""
        if self._closed:
            return
        self._closed = True
        if self._open is not None:
            self._lanes.abandon()
        self._lanes.close()

    def _written(self, segment: _Segment) -> SegmentWritten:
        return SegmentWritten(segment.key, segment.size, segment.digest.hexdigest(), self._lanes.outcomes(segment.key))

    def _take(self, stored: bytes) -> None:
        data = memoryview(stored)
        while data:
            segment = self._open or self._begin_segment()
            most = min(_CHUNK, self._most_bytes - segment.size)
            now, data = data[:most], data[most:]
            self._lanes.offer(bytes(now))
            self._note(segment, len(now))
            segment.digest.update(now)
            segment.size += len(now)
            if segment.size == self._most_bytes:
                self._end_segment()

    def _note(self, segment: _Segment, length: int) -> None:
        """Lengthen the last piece, or begin one."""
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.segment == segment.key:
            self._pieces[-1] = Piece(segment.key, last.offset, last.length + length)
        else:
            self._pieces.append(Piece(segment.key, segment.size, length))

    def _begin_segment(self) -> _Segment:
        self._beginning()
        self._open = _Segment(f"{self._prefix}{len(self._finished):05}")
        self._lanes.begin(self._open.key)
        return self._open

    def _end_segment(self) -> None:
        if self._open is not None:
            self._lanes.end()
            self._finished.append(self._open)
            self._open = None
