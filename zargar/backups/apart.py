"""In which rows two copies of a shop differ: shown to a person before one takes the other's place.

Rows are told apart by their primary key and compared by their text form; of a row only its key is shown. Tables without
a primary key that both copies have (one may have been altered by hand, which is a reason to restore) are compared as
bags of rows. The cost is that of reading both copies once.
"""

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from zargar.backups.catalogue import qualified

KEYS: Final = 20
"""Keys of each table that are shown at most, unless more are asked for."""

_TABLES: Final = """
SELECT c.relname::text, array_agg(n.nspname::text),
       CASE WHEN count(k.key) = count(*) AND min(k.key) = max(k.key) THEN min(k.key) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL (
    SELECT array_agg(a.attname::text ORDER BY a.attnum) AS key FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indisprimary AND i.indrelid = c.oid
) k
WHERE n.nspname = ANY(%s) AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""
_KEYED: Final = SQL("""
WITH l AS (SELECT row({key})::text AS key, (t.*)::text AS whole FROM ONLY {live} t),
     r AS (SELECT row({key})::text AS key, (t.*)::text AS whole FROM ONLY {restored} t),
     d AS (SELECT coalesce(l.key, r.key) AS key, r.key IS NULL AS only_live, l.key IS NULL AS only_restored
           FROM l FULL JOIN r ON l.key = r.key WHERE l.whole IS DISTINCT FROM r.whole)
SELECT count(*) FILTER (WHERE only_live), count(*) FILTER (WHERE only_restored),
       count(*) FILTER (WHERE NOT only_live AND NOT only_restored),
       (array_agg(key ORDER BY key COLLATE "C"))[:{most}] FROM d
""")
_BAG: Final = SQL("""
WITH l AS (SELECT (t.*)::text AS whole FROM ONLY {live} t),
     r AS (SELECT (t.*)::text AS whole FROM ONLY {restored} t)
SELECT (SELECT count(*) FROM (SELECT whole FROM l EXCEPT ALL SELECT whole FROM r) a),
       (SELECT count(*) FROM (SELECT whole FROM r EXCEPT ALL SELECT whole FROM l) b), 0, NULL
""")
_COUNT: Final = SQL("SELECT count(*) FROM ONLY {}")


@dataclass(frozen=True, slots=True)
class TableApart:
    """How many rows of a table are in one copy alone, and how many are in both but not the same.

    `keys`: the first of their primary keys as text, sorted; none for a table without one.
    """

    name: str
    only_live: int
    only_restored: int
    changed: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table by its name, the schemas (of two) that have it, and the primary key of all of them, None without one."""

    name: str
    schemas: list[str]
    key: list[str] | None


def rows_apart(
    connection: psycopg.Connection[Any], *, live: str, restored: str, keys: int = KEYS
) -> tuple[TableApart, ...]:
    """Compare two schemas table by table in one snapshot; tables without a difference are left out.

    At most `keys` keys of a table are listed; the numbers are of all rows. `connection` is the owner's, with no
    transaction open. Columns that only one copy has make every row a changed one, or where they are of its primary key,
    one that is in one copy alone.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL row_security = off")
        connection.execute("SET LOCAL search_path = ''")
        tables = [_Table(*row) for row in connection.execute(_TABLES, [[live, restored]])]
        found = [_apart(connection, (live, restored), table, keys) for table in tables]
    return tuple(one for one in found if one.only_live or one.only_restored or one.changed)


def _apart(connection: psycopg.Connection[Any], copies: tuple[str, str], table: _Table, most: int) -> TableApart:
    if len(table.schemas) == 1:
        [(rows,)] = connection.execute(_COUNT.format(qualified(table.schemas[0], table.name))).fetchall()
        in_live = table.schemas == [copies[0]]
        return TableApart(table.name, rows if in_live else 0, 0 if in_live else rows, 0, ())
    [(only_live, only_restored, changed, keys)] = connection.execute(_query(copies, table, most)).fetchall()
    return TableApart(table.name, only_live, only_restored, changed, tuple(keys or ()))


def _query(copies: tuple[str, str], table: _Table, most: int) -> Composed:
    live, restored = copies
    both = {"live": qualified(live, table.name), "restored": qualified(restored, table.name)}
    if table.key is None:
        return _BAG.format(**both)
    columns = SQL(", ").join(SQL("t.{}").format(Identifier(column)) for column in table.key)
    return _KEYED.format(**both, key=columns, most=Literal(most))
