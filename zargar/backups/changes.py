"""Whether anything of a schema's shape, or the storage of a table, changed between two moments: exactly.

MVCC covers rows, not DDL: a snapshot that is older than a committed TRUNCATE reads an empty table without an error,
and `pg_get_*` functions read the catalogue as it is now, whatever the snapshot says. Every change of the catalogue
writes a new version of some row, so a schema's state is a digest over the row versions (`oid:xmin`) of all that
belongs to it, with `relfilenode` for rewrites. Rows written, ANALYZE and VACUUM change none of them.
"""

from collections.abc import Sequence
from typing import Any, Final

import psycopg

OWN: Final = (
    # kind, catalogue, its oid, its schema's oid
    ("class", "pg_class", "x.oid || '.' || x.relfilenode", "x.relnamespace"),
    ("constraint", "pg_constraint", "x.oid", "x.connamespace"),
    ("proc", "pg_proc", "x.oid", "x.pronamespace"),
    ("type", "pg_type", "x.oid", "x.typnamespace"),
    ("statistic", "pg_statistic_ext", "x.oid", "x.stxnamespace"),
    ("operator", "pg_operator", "x.oid", "x.oprnamespace"),
    ("opclass", "pg_opclass", "x.oid", "x.opcnamespace"),
    ("opfamily", "pg_opfamily", "x.oid", "x.opfnamespace"),
    ("collation", "pg_collation", "x.oid", "x.collnamespace"),
    ("conversion", "pg_conversion", "x.oid", "x.connamespace"),
    ("ts_config", "pg_ts_config", "x.oid", "x.cfgnamespace"),
    ("ts_dict", "pg_ts_dict", "x.oid", "x.dictnamespace"),
    ("ts_parser", "pg_ts_parser", "x.oid", "x.prsnamespace"),
    ("ts_template", "pg_ts_template", "x.oid", "x.tmplnamespace"),
    ("default_acl", "pg_default_acl", "x.oid", "x.defaclnamespace"),
)
OF_A_TABLE: Final = (
    # kind, catalogue, its identity, the column that names its relation, a further condition
    (
        "attribute",
        "pg_attribute",
        "x.attrelid || '.' || x.attnum",
        "x.attrelid",
        "AND x.attnum > 0 AND c.relkind <> 'S'",
    ),
    ("attrdef", "pg_attrdef", "x.oid", "x.adrelid", ""),
    ("index", "pg_index", "x.indexrelid", "x.indexrelid", ""),
    ("sequence", "pg_sequence", "x.seqrelid", "x.seqrelid", ""),
    ("trigger", "pg_trigger", "x.oid", "x.tgrelid", ""),
    ("rewrite", "pg_rewrite", "x.oid", "x.ev_class", ""),
    ("policy", "pg_policy", "x.oid", "x.polrelid", ""),
    ("inherits", "pg_inherits", "x.inhrelid || '.' || x.inhparent", "x.inhrelid", ""),
    ("partitioned", "pg_partitioned_table", "x.partrelid", "x.partrelid", ""),
    ("foreign", "pg_foreign_table", "x.ftrelid", "x.ftrelid", ""),
)
"""The columns of the system, and a sequence's, come and go with their relation and are never altered."""

_WORD: Final = 1 << 64

_DESCRIBED: Final = (
    # a catalogue whose rows may have comments, and how they lead to their schema
    ("pg_class", "o.relnamespace", ""),
    ("pg_proc", "o.pronamespace", ""),
    ("pg_type", "o.typnamespace", ""),
    ("pg_constraint", "o.connamespace", ""),
    ("pg_statistic_ext", "o.stxnamespace", ""),
    ("pg_namespace", "o.oid", ""),
    ("pg_operator", "o.oprnamespace", ""),
    ("pg_collation", "o.collnamespace", ""),
    ("pg_ts_dict", "o.dictnamespace", ""),
    ("pg_ts_config", "o.cfgnamespace", ""),
    ("pg_ts_parser", "o.prsnamespace", ""),
    ("pg_ts_template", "o.tmplnamespace", ""),
    ("pg_opclass", "o.opcnamespace", ""),
    ("pg_opfamily", "o.opfnamespace", ""),
    ("pg_conversion", "o.connamespace", ""),
    ("pg_trigger", "r.relnamespace", "JOIN pg_class r ON r.oid = o.tgrelid"),
    ("pg_policy", "r.relnamespace", "JOIN pg_class r ON r.oid = o.polrelid"),
    ("pg_rewrite", "r.relnamespace", "JOIN pg_class r ON r.oid = o.ev_class"),
)


