"""Open contracts at the price of the day: once for each price, in every active shop, and right to the Toman."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.support.contracts import TOTAL, customer, figures, signed
from tests.support.prices import market_of
from tests.support.valuations import accept, half_up, kept, set_by_operator, worth
from zargar.gold_installments import operations, revaluation, terms
from zargar.gold_installments.models import Contract, Instalment, Method, Payment, Revaluation, Valuation
from zargar.ledger.models import Run
from zargar.outcomes import Summary
from zargar.pricing import operations as pricing
from zargar.pricing.karats import KARATS, STANDARD, Fineness
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
PRICE = 18_600_000


def revalue(shop: Shop | None = None, *, now: datetime = NOW, fineness: Fineness = STANDARD) -> Summary:
    return revaluation.revalue(shop_id=shop.id if shop else None, fineness=fineness, now=now)


def valuation(contract: Contract) -> Valuation:
    return Valuation.objects.get(contract=contract)


def pay(contract: Contract, amount: int) -> None:
    operations.pay(Payment(contract=contract, amount=amount, paid_on=date(2026, 12, 22), method=Method.CASH))


def test_a_contract_is_valued_at_the_accepted_price_with_the_unpaid_share_of_its_gold(shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
        pay(contract, TOTAL // 8)
    accept(20_000_000, now=NOW)

    said = revalue()

    assert said == {
        "state": "valued", "shops": 1, "already_valued": 0, "failed": [], "contracts": 1, "price": "20000000",
        "priced_at": NOW.isoformat(), "priced_by": said["priced_by"],
    }  # fmt: skip
    with in_tenant(shop.id):
        row = valuation(contract)
        assert kept(row) == {
            "market_price": 20_000_000, "price": 20_000_000, "bound": "none", "gold_value": 200_000_000,
            "outstanding": 75_000_000, "outstanding_grams": Decimal("3.750"), "outstanding_value": 75_000_000,
        }  # fmt: skip
        assert (row.basis, row.priced_at, row.toman_per_gram_750) == ("tick", NOW, Decimal(20_000_000))


@pytest.mark.parametrize(
    ("bounds", "price", "bound"),
    [
        ({"floor_price": 19_000_000}, 19_000_000, "floor"),
        ({"ceiling_price": 18_000_000}, 18_000_000, "ceiling"),
        ({"floor_price": 18_000_000, "ceiling_price": 19_000_000}, PRICE, "none"),
        ({"floor_price": PRICE, "ceiling_price": PRICE}, PRICE, "none"),
    ],
)
def test_floor_and_ceiling_hold_the_price_of_a_gram(shop: Shop, bounds: dict[str, int], price: int, bound: str) -> None:
    with in_tenant(shop.id):
        contract = signed(**bounds)
    accept(PRICE, now=NOW)
    revalue()
    with in_tenant(shop.id):
        row = valuation(contract)
        assert (row.market_price, row.price, row.bound, row.gold_value) == (PRICE, price, bound, 10 * price)


def test_a_price_counts_once_and_the_second_call_says_so(shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
    accept(PRICE, now=NOW)
    revalue(shop)

    again = revalue(shop, now=LATER)
    assert (again["state"], again["contracts"]) == ("already_valued", 0)
    assert (revalue(now=LATER)["state"], revalue(now=LATER)["already_valued"]) == ("already_valued", 1)
    with in_tenant(shop.id):
        assert valuation(contract).valued_at == NOW

    accept(PRICE + 100_000, now=LATER)
    assert revalue(shop, now=LATER)["state"] == "valued"
    with in_tenant(shop.id):
        assert (valuation(contract).price, Valuation.objects.count()) == (PRICE + 100_000, 1)


def test_an_older_price_never_replaces_a_newer_one_by_neither_of_both_guards(shop: Shop) -> None:
    from zargar.gold_installments import valuation_store  # noqa: PLC0415 -- its insides are met here alone
    from zargar.gold_installments.valuation import price_list  # noqa: PLC0415 -- as above

    with in_tenant(shop.id):
        contract = signed()
    accept(PRICE, now=NOW)
    older = pricing.newest_mark(now=NOW)
    accept(PRICE + 100_000, now=LATER)
    revalue(now=LATER)
    assert older is not None
    with in_tenant(shop.id), transaction.atomic():
        assert not valuation_store.move_on(older, now=LATER)
        assert valuation_store.value_all(price_list(older, STANDARD), now=LATER) == 0
    with in_tenant(shop.id):
        assert valuation(contract).price == PRICE + 100_000
        assert Revaluation.objects.get().priced_at == LATER


def test_a_held_or_stale_tick_values_nothing_and_an_operator_s_price_does_under_its_own_name(shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
    accept(PRICE, now=NOW)
    revalue()
    apart = NOW + timedelta(minutes=20)
    pricing.update_prices(market=market_of(wallgold=PRICE, tgju=2 * PRICE, now=apart), now=apart)
    assert revalue(now=apart)["state"] == "already_valued"

    set_by_operator("18700000", now=apart)
    soon = apart + timedelta(minutes=1)
    said = revalue(now=soon)
    assert (said["state"], str(said["priced_by"]).split()[0]) == ("valued", "operator")
    with in_tenant(shop.id):
        row = valuation(contract)
        assert (row.basis, row.price, row.priced_at) == ("operator", 18_700_000, apart)

    ended = apart + timedelta(hours=3)
    assert revalue(now=ended)["state"] == "already_valued"
    with in_tenant(shop.id):
        assert valuation(contract).basis == "operator"


def test_without_any_price_nothing_is_valued_and_nothing_is_rung(shop: Shop) -> None:
    assert revalue()["state"] == "no_price"
    assert revaluation.ring(now=NOW) is None
    assert not Run.objects.exists()


def test_closed_contracts_have_no_valuation_and_one_that_is_open_again_gets_one(shop: Shop) -> None:
    with in_tenant(shop.id):
        who = customer()
        settled, cancelled = signed(customer=who), signed(customer=who, number="۲")
    accept(PRICE, now=NOW)
    assert revalue()["contracts"] == 2
    with in_tenant(shop.id):
        pay(settled, TOTAL // 2)
        operations.cancel(contract_id=cancelled.pk)
    accept(PRICE, now=LATER)
    assert revalue(now=LATER)["contracts"] == 0
    with in_tenant(shop.id):
        assert not Valuation.objects.exists()
        operations.void(payment_id=Payment.objects.get().pk, reason="چک برگشت خورد", now=LATER)
    accept(PRICE, now=LATER + timedelta(minutes=5))
    assert revalue(now=LATER + timedelta(minutes=5))["contracts"] == 1
    with in_tenant(shop.id):
        assert valuation(settled).outstanding == TOTAL // 2


def test_24_karat_is_worth_what_this_deployment_means_by_it(shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed(karat=24)
    accept(PRICE, now=NOW)
    revalue(fineness=Fineness(of_24=Decimal("999.9")))
    with in_tenant(shop.id):
        assert kept(valuation(contract)) == worth(contract, toman_750=PRICE, paid=0, of_24=Fraction(9999, 10000))
        assert valuation(contract).market_price == 24_797_520


def test_5000_contracts_are_valued_by_one_statement_each_right_to_the_toman(shop: Shop) -> None:
    with in_tenant(shop.id):
        paid = five_thousand()
    accept(PRICE, now=NOW)
    with (
        CaptureQueriesContext(
            connection,
        ) as few,
        in_tenant(shop.id),
    ):
        assert Valuation.objects.count() == 0
    with CaptureQueriesContext(connection) as seen:
        assert revalue(shop)["contracts"] == 5000
    statements = [query["sql"] for query in seen if "gold_installments_valuation" in query["sql"]]
    assert [statement.split()[0] for statement in statements] == ["INSERT", "DELETE"]
    assert len(seen) - len(few) < 15
    with in_tenant(shop.id):
        rows = list(Valuation.objects.select_related("contract"))
    wrong = [
        (row.contract.number, kept(row))
        for row in rows
        if kept(row) != worth(row.contract, toman_750=PRICE, paid=paid.get(row.contract.number, 0))
    ]
    assert wrong == []
    assert {row.bound for row in rows} == {"none", "floor", "ceiling"}
    assert {row.contract.karat for row in rows} == set(KARATS)


def five_thousand() -> dict[str, int]:
    """Keep 5,000 open contracts of all karats and bounds, half of them paid on; return what was paid, by number."""
    rng = random.Random(20261122)  # noqa: S311 -- the same contracts each time
    who, contracts = customer(), []
    for number in range(5000):
        grams = Decimal(rng.randrange(1, 200_000)) / 1000
        price, fees = rng.randrange(9_000_000, 26_000_000), rng.randrange(1, 9_000_000)
        total = terms.total(grams=grams, price_per_gram=price, fees=fees)
        floor = rng.choice([None, None, rng.randrange(10_000_000, 24_000_000)])
        ceiling = rng.choice([None, None, (floor or 14_000_000) + rng.randrange(6_000_000)])
        contracts.append(
            Contract(
                customer=who, **figures(
                    number=str(number), grams=grams, karat=rng.choice(KARATS), price_per_gram=price, fees=fees,
                    total=total, down_payment=rng.randrange(total // 2), floor_price=floor, ceiling_price=ceiling,
                )
            )
        )  # fmt: skip
    with transaction.atomic():
        Contract.objects.bulk_create(contracts)
        Instalment.objects.bulk_create(
            Instalment(contract=contract, sequence=line.sequence, due_on=line.due_on, amount=line.amount)
            for contract in contracts
            for line in terms.plan(owed=contract.owed, count=4, first_due=contract.first_due_on)
        )
        payments = [
            Payment(
                contract=contract, amount=rng.randrange(1, contract.owed), paid_on=date(2026, 12, 22), method="cash"
            )
            for contract in contracts[::2]
        ]
        Payment.objects.bulk_create(payments)
    return {payment.contract.number: payment.amount for payment in payments}


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"bound": "floor"}, "valuation_bound"),
        ({"price": 1}, "valuation_bound"),
        ({"bound": "roof"}, "valuation_bound"),
        ({"toman_per_gram_750": 0}, "valuation_prices"),
        ({"outstanding_value": 10**12}, "valuation_share_of_the_gold"),
        ({"basis": "rumour"}, "valuation_basis"),
    ],
)
def test_the_database_refuses_a_valuation_that_does_not_fit_in_itself(
    shop: Shop, wrong: dict[str, object], constraint: str
) -> None:
    with in_tenant(shop.id):
        contract = signed()
    accept(PRICE, now=NOW)
    revalue()
    with in_tenant(shop.id), pytest.raises(IntegrityError, match=constraint):
        Valuation.objects.filter(contract=contract).update(**wrong)


def test_half_a_toman_goes_up_as_the_database_rounds() -> None:
    assert [half_up(Fraction(1, 2)), half_up(Fraction(3, 2)), half_up(Fraction(149, 100))] == [1, 2, 1]
