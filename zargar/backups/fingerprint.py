"""The shape of a schema as lines of text that do not hold its name, and their digest: the fingerprint.

Two schemas with one fingerprint are made by the same DDL, so that one dump serves both. Expressions, definitions and
types are written by PostgreSQL with the schema itself as search path: names within it come out bare, all others
qualified. Literals and function bodies are taken as they are: a body that names its own shop makes a fingerprint of
its own, and must, for under another shop's name it would read that shop.

Note [PostgreSQL does not always write what it would read] -----------------------------------------------------------
A condition that was made as `state IN ('open', 'settled')` over a varchar column is written `(ARRAY['open'::character
varying, ...])::text[]`, and that text, read back, is written `ARRAY[('open'::character varying)::text, ...]` ever
after. Every shop that Django made has such conditions. So a shape has two digests: the exact one, by which a dump is
shared, and the canonical one, for which the two spellings are one; that one is the fingerprint that is recorded and
compared.

Each line is the text of a composite value that begins with the kind (NULL is nothing there, '' two quotes). What
pg_dump restores differently from how it was made does not count: holes that dropped columns left, the order of grants,
whether default rights are spelled out, row types.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from zargar.backups import rare_shape_sql, shape_sql

_LITERAL: Final = r"'(?:[^']|'')*'::character varying"
_SPELLINGS: Final = (
    (rf"\(({_LITERAL})\)::text(?!\[)", r"\1"),
    (rf"({_LITERAL})::text(?!\[)", r"\1"),
    (rf"\(ARRAY\[((?:{_LITERAL}(?:, )?)+)\]\)::text\[\]", r"ARRAY[\1]"),
    (rf"ARRAY\[((?:{_LITERAL}(?:, )?)+)\]::text\[\]", r"ARRAY[\1]"),
)
"""The spellings of the note, plain and pretty, and what stands for both; PostgreSQL and Python read them alike."""


def _canonical_sql(line: str) -> str:
    replaced = line
    for pattern, by in _SPELLINGS:
        quoted = pattern.replace("'", "''")
        replaced = f"regexp_replace({replaced}, '{quoted}', '{by}', 'g')"
    return f"CASE WHEN {line} LIKE '%%::character varying%%' THEN {replaced} ELSE {line} END"


def _digest_sql(line: str) -> str:
    ordered = 'l.canonical COLLATE "C", l.line COLLATE "C"'  # one order for both digests: PostgreSQL sorts once
    return f"encode(sha256(convert_to(string_agg({line}, E'\\n' ORDER BY {ordered}), 'UTF8')), 'hex')"


_ALL: Final = "\nUNION ALL\n".join(
    # The search path is set row by row, before the functions of that row are called: CASE promises the order.
    f"SELECT s.oid AS schema, CASE WHEN set_config('search_path', quote_ident(s.nspname), true) <> '' "  # noqa: S608 -- constants of the two modules
    f"THEN ROW({fields})::text END AS line FROM s {source}"
    for fields, source in (*shape_sql.LINES, *rare_shape_sql.LINES)
)
_SHAPE: Final = f"""
WITH s AS MATERIALIZED (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY(%s)),
     e AS MATERIALIZED ({_ALL}),
     l AS MATERIALIZED (SELECT schema, line, {_canonical_sql("line")} AS canonical FROM e)
"""  # noqa: S608 -- constants of the two modules
_SHAPES: Final = f"""{_SHAPE}
SELECT s.nspname, current_setting('server_version_num') || {_digest_sql("l.line")}, {_digest_sql("l.canonical")}
FROM l JOIN s ON s.oid = l.schema GROUP BY s.nspname
""".encode()  # noqa: S608 -- constants of the two modules
_LINES: Final = f'{_SHAPE} SELECT l.canonical FROM l ORDER BY l.canonical COLLATE "C", l.line COLLATE "C"'.encode()  # noqa: S608 -- as above

DEFINITION: Final = hashlib.sha256(_SHAPES).hexdigest()
"""What a shape is made of, as a digest: exact shapes compare under the same one alone."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Two SHA-256 in hexadecimal: `exact` is of the lines as they are, `fingerprint` of the canonical ones.

    `exact` begins with the server's version: pg_dump's text is another's there.
    """

    exact: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The shape that a schema was seen to have in a state (`changes.states`)."""

    state: str
    shape: Shape


def shapes(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Shape]:
    """Return the shape of each of `schemas`; one that is not there is left out.

    `pg_get_*` functions read the newest catalogue: ask between two equal `changes.states`.
    """
    found = connection.execute(_SHAPES, [list(schemas)])
    return {str(name): Shape(str(exact), str(canonical)) for name, exact, canonical in found}


def lines(connection: psycopg.Connection[Any], schema: str) -> tuple[str, ...]:
    """Return the canonical lines, sorted: their SHA-256, joined by line feeds, is the fingerprint."""
    return tuple(str(line) for (line,) in connection.execute(_LINES, [[schema]]))


def canonical(text: str) -> str:
    """Write a text of DDL or a line with the canonical spelling of the note."""
    for pattern, by in _SPELLINGS:
        text = re.sub(pattern, by, text)
    return text
