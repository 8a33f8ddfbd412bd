"""The newest tick as a trader looks at it: exact where it can be, and silent where nothing is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.calendars.sessions import session_at
from zargar.pricing.quotes import Instrument, Toman
from zargar.pricing.readings import State
from zargar.pricing.rules import Rules
from zargar.pricing.venues import Shown, ShownTick, View, view

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
PRICE = Toman(Decimal(18_600_000))


def shown(source: str, bid: int, ask: int | None = None, **more: object) -> Shown:
    made = Shown(source, source, Instrument.GOLD_750, Decimal(bid), Decimal(ask or bid), None, used=True)
    return replace(made, **more)  # type: ignore[arg-type]  # the fields that a test names


def coin(source: str, toman: int, **more: object) -> Shown:
    return shown(source, toman, None, instrument=Instrument.EMAMI, used=False, **more)


def look(*quotes: Shown, price: Toman | None = PRICE, state: State = State.ACCEPTED) -> View:
    return view(ShownTick(NOW, state, price, quotes), session=session_at(NOW), rules=Rules())


@given(st.decimals(min_value=1, max_value=10**12, places=3))
def test_the_mesghal_is_the_price_exactly_as_boards_reckon_it(price: Decimal) -> None:
    mesghal = look(price=Toman(price)).mesghal
    assert mesghal == price * Decimal("4.3318")
    assert Instrument.MESGHAL.toman_per_gram_18k(mesghal) == price


def test_without_an_accepted_price_there_is_no_mesghal_and_no_distance_from_it() -> None:
    seen = look(shown("a", 18_600_000, 18_650_000), price=None, state=State.HELD)
    assert (seen.mesghal, seen.between) == (None, None)
    assert (seen.venues[0].off, seen.venues[0].unit_suspected) == (None, False)
    assert seen.venues[0].spread == Decimal("2.7")


def test_each_venue_has_its_spread_and_a_board_of_one_number_has_none() -> None:
    tlyn, milli = look(shown("tlyn", 18_451_000, 18_599_000), shown("milli", 18_538_000)).venues[::-1]
    assert (tlyn.spread, tlyn.off) == (Decimal("8.0"), Decimal("-4.0"))
    assert (milli.spread, milli.off) == (None, Decimal("-3.3"))


def test_venues_are_apart_by_the_dearest_and_the_cheapest_that_carried_the_price() -> None:
    wild = shown("wild", 186_000_000, used=False, why="far_from_others")
    seen = look(shown("a", 18_500_000), shown("b", 18_611_600), wild)
    assert seen.between == Decimal("6.0")
    assert look(shown("a", 18_500_000), wild).between is None


@pytest.mark.parametrize(("toman", "suspected"), [(19_158_000, False), (19_158_001, True), (1_860_000, True)])
def test_a_board_so_far_off_is_suspected_of_another_unit(toman: int, *, suspected: bool) -> None:
    assert look(shown("a", toman, used=False)).venues[0].unit_suspected is suspected


def test_the_coin_is_what_two_families_agree_on_and_never_one_alone() -> None:
    assert look(coin("tgju", 190_000_000)).emami is None
    assert look(coin("tgju", 190_000_000), coin("tgju-copy", 190_000_000, family="tgju")).emami is None
    assert look(coin("tgju", 190_000_000), coin("bonbast", 198_000_000)).emami is None
    found = look(coin("tgju", 190_000_000), coin("bonbast", 192_000_000), coin("navasan", 19_100_000)).emami
    assert found is not None
    assert found.price == 191_000_000
    assert (found.families, found.apart) == (("bonbast", "tgju"), ("navasan",))


def test_a_coin_s_price_of_yesterday_does_not_count() -> None:
    old = coin("brsapi", 190_000_000, source_time=NOW - timedelta(hours=4))
    assert look(coin("tgju", 190_000_000), old).emami is None
    assert look(coin("tgju", 190_000_000), replace(old, source_time=NOW - timedelta(hours=1))).emami is not None
