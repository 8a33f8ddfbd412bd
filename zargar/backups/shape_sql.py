"""What makes up the shape of a schema, kind by kind: the fields of a line and where they come from.

The fields are SQL over the row `s` of pg_namespace and the tables that the source joins to it; `fingerprint` puts them
together and evaluates them with the schema as search path.
"""

# ruff: noqa: S608 -- all SQL here is put together out of this module's constants

from typing import Final


def _rights(acl: str, kind: str, owner: str) -> str:
    """Rights as sorted text, spelled out where they are the default; `kind` is a letter of `acldefault`."""
    given = f"coalesce({acl}, acldefault('{kind}', {owner}))"
    return f'ARRAY(SELECT g::text FROM unnest({given}) g ORDER BY g::text COLLATE "C")'


def role(oid: str) -> str:
    """Return the name of a role."""
    return f"pg_get_userbyid({oid})"


def comment(catalogue: str, oid: str) -> str:
    """Return the comment of an object that has no parts, as a query of its own."""
    return (
        f"(SELECT d.description FROM pg_description d WHERE d.classoid = '{catalogue}'::regclass AND d.objoid = {oid}"
        " AND d.objsubid = 0)"
    )


def _comments(catalogue: str, oid: str, part: str = "0") -> str:
    """Joins comments as `remark`, where there are many rows: `obj_description` is a query for each of them."""
    return (
        f"LEFT JOIN pg_description remark ON remark.classoid = '{catalogue}'::regclass AND remark.objoid = {oid} "
        f"AND remark.objsubid = {part}"
    )


