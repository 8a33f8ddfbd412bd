"""What backups need from outside: places that keep objects, and domains that a restore must not rewind.

What is written once is never written over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zargar.refusals import NotFoundError, RefusedError


class VaultError(Exception):
    """A vault did not do what it was asked; the message names the vault, the object and what to do."""


class VaultUnreachableError(VaultError):
    """It did not answer, or broke off: trying again later may help."""


class VaultFullError(VaultError):
    """It takes no more: disk full, or a storage cap. It needs a person."""


class VaultRefusedError(VaultError):
    """It refused the credentials or the act. Trying again does not help."""


class KeyTakenError(VaultError, RefusedError):
    """There is an object of that key already; objects are written once."""


class NoSuchObjectError(VaultError, NotFoundError):
    """The vault has no object of that key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the vault has it: its key and its size in bytes."""

    key: str
    size: int


class Vault(Protocol):
    """A place for objects. Keys are relative POSIX paths; one contract suite holds for every kind of vault."""

    @property
    def name(self) -> str:
        """What operators call it; no secret in it."""
        ...

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Store an object. It is there whole and durable when this returns, and not there at all when it raises.

        An error that `chunks` raises passes through, and nothing is stored. Memory stays bounded however long it is.
        Raises `KeyTakenError`, `VaultUnreachableError`, `VaultFullError`, `VaultRefusedError`.
        """
        ...

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read an object or a range of it, in pieces. A range that goes past its end raises `VaultError`."""
        ...

    def stat(self, key: str) -> Stored | None:
        """Return what is known of an object; None when there is none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[Stored]:
        """List the objects whose keys begin with `prefix`, sorted by key, however many there are."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object for good, with all its versions.

        Raises `NoSuchObjectError`, and `VaultRefusedError` where a lock protects it.
        """
        ...


class RestoredShop(Protocol):
    """A domain whose past in the world cannot be taken back, though its rows in a shop's schema went back in time.

    A message that was sent stays sent: what the restored rows still hold as due has to be held, opt-outs applied again.
    """

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:
        """Bring this domain's rows of a shop in line with the world, before the shop is worked for again.

        Called inside the shop's schema, which is as it was at `taken_at` (aware UTC) and newly migrated, within a
        transaction that commits for all domains or for none: whatever is raised undoes the restore. The shop is closed
        meanwhile. `replaced` is the schema that was put aside, which nobody writes to any more and which is kept for a
        while; None where the shop took nobody's place. Doing it again must be harmless.
        """
        ...

    def returned(self, shop_id: int) -> None:
        """Bring this domain in line with a shop that has its own tables back, though `restored` may have been called.

        Called as that is, inside the schema that was put aside, which is live again: what `restored` has changed in the
        shop went with the copy, what it has changed outside of it did not. Doing it again must be harmless.
        """
        ...
