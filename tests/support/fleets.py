"""Many shops read at once, as tests say it: a street of shops, read into a vault, their packs opened again."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg

from tests.support.packs import PG_DUMP, Shops
from zargar.backups import age
from zargar.backups.ddl import Ddl, DdlSource, PgDump
from zargar.backups.facts import ShopFacts
from zargar.backups.fleet import Fleet
from zargar.backups.members import Member
from zargar.backups.packs import open_pack
from zargar.backups.readers import UnreadableError
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.directory import DirectoryVault


def street(shops: Shops, count: int) -> list[str]:
    """Make shops of one shape with different rows: shop N has N of them."""
    names = [f"shop_{number:02}" for number in range(count)]
    for number, name in enumerate(names):
        shops.run(
            f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (id serial PRIMARY KEY, body text DEFAULT 'none');"
            f"INSERT INTO {name}.t (body) SELECT '{name}' FROM generate_series(1, {number});"
            f"CREATE TABLE {name}.u (n integer)"
        )
    return names


class Counted:
    """A real pg_dump that counts its runs; `beside` happens once, after the first. Readers get the plain one."""

    def __init__(self, beside: Callable[[], None] | None = None) -> None:
        self.schemas: list[str] = []
        self.asked = 0
        self.beside = beside

    def dump(self, connection: psycopg.Connection[Any], schema: str) -> Ddl:
        self.asked += 1
        ddl = PG_DUMP.dump(connection, schema)
        self.schemas.append(schema)
        if self.beside is not None:
            self.beside()
            self.beside = None
        return ddl

    def dump_many(self, connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Ddl]:
        return {schema: self.dump(connection, schema) for schema in schemas}

    def __reduce__(self) -> tuple[type[PgDump], tuple[Path, int]]:
        return PgDump, (PG_DUMP.folder, PG_DUMP.major)


@dataclass
class Taken:
    """Shops as they came out of a fleet, their packs opened again out of a vault; `unread`: why others did not."""

    everything: Fleet
    packs: dict[str, tuple[list[Member], ShopFacts]]
    redone: dict[str, list[str]]
    unread: dict[str, str]


@dataclass
class Taking:
    """Reads fleets into segments of a vault in `folder`, and opens every pack with its key."""

    shops: Shops
    folder: Path

    def __call__(self, names: list[str], pg_dump: DdlSource, readers: int = 0) -> Taken:
        place = self.folder / token_hex(4)
        place.mkdir()
        pair, vault = age.generate(), DirectoryVault(place, name="here")
        everything = Fleet(
            self.shops.connect, names, pg_dump=pg_dump, recipient=lambda _: pair.recipient, readers=readers
        )  # fmt: skip
        with SegmentWriter("b", [vault]) as writer:
            written, unread = [], {}
            for packed in everything:
                try:
                    written.append((packed, writer.write_sealed(packed.schema, packed.write_to)))
                except UnreadableError as why:
                    unread[packed.schema] = str(why)
            writer.close()
        opened = {packed.schema: list(open_pack(vault, at, pair.identity)) for packed, at in written}
        return Taken(
            everything,
            {packed.schema: (opened[packed.schema], packed.facts) for packed, _ in written},
            {packed.schema: packed.redone for packed, _ in written},
            {**everything.left_out, **unread},
        )
