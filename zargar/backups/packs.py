"""Packs: the members of one shop as age( zstd( tar ) ), opened again by stock tools or here.

    age -d -i shop.key PACK | zstd -d | tar -x

The tar archive is deterministic (owner 0, time 0, mode 600; USTAR, PAX headers only where a name needs them): the same
members give the same plain hash. Two hashes are recorded: of the tar stream, which proves that a restore got what was
read from the database, and of the stored bytes, which a machine without any key can check.

Bytes flow once and in bounded memory, both ways. Opening gives out members before the end of the pack is known to be
sound: who applies them does so in one transaction, committed after the last one.
"""

import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Thread
from typing import IO, Final

import zstandard

from zargar.backups import age
from zargar.backups.members import MOST_BYTES, Member
from zargar.backups.ports import Vault
from zargar.backups.streams import ByteSource, Meter, Readable

_LEVEL: Final = 3
_FEED_BYTES: Final = 1 << 20
_READ_BYTES: Final = 256 << 10
_MODE_AND_OWNER: Final = b"0000600\0" + b"0000000\0" * 2
_KIND_AND_DEVICE: Final = b"0" + bytes(100) + b"ustar\x0000" + bytes(64 + 2 * 8 + 167)
_SUM_AFTER: Final = sum(_KIND_AND_DEVICE) + 8 * ord(" ")
"""The checksum counts its own place as spaces."""

_PLAIN: Final = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*")
"""Names as nearly all are; what else may be one takes longer to say."""

_MOST_WINDOW: Final = 128 << 20
"""zstd's own limit for what it opens unasked."""


class DamagedPackError(Exception):
    """A pack is not what was written; the message names vault, pack and what is wrong. Try the other vault."""


class WrongKeyError(Exception):
    """A sound pack does not open with the key that was given."""


class MemberError(ValueError):
    """What should become a pack cannot: no member at all, a name that leads elsewhere, more bytes than a member has."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of a segment: its object's key, the first byte and how many."""

    segment: str
    offset: int
    length: int

    @property
    def end(self) -> int:
        """The byte after its last one."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class PackPlace:
    """Where a pack's stored bytes lie, in order, and what they are. Hashes are hexadecimal SHA-256.

    `plain_length` and `sha256_plain` speak of the tar stream, `sha256_stored` of the age file.
    """

    pack: str
    pieces: tuple[Piece, ...]
    sha256_plain: str
    sha256_stored: str
    plain_length: int

    @property
    def stored_length(self) -> int:
        """How many bytes it takes in a vault."""
        return sum(piece.length for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The hashes and lengths of a pack that has been written."""

    sha256_plain: str
    sha256_stored: str
    plain_length: int


def seal(members: Iterable[Member], recipient: str, write: Callable[[bytes], object]) -> Sealed:
    """Write a pack: `write` is given its stored bytes, up to 64 KiB at a time.

    An error of `members` or `write` passes through; what was written until then never opens. Raises `MemberError` and
    `zargar.backups.age.BadAgeKeyError`.
    """
    plain, stored = Meter(), Meter()
    source = ByteSource(_compressed(plain.take(block) for block in _tar(members)))
    age.lock(source.read, lambda data: write(stored.take(data)), [recipient])
    return Sealed(plain.sha256, stored.sha256, plain.length)


def open_pack(vault: Vault, place: PackPlace, identity: str) -> Iterator[Member]:
    """Read a pack's members in order. All of it is proven only when the iteration has ended by itself.

    Members are given out before the end is known: apply them in one transaction. Raises `DamagedPackError`,
    `WrongKeyError`, `zargar.backups.age.BadAgeKeyError` and the vault's own errors.
    """
    stored, plain = Meter(), Meter()
    try:
        with _decrypted(ByteSource(stored.take(chunk) for chunk in _stored(vault, place)), identity) as compressed:
            yield from _untarred(compressed, plain)
    except (age.DamagedAgeError, tarfile.TarError, zstandard.ZstdError, MemberError) as fault:
        raise _damaged(vault, place, f"it does not open: {fault}") from fault
    except age.NotForThisKeyError:
        check_stored(vault, place)  # bytes of another shop do not open either, and that is not the key's fault
        message = f"pack {place.pack} is not locked for the key that was given"
        raise WrongKeyError(message) from None
    if (stored.length, stored.sha256) != (place.stored_length, place.sha256_stored):
        raise _damaged(vault, place, "its stored bytes are not those that were written")
    if (plain.length, plain.sha256) != (place.plain_length, place.sha256_plain):
        raise _damaged(vault, place, "its content is not what was read from the database")


def check_stored(vault: Vault, place: PackPlace) -> None:
    """Read a pack back and compare its stored hash; needs no key. Raises `DamagedPackError`, the vault's errors."""
    stored = Meter()
    for chunk in _stored(vault, place):
        stored.take(chunk)
    if (stored.length, stored.sha256) != (place.stored_length, place.sha256_stored):
        raise _damaged(vault, place, "its stored bytes are not those that were written")


