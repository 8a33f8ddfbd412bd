"""A vault that says when it has got to a place: a double at the port, for tests of what happens there.

Who hears it may stand still and be killed, restart a server, or go on; nothing has to be hit by sleeping.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from zargar.backups.ports import Stored, Vault


class At(StrEnum):
    """Where: before the first byte of an object is taken, after it, or when the object is stored."""

    BEGUN = "begun"
    HALF = "half"
    STORED = "stored"


class HoldingVault:
    """Another vault that calls `reached` when the first object whose key has a beginning gets so far, and waits for it.

    Args:
        vault: the real one that keeps the objects.
        at: where.
        prefix: the beginning of the key, such as `manifests/`.
        reached: called once, in the thread that stores; the object waits until it returns.
    """

    def __init__(self, vault: Vault, *, at: At, prefix: str, reached: Callable[[], None]) -> None:
        self._vault = vault
        self._at = at
        self._prefix = prefix
        self._reached = reached
        self._was = False

    @property
    def name(self) -> str:
        """The name of the vault behind it."""
        return self._vault.name

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Store an object, and say on the way that it has got there."""
        if not key.startswith(self._prefix):
            return self._vault.put(key, chunks)
        if self._at is At.BEGUN:
            self._hold()
        stored = self._vault.put(key, self._half(chunks) if self._at is At.HALF else chunks)
        if self._at is At.STORED:
            self._hold()
        return stored

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read from the vault behind it."""
        return self._vault.read(key, start=start, length=length)

    def stat(self, key: str) -> Stored | None:
        """Ask the vault behind it."""
        return self._vault.stat(key)

    def keys(self, prefix: str = "") -> Iterator[Stored]:
        """List the vault behind it."""
        return self._vault.keys(prefix)

    def delete(self, key: str) -> None:
        """Delete in the vault behind it."""
        self._vault.delete(key)

    def _half(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._hold()

    def _hold(self) -> None:
        if not self._was:
            self._was = True
            self._reached()
