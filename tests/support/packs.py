"""Reading and restoring shops of a scratch database, as tests say it: the shop in, the members or facts out."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from tests.support.databases import ScratchDatabase
from zargar.backups import inspection
from zargar.backups.ddl import Ddl, DdlSource, PgDump
from zargar.backups.facts import ShopFacts
from zargar.backups.members import Member
from zargar.backups.restore import restore_beside
from zargar.backups.snapshot import ShopReading, read_shop

PG_DUMP = PgDump.found()


@dataclass
class Shops:
    """The schemas of a scratch database, read and restored as their owner."""

    database: ScratchDatabase
    pg_dump: DdlSource = PG_DUMP
    known: dict[str, Ddl] = field(default_factory=dict)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.database.owner_url)

    def reading(self, schema: str) -> ShopReading:
        return read_shop(self.connect, schema, pg_dump=self.pg_dump, known=self.known)

    def read(self, schema: str) -> tuple[list[Member], ShopFacts]:
        reading = self.reading(schema)
        members = list(reading.members())
        return members, reading.facts

    def restore(
        self, members: Iterator[Member] | Sequence[Member], schema: str, beside: str, expected: ShopFacts | None = None
    ) -> ShopFacts:
        with self.connect() as owner:
            owner.autocommit = True
            return restore_beside(owner, iter(members), schema=schema, beside=beside, expected=expected)

    def facts(self, schema: str) -> ShopFacts:
        with self.connect() as owner:
            return inspection.facts_of(owner, schema)

    def run(self, statement: str) -> None:
        with self.database.owner() as owner:
            owner.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.owner() as owner:
            return owner.execute(query.encode()).fetchall()

    def dumped(self, schema: str) -> bytes:
        """The whole schema as pg_dump writes it, data and all, with nothing normalised."""
        program = str(PG_DUMP.folder / "pg_dump")
        return subprocess.run(
            [program, "-n", schema, "--restrict-key=x", "-d", self.database.owner_url],
            check=True, capture_output=True,
        ).stdout  # fmt: skip


def edited(members: Sequence[Member], name: str, old: bytes, new: bytes) -> list[Member]:
    """The members with a text in one of them replaced, which must be there; its hashes would be re-sealed."""
    assert any(re.fullmatch(name, member.name) and old in member.data for member in members)
    return [
        replace(member, data=member.data.replace(old, new, 1)) if re.fullmatch(name, member.name) else member
        for member in members
    ]
