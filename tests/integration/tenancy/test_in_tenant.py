"""Work for a shop runs in that shop's schema or fails; nothing ever lands in `public` or in another shop."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier

from tests.support import tasks
from tests.support.app import app
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from zargar.celery import app as celery
from zargar.customers.models import Customer
from zargar.ledger.models import Run, State
from zargar.outcomes import Outcome
from zargar.shops import operations, schemas
from zargar.shops.models import Shop
from zargar.shops.models import State as ShopState
from zargar.shops.schemas import ShopInsideError
from zargar.tenancy import (
    ShopGoneError,
    ShopNotReadyError,
    ShopSuspendedError,
    WrongSchemaError,
    in_closed_tenant,
    in_tenant,
)

assert app is celery


@pytest.fixture
def shop(database: ScratchDatabase) -> Shop:
    found: Shop = Shop.objects.get(schema_name=TEMPLATE_SHOP)
    return found


def where() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def add_customer() -> None:
    Customer.objects.create(full_name="نگار", mobile="+989120000001")


def customers_anywhere(database: ScratchDatabase) -> int:
    """Count the rows of every table called customers_customer, in whatever schema one may have appeared."""
    with database.owner() as owner:
        tables = owner.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'customers_customer'").fetchall()
        count = SQL("SELECT count(*) FROM {}.customers_customer")
        counts = [owner.execute(count.format(Identifier(schema))).fetchone() for (schema,) in tables]
    return sum(row[0] for row in counts if row)


def test_inside_is_the_shop_s_schema_and_outside_is_the_shared_one_again(shop: Shop) -> None:
    with in_tenant(shop.id):
        assert where() == TEMPLATE_SHOP
        add_customer()
    assert where() == "public"


def gone(shop: Shop, database: ScratchDatabase) -> None:
    Shop.objects.filter(id=shop.id).delete()


def schema_gone(shop: Shop, database: ScratchDatabase) -> None:
    with database.owner() as owner:
        owner.execute(f"DROP SCHEMA {TEMPLATE_SHOP} CASCADE")


def schema_renamed_behind_our_back(shop: Shop, database: ScratchDatabase) -> None:
    with database.owner() as owner:
        owner.execute(f"ALTER SCHEMA {TEMPLATE_SHOP} RENAME TO elsewhere")


def suspended(shop: Shop, database: ScratchDatabase) -> None:
    Shop.objects.filter(id=shop.id).update(state=ShopState.SUSPENDED)


def migrating(shop: Shop, database: ScratchDatabase) -> None:
    Shop.objects.filter(id=shop.id).update(state=ShopState.MIGRATING)


def being_created(shop: Shop, database: ScratchDatabase) -> None:
    Shop.objects.filter(id=shop.id).update(state=ShopState.CREATING)


SITUATIONS = [
    (gone, ShopGoneError, State.DEAD),
    (schema_gone, ShopGoneError, State.DEAD),
    (schema_renamed_behind_our_back, ShopGoneError, State.DEAD),
    (suspended, ShopSuspendedError, State.DEAD),
    (migrating, ShopNotReadyError, State.DUE),
    (being_created, ShopNotReadyError, State.DUE),
]


@pytest.mark.parametrize(("situation", "error", "_state"), SITUATIONS)
def test_a_shop_that_is_not_proven_is_refused_and_nothing_is_written_anywhere(
    shop: Shop,
    database: ScratchDatabase,
    situation: Callable[[Shop, ScratchDatabase], None],
    error: type[Outcome],
    _state: State,
) -> None:
    situation(shop, database)

    with pytest.raises(error), in_tenant(shop.id):
        add_customer()

    assert customers_anywhere(database) == 0
    assert where() == "public"


@pytest.mark.parametrize(("situation", "error", "state"), SITUATIONS)
def test_a_task_for_such_a_shop_fails_in_the_ledger_and_celery_does_not_call_it_a_success(
    shop: Shop,
    database: ScratchDatabase,
    situation: Callable[[Shop, ScratchDatabase], None],
    error: type[Outcome],
    state: State,
) -> None:
    situation(shop, database)

    answer = celery.tasks[tasks.ADD_CUSTOMER].apply(kwargs={"shop_id": shop.id})

    assert answer.state == "FAILURE"
    [run] = Run.objects.all()
    assert (run.state, run.errors[0]["kind"]) == (state, error.__name__)
    assert customers_anywhere(database) == 0


def test_a_look_up_that_fails_fails_the_work(shop: Shop, database: ScratchDatabase) -> None:
    with database.owner() as owner:
        owner.execute("REVOKE SELECT ON shops_shop FROM zargar_app")

    answer = celery.tasks[tasks.ADD_CUSTOMER].apply(kwargs={"shop_id": shop.id})

    assert answer.state == "FAILURE"
    assert Run.objects.get().state == State.DUE
    assert customers_anywhere(database) == 0


def test_a_task_for_a_shop_needs_to_be_told_which(shop: Shop) -> None:
    answer = celery.tasks[tasks.COUNT_CUSTOMERS].apply(kwargs={})

    assert answer.state == "FAILURE"
    assert "needs its id as `shop_id`" in Run.objects.get().errors[0]["message"]


def test_a_task_for_an_active_shop_works_there(shop: Shop, database: ScratchDatabase) -> None:
    celery.tasks[tasks.ADD_CUSTOMER].apply(kwargs={"shop_id": shop.id})
    celery.tasks[tasks.COUNT_CUSTOMERS].apply(kwargs={"shop_id": shop.id})

    counted = Run.objects.get(task=tasks.COUNT_CUSTOMERS)
    assert counted.summary == {"shop_id": shop.id, "schema": TEMPLATE_SHOP, "customers": 1}


def test_nobody_can_rename_a_shop_while_work_is_inside_it_and_work_waits_for_the_rename(
    shop: Shop, database: ScratchDatabase
) -> None:
    key = (0x5348_4F50, shop.id)
    with database.owner() as owner, in_tenant(shop.id):
        assert owner.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", key).fetchone() == (False,)

    with database.owner() as owner, owner.transaction():
        assert owner.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", key).fetchone() == (True,)
        with pytest.raises(ShopNotReadyError, match="holds it exclusively"), in_tenant(shop.id):
            add_customer()


def test_a_session_that_is_lost_inside_a_shop_is_not_taken_for_a_good_end(
    shop: Shop, database: ScratchDatabase
) -> None:
    def work_over_two_sessions() -> None:
        with in_tenant(shop.id):
            connection.close()
            where()

    with pytest.raises(WrongSchemaError, match="was lost inside"):
        work_over_two_sessions()
    assert where() == "public"


def test_a_shop_is_not_entered_inside_a_shop(shop: Shop) -> None:
    with in_tenant(shop.id), pytest.raises(RuntimeError, match="one shop at a time"), in_tenant(shop.id):
        add_customer()


def test_a_closed_shop_is_entered_by_whoever_holds_it_and_by_nobody_else(shop: Shop) -> None:
    with pytest.raises(RuntimeError, match="is active"), in_closed_tenant(shop.id):
        pass
    Shop.objects.filter(id=shop.id).update(state=ShopState.RESTORING)
    with schemas.held(shop.id), in_closed_tenant(shop.id):
        assert where() == TEMPLATE_SHOP
        add_customer()
    assert where() == "public"
    with pytest.raises(ShopNotReadyError, match="is restoring"), in_tenant(shop.id):
        pass


def test_a_shop_that_another_session_holds_is_not_entered_though_it_is_closed(
    shop: Shop, database: ScratchDatabase
) -> None:
    Shop.objects.filter(id=shop.id).update(state=ShopState.RESTORING)
    with database.owner() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [schemas.SHOP_LOCK, shop.id])
        with pytest.raises(ShopNotReadyError, match="holds it exclusively"), in_closed_tenant(shop.id):
            pass
        with pytest.raises(ShopInsideError, match="did not end"), schemas.held(shop.id, wait=timedelta(seconds=0.2)):
            pass
    with schemas.held(shop.id):
        pass
    with database.owner() as other:
        assert other.execute("SELECT pg_try_advisory_lock(%s, %s)", [schemas.SHOP_LOCK, shop.id]).fetchone() == (True,)


def test_a_shop_is_closed_with_its_state_kept_and_reopened_with_it(shop: Shop) -> None:
    for state in (ShopState.ACTIVE, ShopState.SUSPENDED):
        Shop.objects.filter(id=shop.id).update(state=state)
        assert operations.close(slug=TEMPLATE_SHOP, actor="a test", reason="a restore") == state
        with pytest.raises(operations.ShopStateError, match="is restoring"):
            operations.close(slug=TEMPLATE_SHOP, actor="a test", reason="another one")
        with pytest.raises(operations.ShopStateError):
            operations.resume(slug=TEMPLATE_SHOP, actor="a test", reason="too early")
        operations.reopen(slug=TEMPLATE_SHOP, to=state, actor="a test", reason="done")
        shop.refresh_from_db()
        assert shop.state == state
