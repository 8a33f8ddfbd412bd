"""What lies outside of a schema and depends on something in it: a report over a shop, a foreign key to its tables.

PostgreSQL binds such things to tables and types themselves, not to their names. Where a restored copy takes a shop's
place they would go on with what was put aside, without a word, and DROP SCHEMA ... CASCADE would take them along. So a
restore names them and does nothing, until a person has dropped them; they are made again on what is live then.
Statements in function bodies and in programs name their tables anew each time, and are not meant.
"""

from typing import Any, Final

import psycopg

from zargar.refusals import RefusedError

_LEANING: Final = """
WITH own AS (
    SELECT 'pg_catalog.pg_class'::regclass AS class, oid FROM pg_catalog.pg_class
    WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s))
    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid FROM pg_catalog.pg_type
    WHERE typnamespace = to_regnamespace(quote_ident(%(schema)s))
    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid FROM pg_catalog.pg_proc
    WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s))
), leaner AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid FROM own o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.class AND d.refobjid = o.oid AND d.deptype IN ('n', 'a')
), placed AS (
    SELECT coalesce((parse_ident(i.schema))[1], a.object_names[1]) AS schema, a.object_names[1:2] AS names
    FROM leaner l, LATERAL pg_identify_object(l.classid, l.objid, l.objsubid) i,
         LATERAL pg_identify_object_as_address(l.classid, l.objid, l.objsubid) a
)
SELECT DISTINCT array_to_string(names, '.') FROM placed
WHERE schema <> %(schema)s AND NOT starts_with(schema, 'pg_') ORDER BY 1
"""
_SHOWN: Final = 10


class LeanedOnError(RefusedError):
    """Something outside of a shop depends on its tables or types, and would stay behind or be dropped with them."""


def on(connection: psycopg.Connection[Any], schema: str) -> tuple[str, ...]:
    """Return the names of what lies elsewhere and depends on something in `schema`, sorted."""
    with connection.transaction():
        return tuple(str(name) for (name,) in connection.execute(_LEANING, {"schema": schema}))


def check(connection: psycopg.Connection[Any], schema: str) -> None:
    """Raise `LeanedOnError` where something outside of a schema depends on what is in it."""
    found = on(connection, schema)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        message = f"on {schema} lean {', '.join(found[:_SHOWN])}{more}: drop them first, and make them again afterwards"
        raise LeanedOnError(message)
