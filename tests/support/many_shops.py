"""More shops than the template's one, in milliseconds each: copies of its tables, made by the owner."""

from collections.abc import Sequence

import psycopg
from psycopg.sql import SQL, Identifier

from tests.support.databases import TEMPLATE_SHOP


def copies(owner: psycopg.Connection, count: int, *, of: str = TEMPLATE_SHOP) -> Sequence[tuple[int, str]]:
    """Make so many active shops with empty tables as another one has; return (id, schema). No foreign keys."""
    rows = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [of]).fetchall()
    return [_copy(owner, of, f"copy_{number}", [table for (table,) in rows]) for number in range(count)]


def _copy(owner: psycopg.Connection, of: str, name: str, tables: Sequence[str]) -> tuple[int, str]:
    owner.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    for table in tables:
        made = SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)")
        owner.execute(made.format(Identifier(name, table), Identifier(of, table)))
    [(identity,)] = owner.execute(
        "INSERT INTO shops_shop (schema_name, name, state) VALUES (%s, 'طلای نمونه', 'active') RETURNING id", [name]
    ).fetchall()
    return int(identity), name
