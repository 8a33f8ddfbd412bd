"""What 18 and 24 karat mean is named by a deployment, and everything that shows a karat is told."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zargar
from zargar.pricing.current import Facts, LatestTick, Priced, answer
from zargar.pricing.karats import (
    FINENESSES_OF_18,
    FINENESSES_OF_24,
    KARATS,
    Fineness,
    UnknownFinenessError,
    five_karats,
    karat_price,
)
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

PRICE = Toman(Decimal(18_530_000))
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
CONVENTIONS = [Fineness(of_18=of_18, of_24=of_24) for of_18 in FINENESSES_OF_18 for of_24 in FINENESSES_OF_24]
TOLD = {"five_karats": 2, "karat_price": 3, "current_price": None}
"""Calls that derive karats, and from which number of positional arguments on they are told the convention."""


@pytest.mark.parametrize(("of_24", "price"), [("1000", 24_706_667), ("999.9", 24_704_196), ("995", 24_583_133)])
def test_the_three_conventions_of_24_karat(of_24: str, price: int) -> None:
    assert karat_price(24, PRICE, Fineness(of_24=Decimal(of_24))) == price


def test_the_two_of_18_karat_and_the_price_itself_stays_that_of_750() -> None:
    assert karat_price(18, PRICE, Fineness(of_18=Decimal(740))) == 18_282_933
    facts = Facts(Priced(PRICE, NOW), None, LatestTick(NOW, State.ACCEPTED, "agreed"))
    answered = answer(facts, now=NOW + timedelta(minutes=1), fineness=Fineness(of_18=Decimal(740)))
    assert answered.price == PRICE
    assert (answered.karats[18], answered.karats[21]) == (Decimal(18_282_933), Decimal(21_618_333))


@given(st.decimals(min_value=1, max_value=10**9, places=6), st.sampled_from(CONVENTIONS), st.sampled_from(KARATS))
def test_a_karat_is_its_share_of_gold_to_half_a_toman_and_finer_gold_is_never_cheaper(
    price: Decimal, fineness: Fineness, karat: int
) -> None:
    per_mille = {18: fineness.of_18, 24: fineness.of_24}.get(karat)
    share = Fraction(karat, 24) if per_mille is None else Fraction(per_mille) / 1000
    exact = Fraction(price) * share * Fraction(4, 3)
    assert abs(Fraction(karat_price(karat, Toman(price), fineness)) - exact) <= Fraction(1, 2)
    prices = list(five_karats(Toman(price), fineness).values())
    assert prices == sorted(prices)


@pytest.mark.parametrize(("of_18", "of_24"), [("749", "1000"), ("750", "999"), ("750", "NaN"), ("0.75", "1000")])
def test_what_nobody_means_by_a_karat_is_refused(of_18: str, of_24: str) -> None:
    with pytest.raises(UnknownFinenessError):
        Fineness(of_18=Decimal(of_18), of_24=Decimal(of_24))


def test_the_defaults_of_both_karats_are_the_even_ones() -> None:
    assert [Fineness().of(karat) for karat in KARATS] == [Fraction(karat, 24) for karat in KARATS]


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(Path(zargar.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in TOLD:
                    yield f"{path.name}:{node.lineno} {name}", node


def test_every_call_in_the_package_that_derives_karats_says_by_which_convention() -> None:
    untold = []
    for where, call in calls():
        enough = TOLD[where.split()[1]]
        if not any(keyword.arg == "fineness" for keyword in call.keywords) and len(call.args) != enough:
            untold.append(where)
    assert untold == []
    assert len(list(calls())) >= 6
