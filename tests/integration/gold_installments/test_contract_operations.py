"""Signing, paying, voiding and cancelling, as a jeweller does them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from tests.support.contracts import TOTAL, customer, figures, signed
from zargar.gold_installments import operations
from zargar.gold_installments.models import Contract, ContractState, Method, Payment
from zargar.gold_installments.operations import ContractStateError, NoSuchContractError, OverpaidError
from zargar.gold_installments.terms import TermsError
from zargar.refusals import InvalidError
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
OWED = TOTAL // 2
QUARTER = OWED // 4


@pytest.fixture(autouse=True)
def inside(shop: Shop) -> Iterator[None]:
    """Each test works inside the shop."""
    with in_tenant(shop.id):
        yield


def pay(contract: Contract, amount: int) -> Payment:
    """Pay in cash."""
    return operations.pay(Payment(contract=contract, amount=amount, paid_on=date(2026, 12, 22), method=Method.CASH))


def state_of(contract: Contract) -> str:
    """Read its state back."""
    return Contract.objects.get(id=contract.pk).state


def test_a_signed_contract_has_its_whole_plan() -> None:
    shares = operations.shares(signed())
    assert [(share.planned.sequence, share.planned.due_on, share.planned.amount) for share in shares] == [
        (1, date(2026, 12, 22), QUARTER),
        (2, date(2027, 1, 21), QUARTER),
        (3, date(2027, 2, 20), QUARTER),
        (4, date(2027, 3, 21), QUARTER),
    ]


def test_a_plan_of_less_than_a_toman_each_is_refused_and_nothing_is_kept() -> None:
    who = customer()
    tiny = figures(grams=Decimal("0.500"), price_per_gram=3, fees=0, total=2, down_payment=0)
    with pytest.raises(TermsError):
        operations.sign(Contract(customer=who, **tiny))
    assert not Contract.objects.exists()


def test_the_payment_that_completes_the_sum_settles_the_contract() -> None:
    contract = signed()
    pay(contract, OWED - 1)
    assert state_of(contract) == ContractState.OPEN
    pay(contract, 1)
    assert state_of(contract) == ContractState.SETTLED


def test_what_is_more_than_owed_is_refused_in_words() -> None:
    contract = signed()
    pay(contract, QUARTER)
    with pytest.raises(OverpaidError, match=str(OWED - QUARTER)):
        pay(contract, OWED)


def test_a_voided_payment_no_longer_counts_and_opens_what_it_had_settled() -> None:
    contract = signed()
    payment = pay(contract, OWED)
    operations.void(payment_id=payment.pk, reason="به حساب دیگری بود", now=NOW)
    assert state_of(contract) == ContractState.OPEN
    assert contract.paid == 0
    with pytest.raises(ContractStateError):
        operations.void(payment_id=payment.pk, reason="دوباره", now=NOW)


def test_a_payment_is_not_voided_without_a_reason() -> None:
    contract = signed()
    payment = pay(contract, 5)
    with pytest.raises(InvalidError):
        operations.void(payment_id=payment.pk, reason=" ", now=NOW)
    assert contract.paid == 5


def test_a_contract_that_is_not_open_takes_no_payment_and_is_not_cancelled_again() -> None:
    contract = signed()
    operations.cancel(contract_id=contract.pk)
    with pytest.raises(ContractStateError):
        pay(contract, 5)
    with pytest.raises(ContractStateError):
        operations.cancel(contract_id=contract.pk)


def test_what_does_not_exist_is_said_not_to() -> None:
    with pytest.raises(NoSuchContractError):
        operations.cancel(contract_id=12345)
    with pytest.raises(NoSuchContractError):
        operations.void(payment_id=12345, reason="اشتباه", now=NOW)


def test_overdue_is_what_should_have_been_paid_by_now() -> None:
    contract = signed()
    pay(contract, QUARTER + 1)
    assert operations.overdue(contract, today=date(2027, 1, 21)) == 0
    assert operations.overdue(contract, today=date(2027, 1, 22)) == QUARTER - 1
    operations.cancel(contract_id=contract.pk)
    assert operations.overdue(operations_view(contract), today=date(2027, 1, 22)) == 0


def operations_view(contract: Contract) -> Contract:
    """Read the contract anew, as the next request does."""
    with transaction.atomic():
        return operations.hold(contract.pk)


def test_the_form_is_told_the_right_total() -> None:
    contract = Contract(customer=customer(), **figures(total=TOTAL - 1))
    with pytest.raises(ValidationError, match="۲۰۰٬۰۰۰٬۰۰۰"):
        contract.full_clean()


def test_the_form_is_told_what_is_still_owed() -> None:
    contract = signed()
    pay(contract, QUARTER)
    too_much = Payment(contract=contract, amount=OWED, paid_on=date(2026, 12, 22), method=Method.CARD)
    with pytest.raises(ValidationError, match="۷۵٬۰۰۰٬۰۰۰"):
        too_much.full_clean()
