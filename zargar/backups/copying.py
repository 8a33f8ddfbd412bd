r"""The rows of one table as PostgreSQL's COPY text, in pieces that fit into memory, and their digest on the way.

The digest of a table is the sum over its rows of the first 16 bytes of SHA-256 of the row's COPY text line (line feed
included; NULL is `\N` there, '' is nothing), as big-endian numbers modulo 2**128, in hexadecimal. It does not depend
on the rows' order; counted rows tell an empty table from one whose digests cancel out.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg.sql import SQL

from zargar.backups.catalogue import Table, column_list, qualified
from zargar.backups.facts import TableFacts
from zargar.backups.members import MOST_BYTES, Member

MODULUS: Final = 1 << 128
DIGEST_BYTES: Final = 16


class TableReader:
    """Reads one table once, in the transaction of its connection; `facts` are known when `members()` has ended."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, table: Table, folder: str) -> None:
        self._connection = connection
        self._schema = schema
        self._table = table
        self._folder = folder
        self._rows = 0
        self._sum = 0

    def members(self) -> Iterator[Member]:
        """Give the rows as `FOLDER/000000.copy` and so on; nothing for an empty table. A part may end inside a row."""
        part, number = bytearray(), 0
        for line in self._lines():
            part += line
            while len(part) >= MOST_BYTES:
                yield Member(f"{self._folder}/{number:06}.copy", bytes(part[:MOST_BYTES]))
                del part[:MOST_BYTES]
                number += 1
        if part:
            yield Member(f"{self._folder}/{number:06}.copy", bytes(part))

    @property
    def facts(self) -> TableFacts:
        """What was read so far."""
        return TableFacts(self._table.name, self._table.columns, self._rows, digest_text(self._sum))

    def _lines(self) -> Iterator[bytes | bytearray | memoryview]:
        """The server sends one message a row (documented in its protocol)."""
        statement = SQL("COPY {} {} TO STDOUT").format(
            qualified(self._schema, self._table.name), column_list(self._table.columns)
        )
        rows = total = 0
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for line in copy:
                rows += 1
                total += int.from_bytes(sha256(line).digest()[:DIGEST_BYTES], "big")
                yield line
        self._rows, self._sum = rows, total % MODULUS


def digest_text(total: int) -> str:
    """Write a digest's number as 32 hexadecimal digits."""
    return f"{total % MODULUS:032x}"
