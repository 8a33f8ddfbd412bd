"""The database and its two roles, before any migration: `zargar_owner` migrates, `zargar_app` works.

The owner owns the database and what migrations make in it; the app may read and write rows there and make nothing, not
even a temporary table. What the owner makes later is the app's to use by default privileges, so a new shop needs no
grants. The audit takes some of that back in its own migration.

Two situations. On a cluster of our own, `prepare` logs in as the superuser and gives both roles a password. On a server
that belongs to somebody, `borrow` sets and changes no password: both URLs keep the given login, which takes the role on
as it connects (`options=-c role=zargar_app`).
"""

from dataclasses import dataclass, field
from typing import Final, LiteralString
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

from zargar.embedded.errors import CannotTakeRolesError, CannotUseDatabaseError

OWNER: Final = "zargar_owner"
APP: Final = "zargar_app"
ATTRIBUTES: Final = SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")

GRANTS: Final[tuple[LiteralString, ...]] = (
    "ALTER DEFAULT PRIVILEGES FOR ROLE zargar_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO zargar_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE zargar_owner GRANT USAGE, SELECT ON SEQUENCES TO zargar_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE zargar_owner GRANT USAGE ON SCHEMAS TO zargar_app",
)
"""Without IN SCHEMA they hold for schemas that do not exist yet."""


@dataclass(frozen=True)
class Passwords:
    """The two roles' passwords on a cluster of our own; the caller keeps them."""

    owner: str = field(repr=False)
    app: str = field(repr=False)


@dataclass(frozen=True)
class Database:
    """Where one database is, for each role. Both URLs may hold a password."""

    name: str
    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    drills_url: str | None = field(default=None, repr=False)
    """A login of the server that may make databases, for drills; None where none is known."""

    @property
    def env(self) -> dict[str, str]:
        """What a process needs in its environment; ZARGAR_DATABASE_ROLE then picks the role."""
        return {"DATABASE_URL": self.app_url, "DATABASE_OWNER_URL": self.owner_url}


def prepare(admin_url: str, *, name: str, passwords: Passwords) -> Database:
    """Make the roles and the database `name` on a cluster of our own, or bring them in line. Repeatable."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for role, password in ((OWNER, passwords.owner), (APP, passwords.app)):
            _role_with_password(connection, role, password)
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            connection.execute(SQL("CREATE DATABASE {} OWNER zargar_owner").format(Identifier(name)))
        close_to_others(connection, name)
    with psycopg.connect(_at(admin_url, database=name)) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO zargar_owner")
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute("GRANT USAGE ON SCHEMA public TO zargar_app")
        for grant in GRANTS:
            connection.execute(grant)
    return at(admin_url, name=name, passwords=passwords)


def at(admin_url: str, *, name: str, passwords: Passwords) -> Database:
    """Say where database `name` is for the two roles of `prepare`; nothing is asked of the server."""
    return Database(
        name=name,
        app_url=_at(admin_url, login=(APP, passwords.app), database=name),
        owner_url=_at(admin_url, login=(OWNER, passwords.owner), database=name),
    )


def close_to_others(connection: Connection, name: str) -> None:
    """Let only the two roles into database `name`, and none of them make temporary tables there except the owner.

    A database made from a template inherits none of this: whoever copies one calls it for the copy.
    """
    connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))
    connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO zargar_app").format(Identifier(name)))


def borrow(url: str) -> Database:
    """Make the roles on a server that belongs to somebody, and give both URLs with the given login. Repeatable.

    The login must be able to create roles or hold them already, and to grant rights on the database that the URL names.
    Nothing of that database is taken from its owner. Raises `CannotTakeRolesError`, `CannotUseDatabaseError`, and
    `psycopg.OperationalError` when nothing answers there.
    """
    with psycopg.connect(url, connect_timeout=5) as connection:
        for role in (OWNER, APP):
            _role_of_login(connection, role)
        name = connection.info.dbname
        try:
            _grants_on_borrowed(connection, name)
        except psycopg.errors.InsufficientPrivilege as error:
            raise CannotUseDatabaseError from error
    return Database(name, app_url=_at(url, role=APP), owner_url=_at(url, role=OWNER), drills_url=url)


def _role_with_password(connection: Connection, role: str, password: str) -> None:
    """The password leaves this process only as its SCRAM verifier, which a statement log may show."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    verb = SQL("CREATE") if known is None else SQL("ALTER")
    statement = SQL("{} ROLE {} LOGIN {} PASSWORD {}")
    connection.execute(statement.format(verb, Identifier(role), ATTRIBUTES, Literal(verifier)))


def _role_of_login(connection: Connection, role: str) -> None:
    """Make `role` where it is missing, and see that the login may take it on."""
    identifier = Identifier(role)
    try:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(SQL("CREATE ROLE {} NOLOGIN {}").format(identifier, ATTRIBUTES))
            # Since 16 a creator is given its role with ADMIN and without SET; a superuser needs neither.
            connection.execute(SQL("GRANT {} TO CURRENT_USER").format(identifier))
        connection.execute(SQL("SET LOCAL ROLE {}").format(identifier))
        connection.execute("RESET ROLE")
    except psycopg.errors.InsufficientPrivilege as error:
        raise CannotTakeRolesError(role) from error


def _grants_on_borrowed(connection: Connection, name: str) -> None:
    """Give the roles what they lack, and look: PostgreSQL only warns when a grant was not the login's to give."""
    if not _usable(connection):
        connection.execute(SQL("GRANT CREATE, CONNECT ON DATABASE {} TO zargar_owner").format(Identifier(name)))
        connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO zargar_app").format(Identifier(name)))
        connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO zargar_owner WITH GRANT OPTION")
    if not _usable(connection):
        raise CannotUseDatabaseError
    connection.execute("SET LOCAL ROLE zargar_owner")
    connection.execute("GRANT USAGE ON SCHEMA public TO zargar_app")
    for grant in GRANTS:
        connection.execute(grant)
    connection.execute("RESET ROLE")


def _usable(connection: Connection) -> bool:
    query = """
        SELECT has_database_privilege('zargar_owner', current_database(), 'CREATE')
           AND has_database_privilege('zargar_app', current_database(), 'CONNECT')
           AND has_schema_privilege('zargar_owner', 'public', 'CREATE WITH GRANT OPTION')
           AND has_schema_privilege('zargar_owner', 'public', 'USAGE WITH GRANT OPTION')
    """
    row = connection.execute(query).fetchone()
    return row == (True,)


def _at(url: str, *, login: tuple[str, str] | None = None, database: str | None = None, role: str | None = None) -> str:
    """Change parts of a libpq URL and keep the rest."""
    parts = urlsplit(url)
    netloc, path, query = parts.netloc, parts.path, parts.query
    if login is not None:
        credentials = ":".join(quote(part, safe="") for part in login)
        netloc = f"{credentials}@{parts.netloc.rpartition('@')[2]}"
    if database is not None:
        path = f"/{quote(database, safe='')}"
    if role is not None:
        options = {**dict(parse_qsl(query))}
        options["options"] = f"{options.get('options', '')} -c role={role}".strip()
        query = urlencode(options, quote_via=quote)
    return urlunsplit((parts.scheme, netloc, path, query, ""))
