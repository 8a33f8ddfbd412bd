"""Databases that a drill makes for itself: one for each pack, dropped after it whatever came of it.

They are on the server of `ZARGAR_DRILL_DATABASE_URL`, whose login may create databases and take the role `zargar_owner`
on; that may be the live server, and better another one. A name tells when its database was made, since PostgreSQL does
not; what a killed drill left behind is known by that, and by nobody being connected to it.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from zargar.backups import extensions
from zargar.backups.facts import Extension
from zargar.refusals import RefusedError

OWNER: Final = "zargar_owner"
PREFIX: Final = "zargar_drill_"
OLD: Final = timedelta(hours=2)
"""A task ends after half an hour; by then no drill is between making its database and connecting to it."""

_NAME: Final = re.compile(rf"{PREFIX}(\d{{10,12}})_[0-9a-f]{{12}}")
_ABANDONED: Final = """
SELECT datname FROM pg_catalog.pg_database d
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) ORDER BY 1
"""


class CannotDrillError(RefusedError):
    """The drills' server does not let its login make what any drill needs: nothing is proven."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What schemas may lean on beside themselves: roles of the live database, and (extension, schema) pairs."""

    roles: tuple[str, ...]
    extensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DrillServer:
    """Where scratch databases are made. `url` is libpq's; `clock` returns aware UTC."""

    url: str = field(repr=False)
    clock: Callable[[], datetime]
    surroundings: Surroundings = Surroundings((), ())

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        """Open a session in autocommit, on the URL's own database or on another. Raises `psycopg.OperationalError`."""
        where = self.url if database is None else make_conninfo(self.url, dbname=database)
        return psycopg.connect(where, autocommit=True, connect_timeout=5, application_name="zargar drill")

    @contextmanager
    def scratch(self, wanted: Collection[Extension] = ()) -> Iterator[psycopg.Connection[Any]]:
        """Give a session of `zargar_owner` on a new, empty database of its own, which is dropped at the end.

        Missing roles are made on the server (they cannot log in), the extensions `wanted` in the database. Raises
        `CannotDrillError` where every drill is refused, `zargar.backups.extensions.MissingExtensionError` where this
        one is; what the block meets is its own.
        """
        name = name_at(self.clock(), secrets.token_hex(6))
        with self.connect() as server:
            try:
                with _refused(), ExitStack() as opened:
                    self._make(server, name)
                    session = opened.enter_context(closing(self.connect(name)))
                    session.execute(SQL("SET ROLE {}").format(Identifier(OWNER)))
                    kept = opened.pop_all()
                with kept:
                    extend(session, wanted)
                    yield session
            finally:
                drop(server, name)

    def answers(self) -> bool:
        """Say whether the server takes a session now: what has failed was then one pack's doing, not its absence."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def sweep(self) -> tuple[str, ...]:
        """Drop what killed drills left on the server; return the names."""
        with self.connect() as server:
            idle = [str(name) for (name,) in server.execute(_ABANDONED)]
            gone = abandoned(idle, now=self.clock())
            for name in gone:
                drop(server, name)
            return gone

    def _make(self, server: psycopg.Connection[Any], name: str) -> None:
        known = {str(role) for (role,) in server.execute("SELECT rolname FROM pg_catalog.pg_roles")}
        for role in {OWNER, *self.surroundings.roles} - known:
            server.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(role)))
        statement = SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY wal_log")
        server.execute(statement.format(Identifier(name), Identifier(OWNER)))
        server.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))


def extend(session: psycopg.Connection[Any], wanted: Collection[Extension]) -> None:
    """Make extensions as the drills' login, which may do more than the owner. Raises `MissingExtensionError`."""
    if wanted:
        session.execute("RESET ROLE")
        extensions.make(session, wanted, owner=OWNER)
        session.execute(SQL("SET ROLE {}").format(Identifier(OWNER)))


@contextmanager
def _refused() -> Iterator[None]:
    """Raise `CannotDrillError` in the place of a right that the login lacks."""
    try:
        yield
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as refused:
        message = f"the drills' server refused: {refused.diag.message_primary}"
        raise CannotDrillError(message) from refused


def name_at(moment: datetime, chance: str) -> str:
    """Return the name of a scratch database: when it was made, and 12 hexadecimal digits."""
    return f"{PREFIX}{int(moment.timestamp()):010}_{chance}"


def abandoned(names: Iterable[str], *, now: datetime) -> tuple[str, ...]:
    """Choose the scratch databases that are older than `OLD`; whatever is called otherwise is nobody's to drop."""
    read = ((name, _NAME.fullmatch(name)) for name in names)
    return tuple(name for name, made in read if made and datetime.fromtimestamp(int(made[1]), UTC) < now - OLD)


def drop(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a scratch database with whoever is on it; refuse any other name."""
    if _NAME.fullmatch(name) is None:
        message = f"{name} is no scratch database of a drill"
        raise ValueError(message)
    server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
