"""What the tables of contracts refuse, whoever writes to them: each rule is asked of the database, past every form."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tests.support.contracts import TOTAL, customer, figures, signed
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from zargar.gold_installments.models import Contract, ContractState, Instalment, Method, Payment
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
OWED = TOTAL // 2


@pytest.fixture(autouse=True)
def inside(shop: Shop) -> Iterator[None]:
    """Each test works inside the shop."""
    with in_tenant(shop.id):
        yield


def paid(contract: Contract, amount: int, **different: object) -> Payment:
    """Keep a payment without asking anybody."""
    return Payment.objects.create(
        contract=contract, amount=amount, paid_on=date(2026, 12, 22), method=Method.CASH, **different
    )


@pytest.mark.parametrize(
    ("different", "refused_by"),
    [
        ({"number": " "}, "contract_number"),
        ({"grams": Decimal(0), "total": 14_000_000, "down_payment": 0}, "contract_grams"),
        ({"karat": 20}, "contract_karat"),
        ({"price_per_gram": 0, "total": 14_000_000, "down_payment": 0}, "contract_price"),
        ({"fees": -1, "total": TOTAL - 14_000_001}, "contract_fees"),
        ({"total": TOTAL + 1}, "contract_total_is_gold_and_fees"),
        ({"down_payment": TOTAL}, "contract_down_payment"),
        ({"down_payment": -1}, "contract_down_payment"),
        ({"instalment_count": 0}, "contract_instalment_count"),
        ({"instalment_count": 61}, "contract_instalment_count"),
        ({"first_due_on": date(2026, 11, 21)}, "contract_first_due"),
        ({"floor_price": 0}, "contract_bounds_positive"),
        ({"ceiling_price": -1}, "contract_bounds_positive"),
        ({"floor_price": 2, "ceiling_price": 1}, "contract_floor_under_ceiling"),
        ({"state": "forgotten"}, "contract_state"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused_by_the_database(different: dict[str, Any], refused_by: str) -> None:
    who = customer()
    with pytest.raises(IntegrityError, match=refused_by):
        Contract.objects.create(customer=who, **figures(**different))


def test_the_database_rounds_the_gold_as_the_form_does() -> None:
    half = signed(grams=Decimal("0.500"), price_per_gram=3, fees=0, total=2, down_payment=0, instalment_count=1)
    assert half.pk


def test_two_contracts_of_a_shop_cannot_have_one_number() -> None:
    first = signed()
    with pytest.raises(IntegrityError, match="number"):
        Contract.objects.create(customer=first.customer, **figures())


def test_a_contract_without_its_plan_does_not_survive_its_transaction() -> None:
    who = customer()
    with pytest.raises(IntegrityError, match="do not make"):
        Contract.objects.create(customer=who, **figures())
    assert not Contract.objects.exists()


def test_a_plan_cannot_be_changed_into_one_that_does_not_add_up() -> None:
    contract = signed()
    second = contract.instalments.get(sequence=2)
    with pytest.raises(IntegrityError, match="do not make"):
        Instalment.objects.filter(id=second.id).update(amount=second.amount + 1)
    with pytest.raises(IntegrityError, match="do not make"):
        second.delete()
    with pytest.raises(IntegrityError, match="do not make"):
        Instalment.objects.create(contract=contract, sequence=5, due_on=date(2027, 5, 1), amount=1)
    with transaction.atomic():
        Instalment.objects.filter(id=second.id).update(amount=second.amount + 1)
        Instalment.objects.filter(contract=contract, sequence=3).update(amount=second.amount - 1)
    assert contract.instalments.get(sequence=2).amount == second.amount + 1


@pytest.mark.parametrize(
    ("different", "refused_by"),
    [
        ({"amount": 0}, "instalment_amount"),
        ({"sequence": 0}, "instalment_sequence"),
        ({"sequence": 2}, "instalment_once"),
    ],
)
def test_an_instalment_that_makes_no_sense_is_refused_by_the_database(
    different: dict[str, int], refused_by: str
) -> None:
    contract = signed()
    with pytest.raises(IntegrityError, match=refused_by):
        Instalment.objects.filter(contract=contract, sequence=1).update(**different)


def test_payments_never_exceed_what_is_owed() -> None:
    contract = signed()
    paid(contract, OWED - 1)
    with pytest.raises(IntegrityError, match="owes"):
        paid(contract, 2)
    assert contract.paid == OWED - 1


def test_of_two_payments_at_the_same_time_the_second_sees_the_first(database: ScratchDatabase) -> None:
    contract = signed()
    statement = f"""
        INSERT INTO {TEMPLATE_SHOP}.gold_installments_payment (contract_id, amount, paid_on, method, reference)
        VALUES ({contract.pk}, {OWED - 1}, '2026-12-22', 'cash', '')
    """  # noqa: S608 -- figures of this test
    with database.app() as other:
        other.autocommit = False
        other.execute(statement)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            with pytest.raises(Exception, match="lock timeout"):
                cursor.execute(statement)
            cursor.execute("RESET lock_timeout")
        other.commit()
        with pytest.raises(IntegrityError, match="owes"):
            paid(contract, OWED - 1)


def test_a_contract_is_settled_when_it_is_paid_and_not_before() -> None:
    contract = signed()
    with pytest.raises(IntegrityError, match="paid"):
        Contract.objects.filter(id=contract.pk).update(state=ContractState.SETTLED)
    with pytest.raises(IntegrityError, match="paid"):
        paid(contract, OWED)
    with transaction.atomic():
        paid(contract, OWED)
        Contract.objects.filter(id=contract.pk).update(state=ContractState.SETTLED)
    assert Contract.objects.get().state == ContractState.SETTLED


@pytest.mark.parametrize(
    ("different", "refused_by"),
    [
        ({"amount": 0}, "payment_amount"),
        ({"amount": -5}, "payment_amount"),
        ({"method": "barter"}, "payment_method"),
        ({"voided_at": NOW}, "payment_void_reason"),
        ({"void_reason": "اشتباه"}, "payment_void_reason"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_by_the_database(different: dict[str, Any], refused_by: str) -> None:
    contract = signed()
    fields = {"contract": contract, "amount": 5, "paid_on": date(2026, 12, 22), "method": Method.CASH} | different
    with pytest.raises(IntegrityError, match=refused_by):
        Payment.objects.create(**fields)


def test_a_payment_is_not_changed_afterwards_nor_made_on_a_cancelled_contract() -> None:
    contract = signed()
    payment = paid(contract, 5)
    with pytest.raises(IntegrityError, match="not changed"):
        Payment.objects.filter(id=payment.pk).update(amount=6)
    Contract.objects.filter(id=contract.pk).update(state=ContractState.CANCELLED)
    with pytest.raises(IntegrityError, match="cancelled"):
        paid(contract, 5)


def test_the_checks_hold_in_a_shop_that_was_renamed_and_without_a_search_path(database: ScratchDatabase) -> None:
    contract = signed()
    with database.owner() as owner:
        owner.execute(f"ALTER SCHEMA {TEMPLATE_SHOP} RENAME TO elsewhere")
        owner.execute("SET search_path = ''")
        with pytest.raises(Exception, match="owes"):
            owner.execute(
                "INSERT INTO elsewhere.gold_installments_payment (contract_id, amount, paid_on, method, reference)"
                " VALUES (%s, %s, '2026-12-22', 'cash', '')",
                [contract.pk, OWED + 1],
            )
