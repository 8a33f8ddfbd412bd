"""The roles of a server as SQL that may be replayed where some are there: attributes, settings, members, comments.

Written from the catalogue (`pg_roles`, which the owner may read), without a password: a restored login has none until
it is given one. pg_dumpall is not used for it, since its text fails at the first role that is there already, as on
every server one is. Settings for one database alone and who granted a membership are not kept.

    psql -X -1 -v ON_ERROR_STOP=1 -f roles.sql postgres        as a superuser
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from zargar.backups.files import FilesReading, given

PACK: Final = "roles"
FILE: Final = "roles.sql"

_ROLES: Final = """
SELECT r.rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       rolconnlimit, rolvaliduntil::text, pg_catalog.shobj_description(r.oid, 'pg_authid'),
       (SELECT setconfig FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0)
FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname COLLATE "C"
"""
_MEMBERS: Final = """
SELECT DISTINCT g.rolname::text, b.rolname::text, m.admin_option,
       coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, b.rolinherit) = b.rolinherit,
       (to_jsonb(m) ->> 'inherit_option')::boolean, coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
JOIN pg_catalog.pg_roles b ON b.oid = m.member WHERE b.rolname !~ '^pg_' ORDER BY 1, 2, 3, 5, 6
"""
_ATTRIBUTES: Final = ("SUPERUSER", "INHERIT", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS")
_LISTS: Final = frozenset(
    {"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
     "temp_tablespaces", "unix_socket_directories"}
)  # fmt: skip
"""Settings that PostgreSQL keeps as a list of quoted names (`GUC_LIST_QUOTE`)."""


@dataclass(frozen=True, slots=True)
class RolesSource:
    """The roles as a pack."""

    name: str = PACK

    @property
    def heavy(self) -> bool:
        """Roles are read at once."""
        return False

    def reading(self, connect: Callable[[], psycopg.Connection[Any]]) -> FilesReading:
        """Ask the server for its roles. Raises what psycopg raises."""
        with connect() as connection:
            return given(PACK, FILE, script(connection))


def script(connection: psycopg.Connection[Any]) -> bytes:
    """Write the roles of the connection's server, in one query's snapshot each, sorted: one statement a line."""
    connection.execute("SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'")
    roles = connection.execute(_ROLES).fetchall()
    members = connection.execute(_MEMBERS).fetchall()
    created = [_created(str(role[0])) for role in roles]
    described = [statement for role in roles for statement in _described(*role)]
    granted = [_granted(*member) for member in members]
    lines = [statement.as_string(connection) for statement in [*created, *described, *granted]]
    return "".join(f"{line};\n" for line in lines).encode()


def missing_after_replay(connection: psycopg.Connection[Any], text: bytes) -> tuple[str, ...]:
    """Replay a script inside a transaction, and return those of its lines that the server would not write itself.

    Everything is rolled back. The login must be a superuser where a role is one. Raises psycopg's errors.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(text, prepare=False)
        found = set(script(connection).splitlines())
    return tuple(line.decode() for line in text.splitlines() if line not in found)


def _created(role: str) -> Composed:
    body = SQL(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN CREATE ROLE {}; END IF; END"
    )
    return SQL("DO {}").format(Literal(body.format(Literal(role), Identifier(role)).as_string(None)))


def _described(role: str, *rest: Any) -> Iterator[Composed]:  # noqa: ANN401 -- the columns of `_ROLES`
    *attributes, limit, until, comment, settings = rest
    words = [word if has else f"NO{word}" for word, has in zip(_ATTRIBUTES, attributes, strict=True)]
    lasting = SQL(" VALID UNTIL {}").format(Literal(until)) if until else SQL("")
    yield SQL("ALTER ROLE {} WITH {} CONNECTION LIMIT {}{}").format(
        Identifier(role), SQL(" ").join(map(SQL, words)), Literal(limit), lasting
    )
    yield SQL("ALTER ROLE {} RESET ALL").format(Identifier(role))
    for setting in sorted(settings or ()):
        name, _, value = str(setting).partition("=")
        values = names(value) if name in _LISTS else [value]
        yield SQL("ALTER ROLE {} SET {} TO {}").format(
            Identifier(role), Identifier(*name.split(".")), SQL(", ").join(map(Literal, values))
        )
    yield SQL("COMMENT ON ROLE {} IS {}").format(Identifier(role), Literal(comment))


def _granted(group: str, member: str, *rest: Any) -> Composed:  # noqa: ANN401 -- the columns of `_MEMBERS`
    """Write a membership; what servers before 16 do not know only where it is not what they do."""
    admin, usual, inherit, may_set = rest
    options: Sequence[str] = ["ADMIN OPTION"] if admin else []
    if not (usual and may_set):
        told = {True: "TRUE", False: "FALSE", None: "TRUE"}
        options = [f"ADMIN {told[admin]}", f"INHERIT {told[inherit]}", f"SET {told[may_set]}"]
    grant = SQL("GRANT {} TO {}").format(Identifier(group), Identifier(member))
    return SQL("{} WITH {}").format(grant, SQL(", ".join(options))) if options else grant


def names(text: str) -> list[str]:
    """Split a list of names as PostgreSQL keeps it: `"$user", public`, a quote in a name doubled."""
    found, rest = [], text.strip()
    while rest:
        if rest.startswith('"'):
            end = _closing(rest)
            found.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :]
        else:
            name, comma, rest = rest.partition(",")
            found.append(name.strip())
            rest = comma + rest
        rest = rest.strip().removeprefix(",").strip()
    return found or [""]


def _closing(text: str) -> int:
    """Where the quote ends that begins a text; its end where it never does."""
    at = 1
    while at < len(text):
        if text[at] == '"':
            if text[at : at + 2] != '""':
                return at
            at += 1
        at += 1
    return at
