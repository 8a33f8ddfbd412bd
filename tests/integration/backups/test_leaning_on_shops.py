"""What others have made on a shop's tables neither stays behind with what is put aside nor goes with it unseen."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tests.support.databases import ScratchDatabase, Server, django_uses
from tests.support.packs import Shops
from tests.support.paying import DOMAIN, SHOP, as_before, paid, pay, restored, schemas, taking_payments, undone
from tests.support.restores import desk_of, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import leaning, operations, put_aside
from zargar.backups.leaning import LeanedOnError
from zargar.backups.making import House
from zargar.backups.models import Restore
from zargar.backups.restores import RestoreFailedError
from zargar.backups.retention import Kind
from zargar.shops.models import Shop

MADE = {
    "a view": f"CREATE VIEW public.report AS SELECT count(*) FROM {SHOP}.payments",
    "a materialized view": f"CREATE MATERIALIZED VIEW public.report AS SELECT id FROM {SHOP}.payments",
    "a foreign key": f"CREATE TABLE public.report (payment bigint REFERENCES {SHOP}.payments)",
    "a column's type": f"CREATE TABLE public.report (payment {SHOP}.payments)",
    "a function": f"""CREATE FUNCTION public.report() RETURNS bigint LANGUAGE sql
                      BEGIN ATOMIC; SELECT count(*) FROM {SHOP}.payments; END""",
    "a child": f"CREATE TABLE public.report () INHERITS ({SHOP}.payments)",
    "a default": f"""CREATE SEQUENCE {SHOP}.numbers;
                     CREATE TABLE public.report (n int DEFAULT nextval('{SHOP}.numbers'))""",
}


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    """Restores are the owner's, as `zargar restore` is."""
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return taking_payments(shops)


@pytest.fixture
def backup(house: House, shop: Shop) -> UUID:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    found: UUID = made.backup.id
    return found


@pytest.mark.parametrize("made", MADE)
def test_a_shop_that_something_outside_leans_on_is_not_replaced(
    house: House, shops: Shops, backup: UUID, made: str
) -> None:
    shops.run(MADE[made])
    with pytest.raises(LeanedOnError, match=rf"on {SHOP} lean [^:]*public\.report[^:]*: drop them first"):
        restored(desk_of(house), backup)
    assert not Restore.objects.exists()
    assert schemas(shops) == {SHOP}


def test_nothing_that_is_a_schema_s_own_leans_on_it(shops: Shops, shop: Shop, rich: str) -> None:
    with shops.connect() as owner:
        assert leaning.on(owner, rich) == ()
        assert leaning.on(owner, shop.schema_name) == ()
        assert leaning.on(owner, "public") == ()


@pytest.mark.parametrize("what", [f"TABLE {SHOP}.payments", f"TABLES IN SCHEMA {SHOP}"])
def test_a_shop_that_a_publication_names_is_not_replaced(
    house: House, shops: Shops, backup: UUID, postgres: Server, what: str
) -> None:
    with psycopg.connect(postgres.admin_url, dbname=shops.database.name, autocommit=True) as admin:
        if "SCHEMA" in what and admin.info.server_version < 15_00_00:
            pytest.skip("PostgreSQL 15 has publications of schemas first")
        admin.execute(f"CREATE PUBLICATION abroad FOR {what}".encode())
    with pytest.raises(
        LeanedOnError, match=rf"on {SHOP} lean publication [^:]*{SHOP}[^:]* in publication abroad: drop"
    ):
        restored(desk_of(house), backup)
    assert schemas(shops) == {SHOP}


def test_an_operator_class_of_the_shop_s_own_is_no_reason_and_a_cast_is_called_one(
    shops: Shops, shop: Shop, postgres: Server
) -> None:
    shops.run(f"""
        CREATE TYPE {SHOP}.weight AS (mg bigint);
        CREATE FUNCTION {SHOP}.less({SHOP}.weight, {SHOP}.weight) RETURNS boolean IMMUTABLE LANGUAGE sql
            AS 'SELECT ($1).mg < ($2).mg';
        CREATE FUNCTION {SHOP}.hashed({SHOP}.weight) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
        CREATE OPERATOR {SHOP}.=== (FUNCTION = {SHOP}.less, LEFTARG = {SHOP}.weight, RIGHTARG = {SHOP}.weight)
    """)
    with shops.connect() as owner:
        assert leaning.on(owner, shop.schema_name) == ()
    with psycopg.connect(postgres.admin_url, dbname=shops.database.name, autocommit=True) as admin:
        admin.execute(
            f"CREATE OPERATOR CLASS {SHOP}.of_weights FOR TYPE {SHOP}.weight USING hash "
            f"AS OPERATOR 1 {SHOP}.===, FUNCTION 1 {SHOP}.hashed({SHOP}.weight)".encode()
        )
    with shops.connect() as owner:
        assert leaning.on(owner, shop.schema_name) == ()
        owner.execute(
            f"CREATE FUNCTION {SHOP}.mg({SHOP}.weight) RETURNS bigint LANGUAGE sql AS 'SELECT ($1).mg'".encode()
        )
        owner.execute(f"CREATE CAST ({SHOP}.weight AS bigint) WITH FUNCTION {SHOP}.mg({SHOP}.weight)".encode())
        assert leaning.on(owner, shop.schema_name) == (f"cast ({SHOP}.weight AS bigint)",)


def test_what_is_made_on_the_shop_while_its_copy_is_made_is_seen_before_the_two_change_places(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)

    def meanwhile(_done: int, _of: int) -> None:
        shops.run(f"CREATE OR REPLACE VIEW public.report AS SELECT id FROM {SHOP}.payments")

    with pytest.raises(RestoreFailedError, match=rf"on {SHOP} lean view public\.report"):
        restored(replace(desk_of(house), progress=meanwhile), backup)
    as_before(shops, shop)
    assert shops.rows("SELECT count(*) FROM public.report") == [(4,)]


def test_a_kept_copy_that_something_leans_on_is_not_dropped_by_anybody(
    house: House, shops: Shops, backup: UUID
) -> None:
    done = restored(desk_of(house), backup)
    shops.run(f"CREATE VIEW public.of_that_day AS SELECT id FROM {done.kept}.payments")
    later = clock.now() + timedelta(days=8)
    with pytest.raises(LeanedOnError, match=r"public\.of_that_day"):
        put_aside.drop_kept(desk_of(house), slug=SHOP, confirm=DOMAIN, actor="a test", reason="a test")
    assert put_aside.expire(desk_of(house), grace=timedelta(days=7), now=later) == []
    assert shops.rows("SELECT count(*) FROM public.of_that_day") == [(3,)]

    shops.run("DROP VIEW public.of_that_day")
    assert put_aside.expire(desk_of(house), grace=timedelta(days=7), now=later) == [done.kept]


def test_what_leans_on_the_kept_copy_does_not_keep_it_from_coming_back(
    house: House, shops: Shops, backup: UUID
) -> None:
    pay(shops, 4)
    done = restored(desk_of(house), backup)
    shops.run(f"CREATE VIEW public.of_that_day AS SELECT id FROM {done.kept}.payments")
    undone(desk_of(house))
    assert paid(shops) == {1, 2, 3, 4}
    assert shops.rows("SELECT count(*) FROM public.of_that_day") == [(4,)]
