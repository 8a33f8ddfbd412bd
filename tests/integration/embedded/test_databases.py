"""The two roles: what the owner may do, and what the app may not."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier, Literal

from tests.support.databases import Server, private_folder
from zargar.embedded import databases
from zargar.embedded.databases import Database
from zargar.embedded.errors import CannotTakeRolesError, CannotUseDatabaseError
from zargar.embedded.postgres import Postgres


@pytest.fixture
def empty(postgres: Server) -> Iterator[Database]:
    """A database with its two roles and nothing in it."""
    name = f"zargar_roles_{secrets.token_hex(4)}"
    yield databases.prepare(postgres.admin_url, name=name, passwords=postgres.passwords)
    postgres.drop(name)


def test_the_app_reads_and_writes_what_the_owner_makes_later_in_any_schema(empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("CREATE SCHEMA shop_0001")
        owner.execute("CREATE TABLE shop_0001.piece (id bigserial PRIMARY KEY, grams numeric)")
    with psycopg.connect(empty.app_url) as app:
        app.execute("INSERT INTO shop_0001.piece (grams) VALUES (2.304)")
        app.execute("UPDATE shop_0001.piece SET grams = 4.608")
        assert app.execute("SELECT id, grams::text FROM shop_0001.piece").fetchall() == [(1, "4.608")]
        app.execute("DELETE FROM shop_0001.piece")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE zargar_owner",
    ],
)
def test_the_app_makes_nothing_and_becomes_nobody_else(empty: Database, statement: str) -> None:
    with psycopg.connect(empty.app_url, autocommit=True) as app, pytest.raises(InsufficientPrivilege):
        app.execute(statement.encode())


def test_the_app_cannot_alter_truncate_or_drop_what_it_works_on(empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("CREATE TABLE piece (id int)")
    with psycopg.connect(empty.app_url, autocommit=True) as app:
        for statement in (b"ALTER TABLE piece ADD extra int", b"TRUNCATE piece", b"DROP TABLE piece"):
            with pytest.raises(InsufficientPrivilege):
                app.execute(statement)


def test_neither_role_is_more_than_it_must_be(empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        rows = owner.execute(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls "
            "FROM pg_roles WHERE rolname LIKE 'zargar%'"
        ).fetchall()
    assert rows == [(False,), (False,)]


def test_preparing_again_changes_nothing_and_keeps_the_rows(postgres: Server, empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("CREATE TABLE piece AS SELECT 1 AS id")
    again = databases.prepare(postgres.admin_url, name=empty.name, passwords=postgres.passwords)
    assert again == empty
    with psycopg.connect(again.app_url) as app:
        assert app.execute("SELECT id FROM piece").fetchall() == [(1,)]


def test_passwords_are_in_no_repr(empty: Database, postgres: Server) -> None:
    shown = repr(empty) + repr(postgres) + repr(postgres.passwords)
    assert postgres.passwords.app not in shown
    assert postgres.passwords.owner not in shown


# -- a server that belongs to somebody -----------------------------------------------------------------------------


class Somebody:
    """A login of an administrator's making on the tests' server, with a database of its own."""

    def __init__(self, server: Server) -> None:
        self.name = f"somebody_{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(12)
        self.server = server

    def url(self) -> str:
        place = urlsplit(self.server.admin_url).netloc.rpartition("@")[2]
        return f"postgresql://{self.name}:{self.password}@{place}/{self.name}?application_name=lent"

    def make(self, attributes: LiteralString, *, owns: bool = True) -> str:
        with self.server.admin() as admin:
            login = SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
            admin.execute(login.format(Identifier(self.name), SQL(attributes), Literal(self.password)))
            admin.execute(SQL("CREATE DATABASE {}").format(Identifier(self.name)))
            if owns:
                admin.execute(SQL("ALTER DATABASE {0} OWNER TO {0}").format(Identifier(self.name)))
        return self.url()

    def remove(self) -> None:
        self.server.drop(self.name)
        with self.server.admin() as admin:
            admin.execute(SQL("DROP OWNED BY {}").format(Identifier(self.name)))
            admin.execute(SQL("DROP ROLE {}").format(Identifier(self.name)))


@pytest.fixture
def somebody(postgres: Server) -> Iterator[Somebody]:
    made = Somebody(postgres)
    yield made
    made.remove()


def current_user(url: str) -> tuple[object, ...] | None:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT session_user::text, current_user::text").fetchone()


def test_a_borrowed_server_is_used_by_the_login_it_lends_us_as_each_role(somebody: Somebody) -> None:
    url = somebody.make("SUPERUSER")
    lent = databases.borrow(url)
    assert current_user(lent.app_url) == (somebody.name, "zargar_app")
    assert current_user(lent.owner_url) == (somebody.name, "zargar_owner")
    assert "application_name=lent" in lent.app_url
    with psycopg.connect(lent.owner_url) as owner:
        owner.execute("CREATE SCHEMA shop_0001")
        owner.execute("CREATE TABLE shop_0001.piece (id int)")
    with psycopg.connect(lent.app_url) as app:
        assert app.execute("SELECT count(*) FROM shop_0001.piece").fetchone() == (0,)
        with pytest.raises(InsufficientPrivilege):
            app.execute("CREATE TABLE public.mine (id int)")
    assert databases.borrow(url) == lent


@pytest.mark.usefixtures("empty")
def test_a_login_that_was_given_both_roles_and_owns_its_database_is_enough(
    postgres: Server, somebody: Somebody
) -> None:
    url = somebody.make("NOCREATEROLE")
    with postgres.admin() as admin:
        admin.execute(SQL("GRANT zargar_owner, zargar_app TO {}").format(Identifier(somebody.name)))
    lent = databases.borrow(url)
    assert current_user(lent.app_url) == (somebody.name, "zargar_app")
    with psycopg.connect(lent.owner_url) as owner:
        owner.execute("CREATE SCHEMA shop_0001")


@pytest.mark.usefixtures("empty")
def test_a_login_with_the_roles_on_a_database_of_others_is_told_what_to_ask_for(
    postgres: Server, somebody: Somebody
) -> None:
    url = somebody.make("NOCREATEROLE", owns=False)
    with postgres.admin() as admin:
        admin.execute(SQL("GRANT zargar_owner, zargar_app TO {}").format(Identifier(somebody.name)))
    with pytest.raises(CannotUseDatabaseError, match="GRANT CREATE"):
        databases.borrow(url)


@pytest.mark.usefixtures("empty")
def test_a_login_that_can_neither_make_nor_take_the_roles_is_told_what_to_ask_for(somebody: Somebody) -> None:
    url = somebody.make("NOCREATEROLE")
    with pytest.raises(CannotTakeRolesError, match="GRANT zargar_owner, zargar_app TO"):
        databases.borrow(url)


@pytest.mark.usefixtures("empty")
def test_borrowing_changes_no_password_of_the_server(postgres: Server, somebody: Somebody) -> None:
    verifiers = "SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname"
    url = somebody.make("SUPERUSER")
    with postgres.admin() as admin:
        before = admin.execute(verifiers).fetchall()
        databases.borrow(url)
        assert admin.execute(verifiers).fetchall() == before


def test_on_a_server_without_the_roles_a_login_that_may_create_roles_makes_them(tmp_path: Path) -> None:
    cluster = Postgres(private_folder(tmp_path), durable=False)
    try:
        cluster.start()
        url = Somebody(Server(cluster.url())).make("CREATEROLE")
        lent = databases.borrow(url)
        assert databases.borrow(url) == lent
        with psycopg.connect(lent.owner_url) as owner:
            owner.execute("CREATE SCHEMA shop_0001")
            owner.execute("CREATE TABLE shop_0001.piece AS SELECT 1 AS id")
        with psycopg.connect(lent.app_url) as app:
            assert app.execute("SELECT id FROM shop_0001.piece").fetchone() == (1,)
    finally:
        cluster.destroy()
