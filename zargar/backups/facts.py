"""What was true of one shop's schema at the moment of its snapshot: by these a restored copy is judged. Pure values.

The writer records them; a drill compares them with what SQL on the restored copy says, by code that the writer does not
use.

Tables and sequences have no slots: readers send tens of thousands of them, and what is frozen and has slots is pickled
by Python code, ten times as slowly.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TableFacts:
    """A table: its columns in order, how many rows it has, and a digest of them that does not depend on their order.

    `digest` is hexadecimal; two tables with the same rows (text forms, NULL told apart from '') have the same one.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    digest: str


@dataclass(frozen=True)
class SequenceFacts:
    """A sequence's position: `is_called` False means that `last_value` itself is given out next."""

    name: str
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of the database, its version as PostgreSQL says it, and the schema that its objects are in."""

    name: str
    version: str
    schema: str


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """A schema at `moment` (aware UTC): its shape as `fingerprint` (hexadecimal), tables and sequences sorted by name.

    `migrations`: the applied Django migrations that the schema itself records, as `app.name`, sorted.
    `postgres`: the server's version number, such as 180006.
    """

    schema: str
    moment: datetime
    postgres: int
    fingerprint: str
    tables: tuple[TableFacts, ...]
    sequences: tuple[SequenceFacts, ...]
    migrations: tuple[str, ...]
