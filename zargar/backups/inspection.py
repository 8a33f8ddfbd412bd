"""The facts of a schema by SQL on it, for judging a restored copy: not by the code that reads shops for backups.

The reader sees rows as COPY hands them over and digests them here; the inspector never copies: the server builds each
row's line out of the types' output functions, escapes and digests it, and adds up. Tables and columns come from
`information_schema`, sequences from `pg_sequences`. Only the fingerprint's definition is shared (`fingerprint`); the
other witness of a schema's shape is pg_dump's text itself (`differences.compare_ddl`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Composable, Identifier, Literal

from zargar.backups import fingerprint
from zargar.backups.catalogue import NoSuchSchemaError
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts

_LOCAL: Final = """
SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3;
SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content';
SET LOCAL search_path = ''; SET LOCAL row_security = off
"""
_COLUMNS: Final = """
SELECT t.table_name, c.column_name, c.domain_name IS NOT NULL, c.udt_schema, c.udt_name,
       (SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = f.pronamespace), f.proname
FROM information_schema.tables t
LEFT JOIN information_schema.columns c
  ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.is_generated = 'NEVER'
LEFT JOIN pg_catalog.pg_type y ON y.typname = c.udt_name AND y.typnamespace = to_regnamespace(quote_ident(c.udt_schema))
LEFT JOIN pg_catalog.pg_proc f ON f.oid = y.typoutput
WHERE t.table_schema = %s AND t.table_type = 'BASE TABLE'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p
                  WHERE p.partrelid = to_regclass(format('%%I.%%I', t.table_schema, t.table_name)))
ORDER BY t.table_name COLLATE "C", c.ordinal_position
"""
_SEQUENCES: Final = "SELECT sequencename, last_value FROM pg_catalog.pg_sequences WHERE schemaname = %s ORDER BY 1"
_PLAIN: Final = frozenset(
    {"boolout", "int2out", "int4out", "int8out", "numeric_out", "float4out", "float8out", "date_out", "timestamp_out",
     "timestamptz_out", "uuid_out"}
)  # fmt: skip
"""Output functions whose text has nothing to escape."""

_ESCAPES: Final = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_TABLE: Final = SQL("""
SELECT count(*), coalesce(sum(('x' || substr(h, 1, 8))::bit(32)::bigint), 0),
       coalesce(sum(('x' || substr(h, 9, 8))::bit(32)::bigint), 0),
       coalesce(sum(('x' || substr(h, 17, 8))::bit(32)::bigint), 0),
       coalesce(sum(('x' || substr(h, 25, 8))::bit(32)::bigint), 0)
FROM (SELECT encode(sha256(convert_to(concat({}, E'\\n'), 'UTF8')), 'hex') AS h FROM ONLY {}) rows
""")
_LIMBS: Final = (96, 64, 32, 0)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    is_domain: bool
    base: tuple[str, str]
    output: tuple[str, str]

    def text(self) -> Composable:
        """The expression for this column's field of a COPY line."""
        value: Composable = Identifier(self.name)
        if self.is_domain:
            value = SQL("{}::{}").format(value, Identifier(*self.base))
        value = SQL("pg_catalog.textin({}({}))").format(Identifier(*self.output), value)
        if self.output[1] not in _PLAIN:
            for plain, escaped in _ESCAPES.items():
                value = SQL("replace({}, {}, {})").format(value, Literal(plain), Literal(escaped))
        return SQL("coalesce({}, {})").format(value, Literal("\\N"))


def facts_of(connection: psycopg.Connection[Any], schema: str) -> ShopFacts:
    """Find the facts of `schema`, as its owner, in one snapshot; inside a transaction, in what that one sees.

    Raises `NoSuchSchemaError`. Takes time in proportion to the rows.
    """
    fresh = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction():
        if fresh:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(_LOCAL)
        shape = fingerprint.shapes(connection, [schema]).get(schema)
        if shape is None:
            message = f"the database has no schema {schema!r}"
            raise NoSuchSchemaError(message)
        connection.execute("SET LOCAL search_path = ''")  # the fingerprint moved it
        [(moment,)] = connection.execute("SELECT clock_timestamp()").fetchall()
        columns = _columns(connection, schema)
        return ShopFacts(
            schema=schema,
            moment=moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment)),
            postgres=connection.info.server_version,
            fingerprint=shape.fingerprint,
            tables=tuple(_table(connection, schema, name, own) for name, own in columns.items()),
            sequences=tuple(_sequences(connection, schema)),
            migrations=_migrations(connection, schema, columns),
        )


def migrations_of(connection: psycopg.Connection[Any], schema: str) -> tuple[str, ...]:
    """Return the migrations that a schema records (`app.name`), sorted; none where it is not one of Django's."""
    with connection.transaction():
        return _migrations(connection, schema, _columns(connection, schema))


def _columns(connection: psycopg.Connection[Any], schema: str) -> dict[str, list[_Column]]:
    """The tables that hold rows, each with its columns that are stored as given, in order."""
    tables: dict[str, list[_Column]] = {}
    for table, column, is_domain, base_schema, base, output_schema, output in connection.execute(_COLUMNS, [schema]):
        columns = tables.setdefault(str(table), [])
        if column is not None:
            columns.append(_Column(str(column), bool(is_domain), (base_schema, base), (output_schema, output)))
    return tables


def _table(connection: psycopg.Connection[Any], schema: str, name: str, columns: Sequence[_Column]) -> TableFacts:
    line = SQL(", E'\\t', ").join(column.text() for column in columns) if columns else SQL("''")
    query = _TABLE.format(line, Identifier(schema, name))
    [(rows, *sums)] = connection.execute(query).fetchall()
    total = sum(int(part) << shift for part, shift in zip(sums, _LIMBS, strict=True)) % (1 << 128)
    return TableFacts(name, tuple(column.name for column in columns), int(rows), f"{total:032x}")


def _sequences(connection: psycopg.Connection[Any], schema: str) -> list[SequenceFacts]:
    """Where sequences stand. `pg_sequences` shows nothing for one that was never called: it is asked itself then."""
    found = []
    for name, last in connection.execute(_SEQUENCES, [schema]).fetchall():
        if last is not None:
            found.append(SequenceFacts(str(name), int(last), is_called=True))
            continue
        [(first,)] = connection.execute(SQL("SELECT last_value FROM {}").format(Identifier(schema, name))).fetchall()
        found.append(SequenceFacts(str(name), int(first), is_called=False))
    return sorted(found, key=lambda position: position.name)


def _migrations(connection: psycopg.Connection[Any], schema: str, tables: dict[str, list[_Column]]) -> tuple[str, ...]:
    if not {"app", "name"} <= {column.name for column in tables.get("django_migrations", [])}:
        return ()
    query = SQL("SELECT format('%s.%s', app, name) FROM {}").format(Identifier(schema, "django_migrations"))
    return tuple(sorted(str(name) for (name,) in connection.execute(query)))
