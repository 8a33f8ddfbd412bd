"""What is unpaid, asked for a page of customers by one statement, against the rule for one contract at a time."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.support import contracts
from zargar.gold_installments import operations
from zargar.gold_installments.models import Contract, Instalment, Method, Payment
from zargar.gold_installments.standing import Unpaid
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def inside(shop: Shop) -> Iterator[None]:
    """Each test works inside the shop."""
    with in_tenant(shop.id):
        yield


def by_the_rule(until: date) -> set[tuple[int, int, int]]:
    """Contract, instalment number and what is left, by `standing.shares`, one contract after another."""
    return {
        (contract.pk, share.planned.sequence, share.left)
        for contract in Contract.objects.filter(state="open")
        for share in operations.shares(contract)
        if share.left and share.planned.due_on <= until
    }


def test_what_the_statement_finds_is_what_the_rule_says_of_each_contract() -> None:
    chance = random.Random(20261123)  # noqa: S311 -- the same contracts in each run
    for number in range(40):
        who = contracts.customer(f"+98912000{number:04}")
        for several in range(chance.choice([1, 1, 2])):
            first_due = TODAY + timedelta(days=chance.randrange(-200, 40))
            contract = contracts.signed(
                customer=who, number=f"{number}/{several}", signed_on=first_due, first_due_on=first_due,
                instalment_count=chance.randrange(1, 9),
            )  # fmt: skip
            for _ in range(chance.randrange(4)):
                left = contract.owed - contract.paid
                amount = chance.choice([1, 12_500_000, 33_333_333, left])
                if 0 < amount <= left:
                    operations.pay(Payment(contract=contract, amount=amount, paid_on=TODAY, method=Method.CARD))
                    contract.refresh_from_db()
            if contract.state == "open" and chance.random() < 0.1:
                operations.cancel(contract_id=contract.pk)
    paid = Payment.objects.order_by("id").first()
    assert paid is not None
    operations.void(payment_id=paid.pk, reason="اشتباه بود", now=paid.recorded_at)
    found = walked(TODAY, page=7)
    assert {(one.contract_id, one.sequence, one.left) for one in found} == by_the_rule(TODAY)
    assert len(found) > 30
    facts = {row.pk: (row.due_on, row.contract.customer_id) for row in Instalment.objects.select_related("contract")}
    assert all(facts[one.instalment_id] == (one.due_on, one.customer_id) for one in found)
    assert [one.customer_id for one in found] == sorted(one.customer_id for one in found)


def walked(until: date, *, page: int) -> list[Unpaid]:
    """Walk all customers in pages, as reminders do."""
    found: list[Unpaid] = []
    after = 0
    while who := operations.customers_due(until=until, after=after, at_most=page):
        assert len(who) <= page
        found += operations.unpaid(until=until, customers=who)
        after = who[-1]
    return found


def test_days_late_are_counted_from_the_day_after() -> None:
    contracts.signed(signed_on=TODAY, first_due_on=TODAY)
    (one,) = walked(TODAY, page=5)
    assert [one.days_late(TODAY + timedelta(days=days)) for days in (-2, 0, 1)] == [-2, 0, 1]


def test_customers_with_open_and_with_settled_contracts_only_are_told_apart() -> None:
    debtor, settled, both = (contracts.customer(f"+98912000000{number}") for number in range(3))
    contracts.signed(customer=debtor, number="۱")
    for number, who in (("۲", settled), ("۳", both)):
        done = contracts.signed(customer=who, number=number)
        operations.pay(Payment(contract=done, amount=done.owed, paid_on=TODAY, method=Method.CASH))
    contracts.signed(customer=both, number="۴")
    everybody = [debtor.pk, settled.pk, both.pk]
    assert operations.with_contracts(customers=everybody, settled=False) == {debtor.pk, both.pk}
    assert operations.with_contracts(customers=everybody, settled=True) == {settled.pk}
