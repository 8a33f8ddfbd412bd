"""The databases of the tests: one PostgreSQL a session, one migrated template, a copy of it for each test.

Tests are kept apart by copies, not by transactions or TRUNCATE: what a test commits in threads, workers and
subprocesses is as real as in production, and goes with its database.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from psycopg.sql import SQL, Identifier

from zargar.embedded import databases
from zargar.embedded.databases import Passwords
from zargar.embedded.settle import as_owner
from zargar.settings.environment import database as django_entry
from zargar.shops import schemas
from zargar.shops.models import Shop, State

TEMPLATE = "zargar_template"
TEMPLATE_SHOP = "shop_of_the_template"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server as its administrator sees it, with the two roles' passwords of this session."""

    admin_url: str = field(repr=False)
    passwords: Passwords = field(
        default_factory=lambda: Passwords(owner=secrets.token_urlsafe(24), app=secrets.token_urlsafe(24))
    )

    @contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        """A superuser's connection to the database `postgres`, in autocommit."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            yield admin

    def migrated(self, name: str) -> databases.Database:
        """Make a database and migrate its shared schema through the owner's role, in a process of its own."""
        self.drop(name)
        made = databases.prepare(self.admin_url, name=name, passwords=self.passwords)
        as_owner({**os.environ, **made.env})
        return made

    def copy(self, template: str, name: str) -> databases.Database:
        """Make database `name` as a copy of `template`, for the same two roles."""
        with self.admin() as admin:
            statement = SQL("CREATE DATABASE {} TEMPLATE {} OWNER zargar_owner STRATEGY file_copy")
            admin.execute(statement.format(Identifier(name), Identifier(template)))
            databases.close_to_others(admin, name)
        return databases.at(self.admin_url, name=name, passwords=self.passwords)

    def drop(self, name: str) -> None:
        """Drop a database, ending the sessions that it still has."""
        with self.admin() as admin:
            admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


@dataclass(frozen=True)
class ScratchDatabase:
    """The database of one test. Django's connection of every thread is its `zargar_app`; `env` is for subprocesses."""

    name: str
    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    env: dict[str, str] = field(repr=False)

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """A connection as `zargar_owner`, in autocommit: what migrations and shop creation may do."""
        with psycopg.connect(self.owner_url, autocommit=True) as owner:
            yield owner

    @contextmanager
    def app(self) -> Iterator[psycopg.Connection]:
        """A connection as `zargar_app`, in autocommit, beside Django's own: another session's view."""
        with psycopg.connect(self.app_url, autocommit=True) as app:
            yield app


@contextmanager
def django_uses(url: str) -> Iterator[None]:
    """Point Django's default connection at `url`, in this thread and in every thread that opens one meanwhile."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(django_entry(url))
    _forget()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        _forget()


def create_template_shop() -> None:
    """Make the one shop that every test finds. Django's connection must be the owner's."""
    schemas.create_schema(TEMPLATE_SHOP)
    Shop.objects.create(schema_name=TEMPLATE_SHOP, name="طلای نمونه", state=State.ACTIVE)


def _forget() -> None:
    """Drop what Django remembers of the database before: the tenant of the connection, the ids of content types."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # django-tenants' wrapper
    ContentType.objects.clear_cache()


def private_folder(parent: Path) -> Path:
    """Make a folder that only we can enter, as a data folder is; the cluster's account cannot."""
    folder = parent / "data"
    folder.mkdir(mode=0o700)
    return folder
