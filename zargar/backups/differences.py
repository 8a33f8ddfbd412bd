"""What a restored copy differs in from what was recorded of its shop. Pure.

The schema's name, the moment and the server's version are not compared: the copy has its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from zargar.backups.ddl import Ddl
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts
from zargar.backups.fingerprint import canonical

_HEAD_LINES: Final = 10
_VERSION: Final = "-- Dumped "


class What(StrEnum):
    """The kinds of difference."""

    MISSING_TABLE = "missing table"
    UNEXPECTED_TABLE = "unexpected table"
    COLUMNS = "columns"
    ROWS = "number of rows"
    CONTENT = "content of rows"
    MISSING_SEQUENCE = "missing sequence"
    UNEXPECTED_SEQUENCE = "unexpected sequence"
    POSITION = "position of sequence"
    MIGRATIONS = "migrations"
    SHAPE = "shape"
    DDL = "DDL"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: of which object, what was recorded and what was found (short texts, no row of a shop)."""

    what: What
    name: str
    recorded: str
    found: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.what} of {self.name}: recorded {self.recorded}, found {self.found}"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Fact = TypeVar("_Fact", bound=_Named)


def compare(recorded: ShopFacts, found: ShopFacts) -> tuple[Difference, ...]:
    """Say what differs; nothing, if and only if tables, rows, sequences, migrations and shape are the same."""
    differences = [
        *_paired(recorded.tables, found.tables, What.MISSING_TABLE, What.UNEXPECTED_TABLE, _table),
        *_paired(recorded.sequences, found.sequences, What.MISSING_SEQUENCE, What.UNEXPECTED_SEQUENCE, _sequence),
    ]
    if recorded.migrations != found.migrations:
        lost, more = (
            set(recorded.migrations) - set(found.migrations),
            set(found.migrations) - set(recorded.migrations),
        )
        differences.append(Difference(What.MIGRATIONS, recorded.schema, f"also {sorted(lost)}", f"also {sorted(more)}"))
    if recorded.fingerprint != found.fingerprint:
        differences.append(Difference(What.SHAPE, recorded.schema, recorded.fingerprint[:16], found.fingerprint[:16]))
    return tuple(differences)


def compare_ddl(recorded: Ddl, found: Ddl) -> tuple[Difference, ...]:
    """Say in which lines pg_dump's text of the copy, under its original name, is not the recorded text.

    The second witness of a shape: it uses nothing of `fingerprint` but its note about two spellings of one condition.
    Texts of two versions may differ in their words alone (`versions`).
    """
    differences = []
    for section, before, after in (
        ("pre-data", recorded.pre_data, found.pre_data),
        ("post-data", recorded.post_data, found.post_data),
    ):
        old, new = canonical(before.decode()), canonical(after.decode())
        if old != new:
            changed = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
            lines = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
            lost = " | ".join(line[1:] for line in lines if line.startswith("-"))
            more = " | ".join(line[1:] for line in lines if line.startswith("+"))
            differences.append(Difference(What.DDL, section, lost or "nothing more", more or "nothing more"))
    return tuple(differences)


def versions(ddl: Ddl) -> str:
    """Say which server and which pg_dump a text comes from, in the words of its head; empty where it does not say."""
    head = ddl.pre_data.decode().splitlines()[:_HEAD_LINES]
    return ", ".join(line.removeprefix("-- ") for line in head if line.startswith(_VERSION))


def without_versions(ddl: Ddl) -> Ddl:
    """Return a text without the lines of its head in which texts of two versions always differ."""
    return Ddl(ddl.schema, _without_versions(ddl.pre_data), _without_versions(ddl.post_data))


def _without_versions(text: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    head = [line for line in lines[:_HEAD_LINES] if not line.startswith(_VERSION.encode())]
    return b"".join([*head, *lines[_HEAD_LINES:]])


def _paired(
    recorded: Sequence[_Fact],
    found: Sequence[_Fact],
    missing: What,
    unexpected: What,
    judge: Callable[[_Fact, _Fact], Iterator[Difference]],
) -> Iterator[Difference]:
    before, after = ({fact.name: fact for fact in facts} for facts in (recorded, found))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Difference(missing, name, "there", "none")
        elif name not in before:
            yield Difference(unexpected, name, "none", "there")
        else:
            yield from judge(before[name], after[name])


def _table(recorded: TableFacts, found: TableFacts) -> Iterator[Difference]:
    name = recorded.name
    if recorded.columns != found.columns:
        yield Difference(What.COLUMNS, name, ", ".join(recorded.columns), ", ".join(found.columns))
    if recorded.rows != found.rows:
        yield Difference(What.ROWS, name, str(recorded.rows), str(found.rows))
    if recorded.digest != found.digest:
        yield Difference(What.CONTENT, name, recorded.digest, found.digest)


def _sequence(recorded: SequenceFacts, found: SequenceFacts) -> Iterator[Difference]:
    if recorded != found:
        yield Difference(What.POSITION, recorded.name, _position(recorded), _position(found))


def _position(sequence: SequenceFacts) -> str:
    return f"{sequence.last_value} {'given out' if sequence.is_called else 'next'}"