def _damaged(vault: Vault, place: PackPlace, what: str) -> DamagedPackError:
    return DamagedPackError(f"vault {vault.name}: pack {place.pack}: {what}")


def _stored(vault: Vault, place: PackPlace) -> Iterator[bytes]:
    for piece in place.pieces:
        segment = vault.stat(piece.segment)
        if segment is None:
            raise _damaged(vault, place, f"{piece.segment} is gone")
        if segment.size < piece.end:
            raise _damaged(vault, place, f"{piece.segment} is cut short at {segment.size} bytes")
        yield from vault.read(piece.segment, start=piece.offset, length=piece.length)


def _compressed(plain: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    for data in plain:
        if chunk := compressor.compress(data):
            yield chunk
    yield compressor.flush()


def _tar(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive's bytes, at most a mebibyte at a time."""
    empty = True
    for member in members:
        empty = False
        _check(member.name, len(member.data))
        header, padding = _header(member.name, len(member.data)), bytes(-len(member.data) % tarfile.BLOCKSIZE)
        if len(member.data) <= _FEED_BYTES:
            yield b"".join((header, member.data, padding))
            continue
        yield header
        data = memoryview(member.data)
        yield from (bytes(data[at : at + _FEED_BYTES]) for at in range(0, len(data), _FEED_BYTES))
        yield padding
    if empty:
        message = "a pack without any member: nothing was read"
        raise MemberError(message)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, length: int) -> bytes:
    """A member's header. The plain case is what `tarfile` makes of it, and takes a tenth of the time."""
    if not name.isascii() or len(name) > tarfile.LENGTH_NAME:
        header = tarfile.TarInfo(name)
        header.size, header.mode = length, 0o600
        return header.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
    before = name.encode().ljust(100, b"\0") + _MODE_AND_OWNER + b"%011o\0" % length + b"00000000000\0"
    return b"%b%06o\0 %b" % (before, sum(before) + _SUM_AFTER, _KIND_AND_DEVICE)


def _check(name: str, length: int) -> None:
    if not (_PLAIN.fullmatch(name) or _leads_below(name)):
        message = f"a member's name must be a relative path: {name!r}"
        raise MemberError(message)
    if length > MOST_BYTES:
        message = f"member {name} has {length} bytes; {MOST_BYTES} are the most"
        raise MemberError(message)


def _leads_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and str(path) == name and "\0" not in name


class _Metered:
    """The tar stream while `tarfile` reads it."""

    def __init__(self, source: Readable, meter: Meter) -> None:
        self._source = source
        self._meter = meter

    def read(self, size: int = -1, /) -> bytes:
        return self._meter.take(self._source.read(size))


def _untarred(compressed: IO[bytes], plain: Meter) -> Iterator[Member]:
    """Read members, and then to the end of the stream."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW)
    source = _Metered(decompressor.stream_reader(compressed, read_size=_READ_BYTES), plain)
    with tarfile.open(fileobj=source, mode="r|", bufsize=_READ_BYTES) as archive:  # type: ignore[call-overload]  # it only needs `read`
        for header in archive:
            yield _member(archive, header)
    for rest in (source, compressed):  # to their ends: only there the plain hash and age know whether it was whole
        while rest.read(_READ_BYTES):
            pass


def _member(archive: tarfile.TarFile, header: tarfile.TarInfo) -> Member:
    _check(header.name, header.size)
    file = archive.extractfile(header) if header.isreg() else None
    if file is None:
        message = f"{header.name} is not a file"
        raise MemberError(message)
    return Member(header.name, file.read())


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def _decrypted(stored: ByteSource, identity: str) -> Iterator[IO[bytes]]:
    """Give the plain side of an age file to read from: a thread pushes into a pipe, which bounds how far it is ahead.

    Leaving early breaks the pipe, and with it the thread. An error of the thread is raised when the reader is done,
    before anything that the reader made of a stream that ended too early.
    """
    read_end, write_end = os.pipe()
    faults: list[BaseException] = []

    def push() -> None:
        try:
            age.unlock(stored.read, lambda data: _write_all(write_end, data), identity)
        except BaseException as fault:  # noqa: BLE001 -- the edge of a thread: raised below, where it is seen
            faults.append(fault)
        finally:
            os.close(write_end)

    thread = Thread(target=push, name="age", daemon=True)
    thread.start()
    try:
        with os.fdopen(read_end, "rb") as plain:
            yield plain
    except (tarfile.TarError, zstandard.ZstdError, MemberError):
        thread.join()
        if faults and not isinstance(faults[0], BrokenPipeError):
            raise faults[0] from None
        raise
    finally:
        thread.join()
    if faults:
        raise faults[0]
