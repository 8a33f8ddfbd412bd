"""What lies outside of a schema and depends on something in it: a report over a shop, a foreign key to its tables.

PostgreSQL binds such things to tables and types themselves, not to their names. Where a restored copy takes a shop's
place they would go on with what was put aside, without a word, and DROP SCHEMA ... CASCADE would take them along. So a
restore names them and does nothing, until a person has dropped them; they are made again on what is live then.
Statements in function bodies and in programs name their tables anew each time, and are not meant. A publication of the
schema, or of a table in it, is: replication would go on with what was put aside, and end with it.
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
), member AS (
    SELECT 'pg_catalog.pg_amop'::regclass AS class, m.oid FROM pg_catalog.pg_amop m
    JOIN pg_catalog.pg_opfamily f ON f.oid = m.amopfamily
    WHERE f.opfnamespace = to_regnamespace(quote_ident(%(schema)s))
    UNION ALL SELECT 'pg_catalog.pg_amproc'::regclass, m.oid FROM pg_catalog.pg_amproc m
    JOIN pg_catalog.pg_opfamily f ON f.oid = m.amprocfamily
    WHERE f.opfnamespace = to_regnamespace(quote_ident(%(schema)s))
    UNION ALL SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
      AND e.extnamespace = to_regnamespace(quote_ident(%(schema)s))
), leaner AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid FROM own o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.class AND d.refobjid = o.oid AND d.deptype IN ('n', 'a')
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.class = d.classid AND m.oid = d.objid)
    UNION SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass
      AND d.refobjid = to_regnamespace(quote_ident(%(schema)s))
      AND d.classid = to_regclass('pg_catalog.pg_publication_namespace')
), placed AS (
    SELECT coalesce((parse_ident(i.schema))[1], a.object_names[1]) AS schema,
           CASE WHEN v.ev_class IS NULL THEN i.type || ' ' || i.identity ELSE w.type || ' ' || w.identity END AS named,
           l.classid IN ('pg_catalog.pg_publication_rel'::regclass, to_regclass('pg_catalog.pg_publication_namespace'))
           AS published
    FROM leaner l
    LEFT JOIN pg_catalog.pg_rewrite v
      ON l.classid = 'pg_catalog.pg_rewrite'::regclass AND v.oid = l.objid AND v.rulename = '_RETURN',
    LATERAL pg_identify_object(l.classid, l.objid, l.objsubid) i,
    LATERAL pg_identify_object_as_address(l.classid, l.objid, l.objsubid) a,
    LATERAL pg_identify_object('pg_catalog.pg_class'::regclass, coalesce(v.ev_class, 0), 0) w
)
SELECT DISTINCT named FROM placed
WHERE published IS TRUE OR (schema <> %(schema)s AND NOT starts_with(schema, 'pg_')) ORDER BY 1
"""
"""`own` is in the schema, `member` belongs to it though its address is an access method's or a type's (the members of
its operator families, and of extensions that lie in it). Publications hold tables and schemas by their number, so that
what they publish is told though its address is the schema's own. `pg_identify_object` qualifies every name, where
`pg_describe_object` leaves out what the search path has; a view stands for the rule that makes it one. PostgreSQL 14
has no publications of schemas."""
_SHOWN: Final = 10


class LeanedOnError(RefusedError):
    """Something outside of a shop depends on its tables or types, and would stay behind or be dropped with them."""


def on(connection: psycopg.Connection[Any], schema: str) -> tuple[str, ...]:
    """Return what lies elsewhere and depends on something in `schema`, each with its kind and its name, sorted."""
    with connection.transaction():
        return tuple(str(name) for (name,) in connection.execute(_LEANING, {"schema": schema}))


def check(connection: psycopg.Connection[Any], schema: str) -> None:
    """Raise `LeanedOnError` where something outside of a schema depends on what is in it."""
    found = on(connection, schema)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        message = f"on {schema} lean {', '.join(found[:_SHOWN])}{more}: drop them first, and make them again afterwards"
        raise LeanedOnError(message)
