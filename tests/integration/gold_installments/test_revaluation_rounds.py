"""Which shops are valued when a price comes: all active ones, each once; one that fails does not stop the others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier

from tests.support.app import app
from tests.support.boards import BoardServer
from tests.support.broker import Broker
from tests.support.contracts import customer, signed
from tests.support.databases import ScratchDatabase, Server, django_uses
from tests.support.processes import running, wait_until, worker
from tests.support.valuations import accept
from zargar.core import revaluation_bell
from zargar.engine.doorbell import CeleryDoorbell
from zargar.engine.sweeper import sweep_once
from zargar.gold_installments import revaluation
from zargar.gold_installments.models import Revaluation, Valuation
from zargar.ledger.models import Run
from zargar.ledger.models import State as RunState
from zargar.names import REVALUE_INSTALLMENT_CONTRACTS, UPDATE_GOLD_PRICES, VALIDATE_GOLD_PRICE_APIS
from zargar.outcomes import Permanent, Retryable, Summary
from zargar.pricing.karats import STANDARD
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import ShopGoneError, ShopSuspendedError, in_tenant

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
PRICE = 18_600_000


@pytest.fixture
def other(database: ScratchDatabase, shop: Shop) -> Iterator[Shop]:
    """A second active shop."""
    with django_uses(database.owner_url):
        made = shops.create(slug="second", name="طلای دوم", domain="second.example", actor="test", reason="test")
    with django_uses(database.app_url):
        yield made


def revalue(shop: Shop | None = None, *, now: datetime = NOW) -> Summary:
    return revaluation.revalue(shop_id=shop.id if shop else None, fineness=STANDARD, now=now)


def test_all_active_shops_are_valued_and_a_suspended_one_is_left_alone(shop: Shop, other: Shop) -> None:
    for each in (shop, other):
        with in_tenant(each.id):
            signed(customer=customer())
    shops.suspend(slug=other.schema_name, actor="test", reason="test")
    accept(PRICE, now=NOW)
    assert (revalue()["shops"], revalue()["already_valued"]) == (1, 1)
    with pytest.raises(ShopSuspendedError):
        revalue(other)

    shops.resume(slug=other.schema_name, actor="test", reason="test")
    assert (revalue()["shops"], revalue()["already_valued"]) == (1, 2)
    with in_tenant(other.id):
        assert Valuation.objects.count() == 1


def test_a_shop_that_fails_gets_a_run_of_its_own_and_does_not_stop_the_others(
    shop: Shop, other: Shop, database: ScratchDatabase
) -> None:
    for each in (shop, other):
        with in_tenant(each.id):
            signed(customer=customer())
    with database.owner() as owner:
        owner.execute(f"ALTER TABLE {shop.schema_name}.gold_installments_valuation ADD CHECK (price < 0) NOT VALID")
    accept(PRICE, now=NOW)

    said = revalue()
    assert (said["shops"], said["failed"], said["contracts"]) == (1, [shop.id], 1)
    revalue()
    run = Run.objects.get()
    assert (run.task, run.kwargs, run.state) == (REVALUE_INSTALLMENT_CONTRACTS, {"shop_id": shop.id}, RunState.DUE)
    with in_tenant(shop.id):
        assert not Valuation.objects.exists()
        assert not Revaluation.objects.exists()

    with database.owner() as owner:
        owner.execute(
            f"ALTER TABLE {shop.schema_name}.gold_installments_valuation "
            "DROP CONSTRAINT gold_installments_valuation_price_check"
        )
    assert revalue(shop)["state"] == "valued"


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_shop_whose_session_is_lost_is_tried_alone_and_all_of_them_when_the_database_is_away(
    shop: Shop, other: Shop, database: ScratchDatabase, postgres: Server, *, comes_back: bool
) -> None:
    for each in (shop, other):
        with in_tenant(each.id):
            signed(customer=customer())
    accept(PRICE, now=NOW)
    where = f"{shop.schema_name}.gold_installments_valuation"
    with database.owner() as owner, postgres.admin() as admin:
        owner.execute(
            f"CREATE FUNCTION {shop.schema_name}.die() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        owner.execute(f"CREATE TRIGGER die BEFORE INSERT ON {where} EXECUTE FUNCTION {shop.schema_name}.die()")
        allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format
        admin.execute(allow(Identifier(database.name), SQL("true" if comes_back else "false")))
        if comes_back:
            said = revalue()
            assert (said["shops"], said["failed"]) == (1, [shop.id])
        else:
            with pytest.raises(Retryable, match="the contracts could not be valued: OperationalError"):
                revalue()
        admin.execute(allow(Identifier(database.name), SQL("true")))
        owner.execute(f"DROP TRIGGER die ON {where}")
    assert Run.objects.count() == (1 if comes_back else 0)
    assert revalue()["shops"] == (1 if comes_back else 2)


def test_without_a_database_it_is_tried_again() -> None:
    with pytest.raises(Retryable, match="the contracts could not be valued"):
        revaluation.revalue(shop_id=None, fineness=STANDARD, now=NOW)


@pytest.mark.parametrize("shop_id", ["1", True, 1.0])
def test_what_is_no_id_of_a_shop_is_a_dead_letter(shop: Shop, shop_id: object) -> None:
    accept(PRICE, now=NOW)
    with pytest.raises(Permanent, match="shop_id is a shop's id or absent"):
        revaluation.revalue(shop_id=shop_id, fineness=STANDARD, now=NOW)


def test_a_shop_that_is_not_there_is_refused(shop: Shop) -> None:
    accept(PRICE, now=NOW)
    with pytest.raises(ShopGoneError):
        revaluation.revalue(shop_id=shop.id + 99, fineness=STANDARD, now=NOW)


def test_an_accepted_price_rings_one_run_however_often_its_task_closes(shop: Shop) -> None:
    accept(PRICE, now=NOW)
    first, second = revaluation.ring(now=NOW), revaluation.ring(now=LATER)
    assert first == second
    accept(PRICE, now=LATER)
    assert revaluation.ring(now=LATER) != first
    assert list(Run.objects.values_list("task", "queue", "kwargs")) == [(REVALUE_INSTALLMENT_CONTRACTS, "bulk", {})] * 2


def test_an_operator_s_price_rings_by_itself(shop: Shop, database: ScratchDatabase, cache_server: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("zargar"), "prices", "override", "18700000", "--until", "2h", "--reason", "x"],
        env={**os.environ, **database.env, "CACHE_URL": cache_server}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Run.objects.get().task == REVALUE_INSTALLMENT_CONTRACTS
    assert Run.objects.get().origin == "price operator 1"


def test_the_bell_hears_prices_and_nothing_else(shop: Shop) -> None:
    accept(PRICE, now=NOW)
    revaluation_bell.ring(task=VALIDATE_GOLD_PRICE_APIS)
    revaluation_bell.ring(task=REVALUE_INSTALLMENT_CONTRACTS)
    assert not Run.objects.exists()
    revaluation_bell.ring(task=UPDATE_GOLD_PRICES)
    assert Run.objects.count() == 1


def test_of_two_at_the_same_time_one_values_the_shop(shop: Shop) -> None:
    with in_tenant(shop.id):
        signed()
    accept(PRICE, now=NOW)

    def value() -> object:
        try:
            return revalue(shop)["state"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        states = sorted(str(one.result()) for one in [pool.submit(value) for _ in range(4)])
    assert states == ["already_valued"] * 3 + ["valued"]


def test_a_worker_that_has_accepted_a_price_has_the_contracts_valued_at_it(
    tmp_path: Path, shop: Shop, other: Shop, database: ScratchDatabase, broker: Broker
) -> None:
    for each in (shop, other):
        with in_tenant(each.id):
            signed(customer=customer())
    with BoardServer() as boards:
        hands = worker(tmp_path, {**database.env, **broker.env, "ZARGAR_SANDBOX_URL": boards.url})
        with running(hands):
            price = app.tasks[UPDATE_GOLD_PRICES].delay().get(timeout=30)["price"]
            bell, runs = CeleryDoorbell(app), Run.objects.filter(task=REVALUE_INSTALLMENT_CONTRACTS)
            wait_until(runs.exists, what="the contracts to be rung for", show=hands.words)
            sweep_once(bell, ring_grace=timedelta(seconds=1))
            done = runs.filter(state=RunState.SUCCEEDED)
            wait_until(done.exists, what="the contracts to be valued", show=hands.words)
    summary = done.get().summary
    assert summary is not None
    assert summary["price"] == price
    for each in (shop, other):
        with in_tenant(each.id):
            assert Valuation.objects.get().market_price == round(float(price))
