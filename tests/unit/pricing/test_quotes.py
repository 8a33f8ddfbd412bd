"""A quote carries its unit, its sides and its clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.calendars.sessions import session_at
from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Source, Terms
from zargar.pricing.consensus import decide
from zargar.pricing.quotes import (
    Instrument,
    Quote,
    QuoteError,
    Rejection,
    Rial,
    Toman,
    Unit,
    Why,
    new_rial_of,
    qiran_of,
    rial_of,
    toman_of,
    toman_of_new_rial,
    toman_of_qiran,
)
from zargar.pricing.readings import Accepted, Reading
from zargar.pricing.rules import Rules

PRICE = Decimal(18_530_000)
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
AMOUNTS = st.decimals(min_value=1, max_value=10**12, places=4, allow_nan=False, allow_infinity=False)


def one(instrument: Instrument, price: Decimal, unit: Unit = Unit.TOMAN) -> Quote:
    return Quote.one_sided(instrument, price, unit, source_time=None)


def test_ten_rial_are_one_toman() -> None:
    assert toman_of(Rial(Decimal(185_300_000))) == PRICE
    assert rial_of(Toman(PRICE)) == 185_300_000


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        (Unit.TOMAN, "18530000"),
        (Unit.RIAL, "185300000"),
        (Unit.HUNDRED_TOMAN, "185300"),
        (Unit.THOUSAND_TOMAN, "18530"),
        (Unit.TOMAN_PER_MILLIGRAM, "18530"),
        (Unit.NEW_RIAL, "18530"),
        (Unit.QIRAN, "1853000"),
    ],
)
def test_every_unit_says_the_same_price(unit: Unit, number: str) -> None:
    quote = one(Instrument.GOLD_750, Decimal(number), unit)
    assert (quote.mid, quote.raw, quote.unit) == (PRICE, number, unit)


@given(AMOUNTS, st.sampled_from(Unit))
def test_a_number_survives_every_unit_and_back_exactly(number: Decimal, unit: Unit) -> None:
    assert unit.number(unit.amount(number)) == number
    assert unit.amount(unit.number(Toman(number))) == number


@given(AMOUNTS)
def test_old_and_new_money_convert_exactly_by_the_law_s_figures(amount: Decimal) -> None:
    toman = Toman(amount)
    assert toman_of_new_rial(new_rial_of(toman)) == toman_of_qiran(qiran_of(toman)) == toman_of(rial_of(toman)) == toman
    assert rial_of(toman) == new_rial_of(toman) * 10_000
    assert qiran_of(toman) == new_rial_of(toman) * 100


def test_no_two_units_of_money_are_worth_the_same_so_that_none_can_pass_for_another() -> None:
    money = (Unit.RIAL, Unit.TOMAN, Unit.QIRAN, Unit.HUNDRED_TOMAN, Unit.NEW_RIAL)
    assert [unit.amount(Decimal(1)) for unit in money] == [Decimal("0.1"), 1, 10, 100, 1000]


def test_a_source_is_read_in_the_unit_that_it_declares_whatever_its_number_looks_like() -> None:
    """Three boards of the years of two currencies say one price in three units; a fourth has mixed them up."""

    def said(unit: Unit, number: str) -> Source:
        def read(_: Answer) -> Iterator[Quote | Rejection]:
            yield Quote.one_sided(Instrument.GOLD_750, Decimal(number), unit, source_time=None)

        name = f"{unit} {number}"
        return Source(Board(name, name, "https://board.example", timedelta(minutes=1), Terms.UNSTATED, unit), read)

    nothing = Answer(200, "application/json", b"", NOW)
    boards = [said(Unit.RIAL, "185300000"), said(Unit.TOMAN, "18530000"), said(Unit.NEW_RIAL, "18530")]
    confused = said(Unit.NEW_RIAL, "18530000")
    readings = [Reading(one.board.name, one.board.family, one.read(nothing).quotes) for one in [*boards, confused]]
    decision = decide(readings, last=None, recent=[], session=session_at(NOW), now=NOW, rules=Rules())
    assert isinstance(decision, Accepted)
    assert decision.price == PRICE
    assert [(one.source, one.why) for one in decision.rejected] == [(confused.board.name, Why.FAR_FROM_OTHERS)]


@given(AMOUNTS, AMOUNTS)
def test_the_larger_side_is_the_ask_whatever_a_venue_calls_it(a: Decimal, b: Decimal) -> None:
    quote = Quote.two_sided(Instrument.GOLD_750, a, b, Unit.TOMAN, source_time=None)
    assert quote == Quote.two_sided(Instrument.GOLD_750, b, a, Unit.TOMAN, source_time=None)
    assert quote.bid <= quote.mid <= quote.ask


@pytest.mark.parametrize(
    ("instrument", "price", "grams"),
    [
        (Instrument.GOLD_750, PRICE, 1),
        (Instrument.GOLD_740, PRICE * 740 / 750, 1),
        (Instrument.GOLD_1000, PRICE * 4 / 3, 1),
        (Instrument.MESGHAL, PRICE * Decimal("4.3318"), 1),
    ],
)
def test_every_weight_of_gold_comes_down_to_one_gram_of_750(instrument: Instrument, price: Decimal, grams: int) -> None:
    per_gram = one(instrument, price).toman_per_gram_18k
    assert per_gram is not None
    assert abs(per_gram - PRICE * grams) < Decimal("1e-15")


@pytest.mark.parametrize("instrument", [Instrument.EMAMI, Instrument.USD])
def test_coins_and_the_dollar_have_no_price_per_gram(instrument: Instrument) -> None:
    assert one(instrument, Decimal(184_000_000)).toman_per_gram_18k is None


def test_the_ounce_is_in_dollars() -> None:
    quote = one(Instrument.OUNCE, Decimal("4258.49"), Unit.US_DOLLAR)
    assert (quote.bid, quote.toman_per_gram_18k) == (Decimal("4258.49"), None)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_makes_no_quote(price: str) -> None:
    amount = Toman(Decimal(price))
    with pytest.raises((QuoteError, ArithmeticError)):
        Quote(Instrument.GOLD_750, amount, amount, None, raw=price, unit=Unit.TOMAN)


def test_a_clock_without_a_zone_makes_no_quote() -> None:
    naive = datetime(2026, 8, 6, 7, 38, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(QuoteError):
        Quote.one_sided(Instrument.GOLD_750, PRICE, Unit.TOMAN, source_time=naive)
