"""Five karats out of one price, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.karats import KARATS, UnsupportedKaratError, five_karats, karat_price
from zargar.pricing.quotes import Toman

PRICES = st.decimals(min_value=1, max_value=10**12, places=6, allow_nan=False, allow_infinity=False)


def test_the_five_karats_of_a_price() -> None:
    assert five_karats(Toman(Decimal(18_530_000))) == {
        14: 14_412_222, 18: 18_530_000, 21: 21_618_333, 22: 22_647_778, 24: 24_706_667,
    }  # fmt: skip


@given(st.integers(1, 10**12))
def test_eighteen_karat_is_the_price_itself(price: int) -> None:
    assert karat_price(18, Toman(Decimal(price))) == price


@given(PRICES, st.sampled_from(KARATS))
def test_a_karat_is_off_by_half_a_toman_at_most(price: Decimal, karat: int) -> None:
    exact = Fraction(price) * 4 / 3 * karat / 24
    assert abs(Fraction(karat_price(karat, Toman(price))) - exact) <= Fraction(1, 2)


@given(PRICES)
def test_a_purer_karat_never_costs_less(price: Decimal) -> None:
    prices = list(five_karats(Toman(price)).values())
    assert prices == sorted(prices)


def test_half_a_toman_is_rounded_to_the_even_one() -> None:
    assert [karat_price(18, Toman(Decimal(price))) for price in ("10.5", "11.5")] == [10, 12]


@pytest.mark.parametrize("karat", [9, 0, -18, 23, True, "18", 18.0, None])
def test_another_karat_is_refused_and_the_five_are_named(karat: object) -> None:
    with pytest.raises(UnsupportedKaratError, match="14, 18, 21, 22, 24"):
        karat_price(karat, Toman(Decimal(18_530_000)))  # type: ignore[arg-type]  # what a message may hold
