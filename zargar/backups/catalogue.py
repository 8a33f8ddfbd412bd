"""What a backup must read of each schema: its tables with their columns, its sequences, its materialized views.

Two queries for however many schemas: the cost grows with what they hold, not with how often it is asked. Partitioned
parents and views hold no rows; foreign tables hold somebody else's. Generated columns are computed again at the
restore.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from zargar.refusals import NotFoundError

_RELATIONS: Final = """
SELECT n.nspname, c.relname, c.relkind::text, c.relispopulated, c.relpages::bigint * 8192,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum)
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'S', 'm')
ORDER BY c.oid
"""
_READS: Final = """
SELECT DISTINCT n.nspname, c.relname, o.relname
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('v', 'm')
JOIN pg_rewrite r ON r.ev_class = c.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class o ON o.oid = d.refobjid AND o.oid <> c.oid AND o.relnamespace = n.oid AND o.relkind IN ('v', 'm')
WHERE n.nspname = ANY(%s)
ORDER BY 1, 2, 3
"""
_SCHEMAS: Final = "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)"

SETTINGS: Final = """
SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3; SET timezone = 'UTC';
SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; SET xmloption = 'content'; SET synchronize_seqscans = off;
SET standard_conforming_strings = on; SET search_path = ''; SET row_security = off; SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0; SET jit = off; SET work_mem = '64MB'
"""
"""By these, text forms are the same whenever and wherever they are read. `row_security = off` turns rows that a policy
would hide into an error. The last two are for the queries over many schemas, whose cost is misjudged."""


class NoSuchSchemaError(NotFoundError):
    """The database has no schema of that name."""


@dataclass(frozen=True)  # without slots, as `facts`
class Table:
    """A table with rows of its own: its name and, in order, the columns that are copied. `bytes` is an old estimate."""

    name: str
    columns: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A schema's content: tables and sequences by name, filled materialized views, each after those it reads."""

    schema: str
    tables: tuple[Table, ...]
    sequences: tuple[str, ...]
    populated: tuple[str, ...]


def catalogues(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Catalogue]:
    """Read the content of `schemas` in the connection's snapshot. Raises `NoSuchSchemaError` when one is missing."""
    there = {str(name) for (name,) in connection.execute(_SCHEMAS, [list(schemas)])}
    for schema in schemas:
        if schema not in there:
            message = f"the database has no schema {schema!r}"
            raise NoSuchSchemaError(message)
    tables: dict[str, list[Table]] = {schema: [] for schema in schemas}
    sequences: dict[str, list[str]] = {schema: [] for schema in schemas}
    populated: dict[str, list[str]] = {schema: [] for schema in schemas}
    kept: dict[Any, Any] = {}
    for schema, name, kind, full, size, columns in connection.execute(_RELATIONS, [list(schemas)]):
        match kind:
            case "r":
                own = tuple(columns)
                tables[schema].append(Table(kept.setdefault(name, name), kept.setdefault(own, own), size))
            case "S":
                sequences[schema].append(name)
            case _ if full:
                populated[schema].append(name)
    order = _in_order(connection, populated)
    return {
        schema: Catalogue(
            schema,
            tuple(sorted(tables[schema], key=lambda table: table.name)),
            tuple(sorted(sequences[schema])),
            tuple(order[schema]),
        )
        for schema in schemas
    }


def _in_order(connection: psycopg.Connection[Any], populated: dict[str, list[str]]) -> dict[str, list[str]]:
    """Put materialized views after those that they read, also through views: by age alone a replaced view misleads."""
    several = [schema for schema, views in populated.items() if len(views) > 1]
    if not several:
        return populated
    reads: dict[str, TopologicalSorter[str]] = {schema: TopologicalSorter() for schema in several}
    for schema, view, read in connection.execute(_READS, [several]):
        reads[schema].add(str(view), str(read))
    for schema in several:
        for view in populated[schema]:
            reads[schema].add(view)
    return populated | {
        schema: [view for view in reads[schema].static_order() if view in populated[schema]] for schema in several
    }


def qualified(schema: str, name: str) -> Identifier:
    """Name an object of a schema, quoted."""
    return Identifier(schema, name)


def quoted(name: str) -> str:
    """Quote a name as text."""
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=4096)
def columns_text(columns: tuple[str, ...]) -> str:
    """Write a column list for COPY as text; nothing for a table without columns."""
    return f"({', '.join(map(quoted, columns))})" if columns else ""


def column_list(columns: Sequence[str]) -> Composed:
    """Write a column list for COPY, with its parentheses; nothing for a table without columns."""
    if not columns:
        return SQL("").format()
    return SQL("({})").format(SQL(", ").join(map(Identifier, columns)))
