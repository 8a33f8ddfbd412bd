"""The SQL members of a pack beside pg_dump's: positions of sequences, refreshes, and the script that replays all.

All names are written under the name that the DDL has. Pure.
"""

from collections.abc import Iterable, Sequence

from zargar.backups.catalogue import columns_text, quoted
from zargar.backups.description import POST_DATA, PRE_DATA, REFRESH, SEQUENCES, Pack, TablePlace
from zargar.backups.facts import SequenceFacts


def sequences_sql(schema: str, sequences: Iterable[SequenceFacts]) -> bytes:
    """Put each sequence of `schema` where it stood."""
    return _lines(
        f"SELECT pg_catalog.setval({_literal(_name(schema, one.name))}, {one.last_value}, "
        f"{str(one.is_called).lower()});"
        for one in sequences
    )


def refresh_sql(schema: str, views: Sequence[str]) -> bytes:
    """Fill the materialized views that were filled, in the given order."""
    return _lines(f"REFRESH MATERIALIZED VIEW {_name(schema, view)};" for view in views)


def restore_sql(pack: Pack, filled: Iterable[TablePlace]) -> bytes:
    """Replay the whole pack with stock psql, in one transaction: unpack it, `cd` there, `psql -X -f restore.sql`.

    `filled` are the tables that have rows.
    """
    copies = [
        f"\\copy {_name(pack.ddl_schema, place.name)} {columns_text(place.columns)} "
        f"FROM PROGRAM 'cat {place.folder}/*.copy'"
        for place in filled
    ]
    renamed = (
        [f"ALTER SCHEMA {quoted(pack.ddl_schema)} RENAME TO {quoted(pack.schema)};"]
        if pack.ddl_schema != pack.schema
        else []
    )
    return _lines(
        [
            f"-- Restores the schema {quoted(pack.schema)} with stock psql, as its owner's role, in this folder:",
            "--     psql -X -f restore.sql DATABASE",
            f"-- The database must have the roles that the DDL names, and no schema {quoted(pack.ddl_schema)}.",
            "-- Rights that its ALTER DEFAULT PRIVILEGES give come on top of those that the schema had.",
            "\\set ON_ERROR_STOP on",
            "\\encoding UTF8",
            "BEGIN;",
            f"\\ir {PRE_DATA}",
            *copies,
            f"\\ir {SEQUENCES}",
            f"\\ir {POST_DATA}",
            f"\\ir {REFRESH}",
            *renamed,
            "COMMIT;",
        ]
    )


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _name(schema: str, name: str) -> str:
    return f"{quoted(schema)}.{quoted(name)}"


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else f"'{quoted}'"
