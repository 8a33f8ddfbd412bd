"""Bytes on their way: counted, hashed, and turned from chunks into something that is read. Pure."""

import hashlib
from collections.abc import Iterator
from typing import Protocol


class Readable(Protocol):
    """What gives up to `size` bytes a call, and none at its end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        ...


class Meter:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self.length = 0
        self._digest = hashlib.sha256()

    def take(self, data: bytes) -> bytes:
        """Note a piece, and give it back."""
        self.length += len(data)
        self._digest.update(data)
        return data

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that has passed, hexadecimal."""
        return self._digest.hexdigest()


class ByteSource:
    """Chunks as something to read. A read may give fewer bytes than asked for; none means the end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, `size` at most."""
        while not self._left:
            if (chunk := next(self._chunks, None)) is None:
                return b""
            self._left = memoryview(chunk)
        end = len(self._left) if size < 0 else size
        taken, self._left = self._left[:end], self._left[end:]
        return bytes(taken)
