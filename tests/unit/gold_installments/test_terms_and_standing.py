"""The arithmetic of instalments: nothing is lost in splitting, and payments fill the plan from its front."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.calendars.jalali import read_date
from zargar.gold_installments import standing, terms
from zargar.gold_installments.terms import Planned, TermsError

FIRST = read_date("1405/06/31")


def test_the_total_is_the_gold_rounded_to_a_toman_and_the_fees() -> None:
    assert terms.total(grams=Decimal("2.345"), price_per_gram=18_611_001, fees=1_000_000) == 43_642_797 + 1_000_000
    assert terms.total(grams=Decimal("0.500"), price_per_gram=3, fees=0) == 2


def test_the_last_instalment_carries_what_does_not_divide() -> None:
    assert [line.amount for line in terms.plan(owed=100, count=3, first_due=FIRST)] == [33, 33, 34]


def test_instalments_fall_due_on_the_same_day_of_each_jalali_month_or_its_last() -> None:
    due = [line.due_on for line in terms.plan(owed=70, count=7, first_due=FIRST)]
    assert due == [
        read_date(text)
        for text in (
            "1405/06/31", "1405/07/30", "1405/08/30", "1405/09/30", "1405/10/30", "1405/11/30", "1405/12/29",
        )
    ]  # fmt: skip


@given(st.integers(min_value=1, max_value=10**12), st.integers(min_value=1, max_value=60))
def test_a_plan_adds_up_to_what_is_owed_whatever_it_is(owed: int, count: int) -> None:
    if owed < count:
        with pytest.raises(TermsError):
            terms.plan(owed=owed, count=count, first_due=FIRST)
        return
    plan = terms.plan(owed=owed, count=count, first_due=FIRST)
    assert sum(line.amount for line in plan) == owed
    assert [line.sequence for line in plan] == list(range(1, count + 1))
    assert max(line.amount for line in plan) - min(line.amount for line in plan) < count


@pytest.mark.parametrize(("owed", "count"), [(0, 1), (-5, 1), (100, 0), (100, -1)])
def test_no_plan_is_made_of_nothing(owed: int, count: int) -> None:
    with pytest.raises(TermsError):
        terms.plan(owed=owed, count=count, first_due=FIRST)


def plan_of(*amounts: int) -> list[Planned]:
    """A plan with one line a day from FIRST on."""
    return [Planned(n, FIRST + timedelta(days=n - 1), amount) for n, amount in enumerate(amounts, start=1)]


def test_payments_fill_the_oldest_instalments_first_in_whatever_order_the_rows_come() -> None:
    filled = standing.shares(reversed(plan_of(100, 100, 100)), paid=150)
    assert [(share.planned.sequence, share.paid, share.left) for share in filled] == [
        (1, 100, 0), (2, 50, 50), (3, 0, 100),
    ]  # fmt: skip


def test_an_instalment_is_overdue_the_day_after_it_was_due_and_only_for_what_is_left() -> None:
    plan = plan_of(100, 100, 100)
    assert standing.overdue(plan, paid=30, today=FIRST) == 0
    assert standing.overdue(plan, paid=30, today=FIRST + timedelta(days=1)) == 70
    assert standing.overdue(plan, paid=30, today=date(2100, 1, 1)) == 270


@given(st.lists(st.integers(min_value=1, max_value=10**9), min_size=1, max_size=40), st.data())
def test_no_toman_of_a_payment_is_lost_or_counted_twice(amounts: list[int], data: st.DataObject) -> None:
    paid = data.draw(st.integers(min_value=0, max_value=sum(amounts)))
    filled = list(standing.shares(plan_of(*amounts), paid=paid))
    assert sum(share.paid for share in filled) == paid
    assert sum(share.left for share in filled) == sum(amounts) - paid
