"""What a schema can own beside what shops have (`shape_sql`), kind by kind.

Classes and families of operators, conversions, text search parsers and templates, base types, and the seldom clauses of
ranges, collations, aggregates and functions. Fields and sources are as in `shape_sql`. There is a line only where there
is such an object, or where such a clause is not what it is by default. So the fingerprints of all other shops are what
earlier versions have recorded of them.

Casts, transforms, languages, event triggers and publications belong to the database and to no schema: pg_dump leaves
them out of the dump of one, and so do shapes (docs/backup-format.md, "What is not in a pack").
"""

# ruff: noqa: S608 -- all SQL here is put together out of this module's constants

from typing import Final

from zargar.backups.shape_sql import comment, own, role


def _named(schema: str, name: str) -> str:
    """Return a name for which PostgreSQL has no `reg` type: bare within the schema itself, else qualified."""
    return f"CASE WHEN {schema} = s.oid THEN '' ELSE {schema}::regnamespace || '.' END || quote_ident({name})"


def _sorted(query: str) -> str:
    """Return the texts `m` of a query as a sorted array."""
    return f'ARRAY(SELECT m FROM ({query}) members ORDER BY m COLLATE "C")'


def _members(catalogue: str, alias: str, text: str, of: str) -> str:
    """Return the operators or functions of a family, or those that depend on a class (`of`)."""
    return _sorted(f"SELECT {text} AS m FROM {catalogue} {alias} WHERE {of}")


def _of_class(catalogue: str, alias: str) -> str:
    return (
        f"EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalogue}'::regclass AND d.objid = {alias}.oid "
        "AND d.refclassid = 'pg_opclass'::regclass AND d.refobjid = o.oid)"
    )


