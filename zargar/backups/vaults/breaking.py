"""A vault that breaks as told: a double at the port, for tests and rehearsals of what a failing vault does."""

from collections.abc import Callable, Iterable, Iterator

from zargar.backups.ports import Stored, Vault, VaultError


class BreakingVault:
    """Another vault that fails once so many bytes have been put into it, over all objects, until it is mended.

    Args:
        vault: the real one that keeps the objects.
        after: how many bytes pass first; `None` for a vault that is well.
        error: makes what it then raises, from a word on where it happened.
    """

    def __init__(
        self, vault: Vault, *, after: int | None = None, error: Callable[[str], Exception] = VaultError
    ) -> None:
        self._vault = vault
        self._error = error
        self._left = after
        self.attempts = 0

    @property
    def name(self) -> str:
        """The name of the vault behind it."""
        return self._vault.name

    def mend(self) -> None:
        """Fail no more."""
        self._left = None

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Store an object, or break on the way: the vault behind it is given the error in the middle of the bytes."""
        self.attempts += 1
        return self._vault.put(key, self._counted(key, chunks))

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

    def _counted(self, key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._left is not None:
                self._left -= len(chunk)
                if self._left < 0:
                    message = f"vault {self.name}: broke while {key} was written"
                    raise self._error(message)
            yield chunk