def _parts() -> str:
    """The union of all row versions, as (schema's oid, text)."""
    parts = ["SELECT s.oid AS schema, 'schema ' || s.oid || ':' || s.xmin AS version FROM s"]
    parts += [
        f"SELECT s.oid, '{kind} ' || {identity} || ':' || x.xmin "  # noqa: S608 -- constants above
        f"FROM s JOIN {catalogue} x ON {schema} = s.oid"
        for kind, catalogue, identity, schema in OWN
    ]
    parts += [
        f"SELECT s.oid, '{kind} ' || {identity} || ':' || x.xmin "  # noqa: S608 -- constants above
        f"FROM s JOIN pg_class c ON c.relnamespace = s.oid JOIN {catalogue} x ON {relation} = c.oid {further}"
        for kind, catalogue, identity, relation, further in OF_A_TABLE
    ]
    parts += [
        f"SELECT s.oid, 'comment {catalogue} ' || d.objoid || '.' || d.objsubid || ':' || d.xmin "  # noqa: S608 -- as above
        f"FROM {catalogue} o {joined} JOIN s ON s.oid = {schema} "
        f"JOIN pg_description d ON d.classoid = '{catalogue}'::regclass AND d.objoid = o.oid"
        for catalogue, schema, joined in _DESCRIBED
    ]
    parts.append(
        "SELECT s.oid, 'toast ' || x.oid || ':' || x.xmin FROM s JOIN pg_class c ON c.relnamespace = s.oid "
        "JOIN pg_class x ON x.oid = c.reltoastrelid"
    )
    parts.append(
        "SELECT s.oid, 'mapping ' || m.mapcfg || '.' || m.maptokentype || '.' || m.mapseqno || ':' || m.xmin FROM s "
        "JOIN pg_ts_config g ON g.cfgnamespace = s.oid JOIN pg_ts_config_map m ON m.mapcfg = g.oid"
    )
    parts.append(
        "SELECT s.oid, 'enum ' || e.oid || ':' || e.xmin FROM s JOIN pg_type t ON t.typnamespace = s.oid "
        "JOIN pg_enum e ON e.enumtypid = t.oid"
    )
    parts.append(
        "SELECT s.oid, 'range ' || g.rngtypid || ':' || g.xmin FROM s JOIN pg_type t ON t.typnamespace = s.oid "
        "JOIN pg_range g ON g.rngtypid = t.oid"
    )
    parts += [
        f"SELECT s.oid, '{catalogue} ' || x.oid || ':' || x.xmin FROM s "  # noqa: S608 -- constants
        f"JOIN pg_opfamily f ON f.opfnamespace = s.oid JOIN {catalogue} x ON x.{family} = f.oid"
        for catalogue, family in (("pg_amop", "amopfamily"), ("pg_amproc", "amprocfamily"))
    ]
    parts.append(
        "SELECT s.oid, 'goes with ' || d.classid || '.' || d.objid || '.' || e.oid || ':' || d.xmin "
        "FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid "
        "AND d.deptype = 'x' LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid "
        "LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid "
        "LEFT JOIN pg_class c ON c.oid = CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE g.tgrelid END "
        "JOIN s ON s.oid = coalesce(c.relnamespace, f.pronamespace)"
    )
    return "\nUNION ALL ".join(parts)


_STATES: Final = f"""
WITH s AS MATERIALIZED (SELECT oid, nspname, xmin FROM pg_namespace WHERE nspname = ANY(%s)), v AS ({_parts()})
SELECT s.nspname, v.versions, v.one, v.other
FROM (SELECT schema, count(*) AS versions, sum(hashtextextended(version, 0)) AS one,
             sum(hashtextextended(version, 1)) AS other FROM v GROUP BY schema) v
JOIN s ON s.oid = v.schema
""".encode()  # noqa: S608 -- constants above
"""Sums of two hashes that are not akin need no order: to sort a million texts would take as long as all the rest."""


def states(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, str]:
    """Return the state of each of `schemas` in the connection's snapshot, in their order; one that is not there lacks.

    Two equal states of one schema mean that nothing of its shape was changed, and no table truncated or rewritten,
    between their snapshots. States of different schemas, or of different servers, say nothing to each other.
    """
    found = {
        str(name): f"{versions:x}.{int(one) % _WORD:016x}.{int(other) % _WORD:016x}"
        for name, versions, one, other in connection.execute(_STATES, [list(schemas)])
    }
    return {schema: found[schema] for schema in schemas if schema in found}