_AMOP: Final = (
    "concat_ws(' ', a.amopstrategy, a.amoppurpose, a.amoplefttype::regtype, a.amoprighttype::regtype, "
    "a.amopopr::regoperator, "
    f"(SELECT {_named('y.opfnamespace', 'y.opfname')} FROM pg_opfamily y WHERE y.oid = a.amopsortfamily))"
)
_AMPROC: Final = (
    "concat_ws(' ', b.amprocnum, b.amproclefttype::regtype, b.amprocrighttype::regtype, b.amproc::regprocedure)"
)
_CLASS: Final = (
    f"""'operator class', o.opcname, (SELECT m.amname FROM pg_am m WHERE m.oid = o.opcmethod),
    (SELECT {_named("y.opfnamespace", "y.opfname")} FROM pg_opfamily y WHERE y.oid = o.opcfamily),
    format_type(o.opcintype, NULL), o.opcdefault, format_type(nullif(o.opckeytype, 0), NULL),
    {_members("pg_amop", "a", _AMOP, f"a.amopfamily = o.opcfamily AND {_of_class('pg_amop', 'a')}")},
    {_members("pg_amproc", "b", _AMPROC, f"b.amprocfamily = o.opcfamily AND {_of_class('pg_amproc', 'b')}")},
    {role("o.opcowner")}, {comment("pg_opclass", "o.oid")}""",
    f"JOIN pg_opclass o ON o.opcnamespace = s.oid AND {own('pg_opclass', 'o.oid')}",
)
_FAMILY: Final = (
    f"""'operator family', f.opfname, (SELECT m.amname FROM pg_am m WHERE m.oid = f.opfmethod),
    {_members("pg_amop", "a", _AMOP, "a.amopfamily = f.oid")},
    {_members("pg_amproc", "b", _AMPROC, "b.amprocfamily = f.oid")},
    {role("f.opfowner")}, {comment("pg_opfamily", "f.oid")}""",
    f"JOIN pg_opfamily f ON f.opfnamespace = s.oid AND {own('pg_opfamily', 'f.oid')}",
)
_CONVERSION: Final = (
    f"""'conversion', v.conname, pg_encoding_to_char(v.conforencoding), pg_encoding_to_char(v.contoencoding),
    v.conproc::regproc::text, v.condefault, {role("v.conowner")}, {comment("pg_conversion", "v.oid")}""",
    f"JOIN pg_conversion v ON v.connamespace = s.oid AND {own('pg_conversion', 'v.oid')}",
)
_PARSER: Final = (
    f"""'parser', p.prsname, p.prsstart::regproc::text, p.prstoken::regproc::text, p.prsend::regproc::text,
    p.prsheadline::regproc::text, p.prslextype::regproc::text, {comment("pg_ts_parser", "p.oid")}""",
    f"JOIN pg_ts_parser p ON p.prsnamespace = s.oid AND {own('pg_ts_parser', 'p.oid')}",
)
_TEMPLATE: Final = (
    f"""'template', t.tmplname, t.tmplinit::regproc::text, t.tmpllexize::regproc::text,
    {comment("pg_ts_template", "t.oid")}""",
    f"JOIN pg_ts_template t ON t.tmplnamespace = s.oid AND {own('pg_ts_template', 't.oid')}",
)
_SEARCH_PARSER: Final = (
    f"'search parser', g.cfgname, {_named('p.prsnamespace', 'p.prsname')}",
    """JOIN pg_ts_config g ON g.cfgnamespace = s.oid JOIN pg_ts_parser p ON p.oid = g.cfgparser
    AND p.prsnamespace <> 'pg_catalog'::regnamespace""",
)
_DICTIONARY_TEMPLATE: Final = (
    f"'dictionary template', d.dictname, {_named('t.tmplnamespace', 't.tmplname')}",
    """JOIN pg_ts_dict d ON d.dictnamespace = s.oid JOIN pg_ts_template t ON t.oid = d.dicttemplate
    AND t.tmplnamespace <> 'pg_catalog'::regnamespace""",
)
_BASE_TYPE: Final = (
    """'base type', t.typname, t.typlen, t.typbyval, t.typcategory, t.typispreferred, t.typdelim, t.typalign,
    t.typstorage, format_type(nullif(t.typelem, 0), NULL), t.typinput::regproc::text, t.typoutput::regproc::text,
    t.typreceive::regproc::text, t.typsend::regproc::text, t.typmodin::regproc::text, t.typmodout::regproc::text,
    t.typanalyze::regproc::text, t.typsubscript::regproc::text""",
    f"""JOIN pg_type t ON t.typnamespace = s.oid AND t.typtype = 'b' AND {own("pg_type", "t.oid")}
    AND NOT EXISTS (SELECT FROM pg_type b WHERE b.typarray = t.oid)""",
)
_RANGE: Final = (
    f"""'range', x.typname, CASE WHEN x.named <> x.usual THEN x.named END,
    CASE WHEN NOT x.opcdefault THEN {_named("x.opcnamespace", "x.opcname")} END""",
    """JOIN (SELECT t.typnamespace, t.typname, m.typname AS named, c.opcdefault, c.opcnamespace, c.opcname,
          CASE WHEN t.typname LIKE '%%range%%' THEN regexp_replace(t.typname, 'range', 'multirange')
               ELSE left(t.typname, 52) || '_multirange' END AS usual
        FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type m ON m.oid = r.rngmultitypid
        JOIN pg_opclass c ON c.oid = r.rngsubopc) x ON x.typnamespace = s.oid
    AND (x.named <> x.usual OR NOT x.opcdefault)""",
)
_COLLATION: Final = (
    """'collation of a provider', o.collname, (to_jsonb(o) - 'oid' - 'collname' - 'collnamespace' - 'collowner'
    - 'collversion')::text""",
    "JOIN pg_collation o ON o.collnamespace = s.oid AND o.collprovider <> 'c'",
)
_MOVING: Final = (
    "'moving aggregate', f.proname, pg_get_function_arguments(f.oid), format_type(a.aggmtranstype, NULL)",
    """JOIN pg_proc f ON f.pronamespace = s.oid AND f.prokind = 'a' JOIN pg_aggregate a ON a.aggfnoid = f.oid
    AND a.aggmtranstype <> 0""",
)
_TRANSFORMED: Final = (
    """'function of transforms', f.proname, pg_get_function_arguments(f.oid),
    ARRAY(SELECT format_type(x, NULL) FROM unnest(f.protrftypes) WITH ORDINALITY t(x, n) ORDER BY n)""",
    "JOIN pg_proc f ON f.pronamespace = s.oid AND f.protrftypes IS NOT NULL",
)
_LEANING: Final = (
    """'goes with an extension', x.extname, x.relname, x.tgname, x.proname, pg_get_function_arguments(x.function)""",
    """JOIN (SELECT e.extname, c.relname, g.tgname, f.proname, f.oid AS function,
          coalesce(c.relnamespace, f.pronamespace) AS schema
        FROM pg_extension e
        JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x'
        LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
        LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
        LEFT JOIN pg_class c ON c.oid = CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE g.tgrelid END
    ) x ON x.schema = s.oid""",
)

LINES: Final = (
    _CLASS, _FAMILY, _CONVERSION, _PARSER, _TEMPLATE, _SEARCH_PARSER, _DICTIONARY_TEMPLATE, _BASE_TYPE, _RANGE,
    _COLLATION, _MOVING, _TRANSFORMED, _LEANING,
)  # fmt: skip
"""All kinds of them."""
