"""What whoever reads shops is asked, and what it answers: in this process (`reading`) or from another (`crew`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from zargar.backups.catalogue import Catalogue
from zargar.backups.ddl import Ddl
from zargar.backups.facts import ShopFacts
from zargar.backups.packs import Sealed

Write: TypeAlias = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class AtSnapshot:
    """A small shop to be read in an exported snapshot, with what is known of it there."""

    content: Catalogue
    ddl: Ddl
    fingerprint: str
    snapshot: str
    taken: datetime
    recipient: str = field(repr=False)

    @property
    def schema(self) -> str:
        """Its schema."""
        return self.content.schema


@dataclass(frozen=True, slots=True)
class ByItself:
    """A shop to be read in a snapshot of its own. `known` is DDL by exact shape, to save a dump."""

    schema: str
    known: Mapping[str, Ddl]
    recipient: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Whole:
    """A small shop's pack, sealed, exact if the shop has not moved since the snapshot."""

    stored: bytes = field(repr=False)
    sealed: Sealed
    facts: ShopFacts


@dataclass(frozen=True, slots=True)
class Moved:
    """A shop that could not be read at the snapshot, and why in words: it is to be read by itself."""

    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A shop that could not be read at all, and why in words."""

    why: str


class UnreadableError(Exception):
    """A shop turned out to be unreadable while its rows were handed out: what was written of it counts for nothing."""


class Packed:
    """One shop on its way into a backup: write it once, then its facts are known.

    `redone` says in words why attempts to read it were thrown away; `heavy`, that it may take its time.
    """

    def __init__(
        self, schema: str, write_to: Callable[[Write], tuple[Sealed, ShopFacts]], redone: Iterable[str] = ()
    ) -> None:
        self.schema = schema
        self.redone = list(redone)
        self.heavy = False
        self._write_to = write_to
        self._facts: ShopFacts | None = None

    def write_to(self, write: Write) -> Sealed:
        """Hand its stored bytes to `write`. An error of `write` passes through.

        Raises `UnreadableError` for the shop's sake, and what psycopg raises when the server is lost.
        """
        sealed, self._facts = self._write_to(write)
        return sealed

    @property
    def facts(self) -> ShopFacts:
        """What was true of the shop. Raises `RuntimeError` before it was written."""
        if self._facts is None:
            message = "the facts of a shop are known when its pack was written"
            raise RuntimeError(message)
        return self._facts


class Readers(Protocol):
    """Whoever reads shops: `Reader` in this process, `crew.Crew` in several."""

    def at_snapshot(self, tasks: Iterable[AtSnapshot]) -> Iterator[tuple[AtSnapshot, Whole | Moved]]:
        """Read small shops, and give them as they are done."""
        ...

    def by_itself(self, task: ByItself) -> Packed | Gone:
        """Read one shop; what may fail for its sake has been done when this returns. Write it before the next call."""
        ...