def own(catalogue: str, oid: str) -> str:
    """Say whether an object is not a member of an extension: pg_dump leaves members to CREATE EXTENSION."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = '{catalogue}'::regclass AND m.objid = {oid} "
        "AND m.deptype = 'e')"
    )


_SCHEMA: Final = (
    f"""'schema', {role("s.nspowner")}, {_rights("s.nspacl", "n", "s.nspowner")},
    {comment("pg_namespace", "s.oid")}""",
    "",
)
_RELATION: Final = (
    f"""'relation', c.relname, c.relkind, c.relpersistence, c.relreplident, c.relrowsecurity, c.relforcerowsecurity,
    c.reloptions, c.relispopulated, {role("c.relowner")},
    CASE c.relkind WHEN 'S' THEN {_rights("c.relacl", "s", "c.relowner")}
                   ELSE {_rights("c.relacl", "r", "c.relowner")} END,
    remark.description,
    CASE WHEN c.reltablespace <> 0 THEN (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace) END,
    CASE WHEN c.relam <> 0 THEN (SELECT a.amname FROM pg_am a WHERE a.oid = c.relam) END,
    CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
    CASE WHEN c.relkind IN ('r', 'p', 'f')
         THEN ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid
                    ORDER BY i.inhseqno) END,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END,
    CASE WHEN c.reltoastrelid <> 0 THEN (SELECT o.reloptions FROM pg_class o WHERE o.oid = c.reltoastrelid) END,
    CASE WHEN c.relkind = 'f' THEN (SELECT row(f.srvname, t.ftoptions)::text FROM pg_foreign_table t
         JOIN pg_foreign_server f ON f.oid = t.ftserver WHERE t.ftrelid = c.oid) END""",
    f"""JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    {_comments("pg_class", "c.oid")}""",
)
_COLUMN: Final = (
    """'column', c.relname, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), a.attname,
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
    pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
    a.attstorage, a.attcompression, coalesce(a.attstattarget, -1), a.attoptions, a.attfdwoptions, a.attislocal,
    a.attinhcount, CASE WHEN a.attacl IS NOT NULL
        THEN ARRAY(SELECT g::text FROM unnest(a.attacl) g ORDER BY g::text COLLATE "C") END,
    remark.description""",
    f"""JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    {_comments("pg_class", "a.attrelid", "a.attnum")}""",
)
_CONSTRAINT: Final = (
    """'constraint', c.relname, t.typname, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated,
    k.conislocal, k.coninhcount, remark.description""",
    f"""JOIN pg_constraint k ON k.connamespace = s.oid LEFT JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_type t ON t.oid = k.contypid {_comments("pg_constraint", "k.oid")}
    LEFT JOIN pg_attribute a ON k.contype = 'n' AND a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE (k.contype = 'n' AND k.conname::text = c.relname || '_' || a.attname || '_not_null' AND k.convalidated
           AND k.conislocal AND k.coninhcount = 0 AND NOT k.connoinherit AND remark.description IS NULL) IS NOT TRUE""",
)
_INDEX: Final = (
    """'index', o.relname, c.relname, pg_get_indexdef(c.oid, 0, true), i.indisvalid, i.indisclustered, i.indisreplident,
    i.indisprimary, i.indimmediate,
    CASE WHEN c.reltablespace <> 0 THEN (SELECT p.spcname FROM pg_tablespace p WHERE p.oid = c.reltablespace) END,
    CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(SELECT a.attnum || '=' || a.attstattarget FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attstattarget >= 0 ORDER BY a.attnum) END,
    (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = c.oid),
    remark.description""",
    f"""JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('i', 'I') JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_class o ON o.oid = i.indrelid {_comments("pg_class", "c.oid")}""",
)
_SEQUENCE: Final = (
    """'sequence', c.relname, CASE WHEN d.deptype IS DISTINCT FROM 'i' THEN format_type(q.seqtypid, NULL) END,
    q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle, d.deptype, o.relname, a.attname""",
    """JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = c.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    LEFT JOIN pg_class o ON o.oid = d.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid""",
)
_TRIGGER: Final = (
    f"""'trigger', c.relname, g.tgname, pg_get_triggerdef(g.oid, true), g.tgenabled, g.tgparentid <> 0,
    {comment("pg_trigger", "g.oid")}""",
    "JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal",
)
_RULE: Final = (
    f"""'rule', c.relname, w.rulename, pg_get_ruledef(w.oid, true), w.ev_enabled,
    {comment("pg_rewrite", "w.oid")}""",
    """JOIN pg_class c ON c.relnamespace = s.oid
    JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'""",
)
_POLICY: Final = (
    f"""'policy', c.relname, p.polname, p.polcmd, p.polpermissive,
    ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r ORDER BY 1),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), {comment("pg_policy", "p.oid")}""",
    "JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_policy p ON p.polrelid = c.oid",
)
_FUNCTION: Final = (
    f"""'function', f.proname, f.prokind, pg_get_function_arguments(f.oid), pg_get_function_result(f.oid), l.lanname,
    f.prosrc, f.probin, pg_get_function_sqlbody(f.oid), f.provolatile, f.proisstrict, f.prosecdef, f.proleakproof,
    f.proparallel, f.procost, f.prorows, f.proconfig, f.prosupport::regproc::text,
    (SELECT (to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop')::text
            || format_type(a.aggtranstype, NULL) || a.aggsortop::regoper::text
       FROM pg_aggregate a WHERE a.aggfnoid = f.oid),
    {role("f.proowner")}, {_rights("f.proacl", "f", "f.proowner")}, {comment("pg_proc", "f.oid")}""",
    f"""JOIN pg_proc f ON f.pronamespace = s.oid AND {own("pg_proc", "f.oid")}
    JOIN pg_language l ON l.oid = f.prolang""",
)
_TYPE: Final = (
    f"""'type', t.typname, t.typtype, CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    t.typnotnull, pg_get_expr(t.typdefaultbin, 0), t.typdefault,
    CASE WHEN t.typcollation <> 0 THEN t.typcollation::regcollation::text END,
    CASE t.typtype WHEN 'e' THEN ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid
                                       ORDER BY e.enumsortorder) END,
    (SELECT row(format_type(r.rngsubtype, NULL), r.rngcollation::regcollation, r.rngcanonical, r.rngsubdiff)::text
       FROM pg_range r WHERE r.rngtypid = t.oid),
    {role("t.typowner")}, {_rights("t.typacl", "T", "t.typowner")}, {comment("pg_type", "t.oid")}""",
    f"""JOIN pg_type t ON t.typnamespace = s.oid AND {own("pg_type", "t.oid")}
    AND t.typtype IN ('b', 'd', 'e', 'r', 'c')
    AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
    AND NOT EXISTS (SELECT FROM pg_type b WHERE b.typarray = t.oid)""",
)
_STATISTICS: Final = (
    f"""'statistics', x.stxname, c.relname, x.stxkind, pg_get_statisticsobjdef_columns(x.oid),
    coalesce(x.stxstattarget, -1), {role("x.stxowner")}, {comment("pg_statistic_ext", "x.oid")}""",
    "JOIN pg_statistic_ext x ON x.stxnamespace = s.oid JOIN pg_class c ON c.oid = x.stxrelid",
)
_DEFAULT_RIGHTS: Final = (
    f"""'default rights', {role("d.defaclrole")}, d.defaclobjtype,
    ARRAY(SELECT g::text FROM unnest(d.defaclacl) g ORDER BY g::text COLLATE "C")""",
    "JOIN pg_default_acl d ON d.defaclnamespace = s.oid",
)
_OPERATOR: Final = (
    f"""'operator', o.oprname, format_type(o.oprleft, NULL), format_type(o.oprright, NULL), o.oprcode::regproc::text,
    o.oprcom::regoper::text, o.oprnegate::regoper::text, o.oprrest::regproc::text, o.oprjoin::regproc::text,
    o.oprcanmerge, o.oprcanhash, {role("o.oprowner")}, {comment("pg_operator", "o.oid")}""",
    f"JOIN pg_operator o ON o.oprnamespace = s.oid AND {own('pg_operator', 'o.oid')}",
)
_COLLATION: Final = (
    f"""'collation', o.collname, o.collprovider, o.collisdeterministic, o.collencoding, o.collcollate, o.collctype,
    {role("o.collowner")}, {comment("pg_collation", "o.oid")}""",
    "JOIN pg_collation o ON o.collnamespace = s.oid",
)

