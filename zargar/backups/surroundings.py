"""What lies outside of the shops' schemas and may be named in their DDL: whether any of it changed, by one digest.

A schema's state (`changes`) says that nothing *of it* changed. Its DDL also names roles, types and functions of other
schemas, extensions, tablespaces; PostgreSQL keeps their numbers, so that a role renamed is another text of the same
rows. What a shop's DDL names of another shop is not looked at: shops share nothing. Default rights are told by what
they are: each restore takes them back for its while, and gives them again (`restore`).
"""

import hashlib
from collections.abc import Collection
from typing import Any, Final

import psycopg

from zargar.backups import changes, fingerprint

_NAMES: Final = """
SELECT 'server ' || system_identifier || ' ' || current_setting('server_version_num')
       || ' ' || current_setting('quote_all_identifiers') FROM pg_control_system()
UNION ALL SELECT 'database ' || oid FROM pg_database WHERE datname = current_database()
UNION ALL SELECT 'role ' || oid || ' ' || rolname FROM pg_roles
UNION ALL SELECT 'tablespace ' || oid || ' ' || spcname FROM pg_tablespace
UNION ALL SELECT 'access method ' || oid || ' ' || amname FROM pg_am
UNION ALL SELECT 'language ' || oid || ' ' || lanname FROM pg_language
UNION ALL SELECT 'foreign server ' || oid || ' ' || srvname FROM pg_foreign_server
UNION ALL SELECT 'extension ' || oid || ' ' || extname || ' ' || extversion || ' ' || extnamespace FROM pg_extension
UNION ALL SELECT 'default rights ' || defaclrole || ' ' || defaclobjtype::text || ' '
       || (SELECT coalesce(string_agg(one::text, ' ' ORDER BY one::text), '') FROM unnest(defaclacl) one)
    FROM pg_default_acl WHERE defaclnamespace = 0
"""
_OTHERS: Final = """
SELECT nspname FROM pg_namespace
WHERE nspname <> ALL(%s) AND nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


def digest(connection: psycopg.Connection[Any], shops: Collection[str]) -> str:
    """Return what is around the schemas `shops` now, as SHA-256 in hexadecimal: of names, and of other schemas' states.

    Another definition of shapes is another digest: what was written down under one says nothing under another.
    """
    others = [str(name) for (name,) in connection.execute(_OTHERS, [list(shops)])]
    lines = [str(line) for (line,) in connection.execute(_NAMES.encode())]
    lines += [f"schema {name} {state}" for name, state in changes.states(connection, others).items()]
    return hashlib.sha256("\n".join([fingerprint.DEFINITION, *sorted(lines)]).encode()).hexdigest()
