"""The two JSON members of a pack: `pack.json`, first, says what follows; `facts.json`, last, what must be true of it.

Both are for programs; `restore.sql` is for a person with psql. Pure.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from zargar.backups.catalogue import Table
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts

FORMAT: Final = 1
PACK: Final = "pack.json"
PRE_DATA: Final = "pre-data.sql"
DATA: Final = "data/"
SEQUENCES: Final = "sequences.sql"
POST_DATA: Final = "post-data.sql"
REFRESH: Final = "refresh.sql"
RESTORE: Final = "restore.sql"
FACTS: Final = "facts.json"
FILES: Final = "files/"
RESTORE_FILES: Final = "restore.sh"


class BadPackError(Exception):
    """The members of a pack are not what a pack has, or not in its order: it was not written by this program."""


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where the rows of a table are: in the members `FOLDER/000000.copy` and so on, with these columns."""

    folder: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's head. `ddl_schema` is the name in the DDL's text, another shop's where one dump serves several."""

    schema: str
    ddl_schema: str
    tables: tuple[TablePlace, ...]

    @classmethod
    def of(cls, schema: str, ddl_schema: str, tables: Sequence[Table]) -> Self:
        """Give each table a folder: its number and as much of its name as is safe in a shell."""
        places = [
            TablePlace(f"{DATA}{number:04}.{re.sub('[^A-Za-z0-9_]', '_', table.name)}", table.name, table.columns)
            for number, table in enumerate(tables, start=1)
        ]
        return cls(schema, ddl_schema, tuple(places))

    def dump(self) -> bytes:
        """Write `pack.json`."""
        places = [{"folder": one.folder, "name": one.name, "columns": one.columns} for one in self.tables]
        return _json({"format": FORMAT, "schema": self.schema, "ddl_schema": self.ddl_schema, "tables": places})

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read `pack.json`. Raises `BadPackError`."""
        try:
            body = json.loads(data)
            if body["format"] != FORMAT:
                message = f"the pack has format {body['format']!r}, this program reads {FORMAT}"
                raise BadPackError(message)
            places = [TablePlace(place["folder"], place["name"], tuple(place["columns"])) for place in body["tables"]]
            return cls(body["schema"], body["ddl_schema"], tuple(places))
        except (ValueError, KeyError, TypeError) as wrong:
            message = f"{PACK} cannot be read: {wrong!r}"
            raise BadPackError(message) from wrong


def dump_facts(facts: ShopFacts) -> bytes:
    """Write `facts.json`."""
    return _json(
        {
            "schema": facts.schema,
            "moment": facts.moment.isoformat(),
            "postgres": facts.postgres,
            "fingerprint": facts.fingerprint,
            "tables": [
                {"name": one.name, "columns": one.columns, "rows": one.rows, "digest": one.digest}
                for one in facts.tables
            ],
            "sequences": [
                {"name": one.name, "last_value": one.last_value, "is_called": one.is_called} for one in facts.sequences
            ],
            "migrations": facts.migrations,
        }
    )


def load_facts(data: bytes) -> ShopFacts:
    """Read `facts.json`. Raises `BadPackError`."""
    try:
        body = json.loads(data)
        return ShopFacts(
            schema=body["schema"],
            moment=datetime.fromisoformat(body["moment"]),
            postgres=body["postgres"],
            fingerprint=body["fingerprint"],
            tables=tuple(TableFacts(**{**table, "columns": tuple(table["columns"])}) for table in body["tables"]),
            sequences=tuple(SequenceFacts(**sequence) for sequence in body["sequences"]),
            migrations=tuple(body["migrations"]),
        )
    except (ValueError, KeyError, TypeError) as wrong:
        message = f"{FACTS} cannot be read: {wrong!r}"
        raise BadPackError(message) from wrong


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True).encode() + b"\n"