_DICTIONARY: Final = (
    f"""'dictionary', d.dictname, (SELECT t.tmplname FROM pg_ts_template t
      WHERE t.oid = d.dicttemplate), d.dictinitoption, {role("d.dictowner")}, obj_description(d.oid, 'pg_ts_dict')""",
    f"JOIN pg_ts_dict d ON d.dictnamespace = s.oid AND {own('pg_ts_dict', 'd.oid')}",
)
_SEARCH: Final = (
    f"""'search', g.cfgname, (SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = g.cfgparser),
    ARRAY(SELECT m.maptokentype || ' ' || m.mapseqno || ' ' || m.mapdict::regdictionary FROM pg_ts_config_map m
          WHERE m.mapcfg = g.oid ORDER BY m.maptokentype, m.mapseqno),
    {role("g.cfgowner")}, obj_description(g.oid, 'pg_ts_config')""",
    f"JOIN pg_ts_config g ON g.cfgnamespace = s.oid AND {own('pg_ts_config', 'g.oid')}",
)

LINES: Final = (
    _SCHEMA, _RELATION, _COLUMN, _CONSTRAINT, _INDEX, _SEQUENCE, _TRIGGER, _RULE, _POLICY, _FUNCTION, _TYPE,
    _STATISTICS, _DEFAULT_RIGHTS, _OPERATOR, _COLLATION, _DICTIONARY, _SEARCH,
)  # fmt: skip
"""The kinds that shops have; `rare_shape_sql` has the others. The type of an identity column's sequence is left out:
pg_dump does not keep it where `LIKE` made it another than the column's (its bounds are kept). A NOT NULL constraint
that is just what the column's NOT NULL makes (PostgreSQL 18 has a row for it) is in the column's line alone."""
