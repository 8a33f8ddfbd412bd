"""The world's price as a band: what makes one, what does not, and what it decides."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pricing.test_consensus import NOW, held, judge, said
from zargar.calendars.sessions import session_at
from zargar.pricing.band import Band, world_band
from zargar.pricing.consensus import decide
from zargar.pricing.quotes import Instrument, Quote, Toman, Unit
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reference, State
from zargar.pricing.rules import Rules

RULES = Rules()
TUESDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LAST_WORDS = datetime(2026, 11, 27, 21, 58, tzinfo=UTC)  # two minutes before New York closed for the weekend
OUNCE, DOLLAR = "4258.49", "180450"
VALUE = Decimal(OUNCE) * Decimal(DOLLAR) / Decimal("31.1034768") * 3 / 4
BAND = Band(Toman(Decimal(18_500_000)), Toman(Decimal(17_390_000)), Toman(Decimal(19_610_000)))


def ounce(price: str, *, at: datetime | None = TUESDAY) -> Quote:
    return Quote.one_sided(Instrument.OUNCE, Decimal(price), Unit.US_DOLLAR, source_time=at)


def dollar(price: str, *, at: datetime | None = TUESDAY) -> Quote:
    return Quote.one_sided(Instrument.USD, Decimal(price), Unit.TOMAN, source_time=at)


def test_two_ounces_and_two_dollars_make_a_band_of_six_per_cent() -> None:
    band = world_band(
        [ounce(OUNCE), ounce(OUNCE), dollar(DOLLAR), dollar(DOLLAR)], now=TUESDAY, rules=RULES
    )  # fmt: skip
    assert band is not None
    assert band.value == VALUE
    assert (band.low, band.high) == (VALUE * Decimal("0.94"), VALUE * Decimal("1.06"))


@pytest.mark.parametrize(
    "quotes",
    [
        [],
        [ounce(OUNCE), dollar(DOLLAR), dollar(DOLLAR)],
        [ounce(OUNCE), ounce(OUNCE), dollar(DOLLAR)],
        [ounce(OUNCE), ounce("4046.35"), dollar(DOLLAR), dollar(DOLLAR)],
        [ounce(OUNCE), ounce(OUNCE), dollar(DOLLAR), dollar("1804500")],
        [ounce(OUNCE), ounce(OUNCE, at=TUESDAY - timedelta(hours=1)), dollar(DOLLAR), dollar(DOLLAR)],
        [ounce(OUNCE), ounce(OUNCE, at=None), dollar(DOLLAR), dollar(DOLLAR)],
        [ounce(OUNCE), ounce(OUNCE, at=TUESDAY + timedelta(hours=1)), dollar(DOLLAR), dollar(DOLLAR)],
        [ounce(OUNCE), ounce(OUNCE), dollar(DOLLAR), dollar(DOLLAR, at=TUESDAY - timedelta(days=3))],
    ],
    ids=["none", "one ounce", "one dollar", "ounces apart", "tenfold", "old", "unstamped", "ahead", "old dollar"],
)
def test_without_two_that_agree_there_is_no_band(quotes: list[Quote]) -> None:
    assert world_band(quotes, now=TUESDAY, rules=RULES) is None


def test_one_that_is_off_among_three_is_left_out() -> None:
    quotes = [ounce(OUNCE), ounce(OUNCE), ounce("4046.35"), dollar(DOLLAR), dollar(DOLLAR)]
    band = world_band(quotes, now=TUESDAY, rules=RULES)
    assert band is not None
    assert band.value == VALUE


def test_at_the_weekend_the_last_price_of_the_world_counts() -> None:
    quotes = [ounce(OUNCE, at=LAST_WORDS)] * 2 + [dollar(DOLLAR, at=SATURDAY)] * 2
    assert world_band(quotes, now=SATURDAY, rules=RULES) is not None
    assert world_band(quotes, now=TUESDAY + timedelta(days=7), rules=RULES) is None


def first(price: Decimal, *, band: Band | None, recent: list[PastTick] | None = None) -> Decision:
    readings = [said(name, str(price)) for name in "abc"]
    return decide(
        readings, last=None, recent=recent or [], session=session_at(NOW), now=NOW, rules=RULES, band=band
    )  # fmt: skip


@given(st.sampled_from(["10", "0.1", "1000", "0.001", "100", "0.01"]), st.integers(17_500_000, 19_500_000))
def test_not_even_all_boards_together_get_another_unit_past_the_world(slip: str, honest: int) -> None:
    price = honest * Decimal(slip)
    for_an_hour = [PastTick(NOW - timedelta(minutes=5 * n), State.HELD, Toman(price), {}) for n in range(1, 13)]
    assert isinstance(first(price, band=BAND), Held)
    decision = first(price, band=BAND, recent=for_an_hour)
    assert isinstance(decision, Held)
    assert decision.last is None
    assert "another unit" in decision.reason


def test_a_first_price_outside_the_band_is_held_and_believed_when_it_lasts() -> None:
    price = Decimal(21_000_000)
    lasting = [PastTick(NOW - timedelta(minutes=5 * n), State.HELD, Toman(price), {}) for n in range(1, 4)]
    assert isinstance(first(price, band=BAND), Held)
    assert isinstance(first(price, band=BAND, recent=lasting), Accepted)
    assert isinstance(first(price, band=None), Accepted)


@pytest.mark.parametrize(
    ("families", "price", "hours", "band", "accepted"),
    [
        (2, 18_500_000, 11, BAND, True),  # 7.5 % overnight: last night's price says little, the world agrees
        (2, 18_500_000, 11, None, False),
        (2, 18_500_000, 1, BAND, False),  # in the middle of a session a wide move needs a third family
        (2, 19_400_000, 11, BAND, False),  # 12.8 %: more than the quorum alone may carry
        (3, 19_400_000, 11, BAND, True),
        (3, 19_400_000, 11, None, False),
        (3, 18_500_000, 1, None, True),
    ],
)
def test_after_a_pause_the_world_speaks_for_what_last_night_does_not(
    *, families: int, price: int, hours: int, band: Band | None, accepted: bool
) -> None:
    last = Reference(Toman(Decimal(17_200_000)), NOW - timedelta(hours=hours))
    readings = [said(f"s{n}", price) for n in range(families)]
    decision = decide(readings, last=last, recent=[], session=session_at(NOW), now=NOW, rules=RULES, band=band)
    assert isinstance(decision, Accepted) is accepted


@given(st.sampled_from(["10", "0.1", "1000", "0.001", "4.3318"]), st.booleans())
def test_the_day_on_which_all_boards_change_their_unit_needs_a_person(slip: str, backed: bool) -> None:  # noqa: FBT001 -- hypothesis
    price = Toman(18_500_000 * Decimal(slip))
    moved_along = Band(price, price, price) if backed else None
    last = Reference(Toman(Decimal(18_500_000)), NOW - timedelta(hours=11))
    for_an_hour = [PastTick(NOW - timedelta(minutes=5 * n), State.HELD, price, {}) for n in range(1, 13)]
    readings = [said(name, str(price)) for name in "abcde"]
    session = session_at(NOW)
    decision = decide(readings, last=last, recent=for_an_hour, session=session, now=NOW, rules=RULES, band=moved_along)
    assert isinstance(decision, Held)
    assert "another unit" in decision.reason


@pytest.mark.parametrize(("days", "factor", "accepted"), [(20, 3, False), (40, 3, True), (400, 10, False)])
def test_after_a_month_without_a_price_gold_may_have_tripled_but_not_changed_its_unit(
    *, days: int, factor: int, accepted: bool
) -> None:
    price = Toman(Decimal(7_570_000 * factor))
    last = Reference(Toman(Decimal(7_570_000)), NOW - timedelta(days=days))
    held_level = [PastTick(NOW - timedelta(minutes=5 * n), State.HELD, price, {}) for n in range(1, 5)]
    readings = [said(name, str(price)) for name in "abc"]
    decision = decide(readings, last=last, recent=held_level, session=session_at(NOW), now=NOW, rules=RULES)
    assert isinstance(decision, Accepted) is accepted


def test_a_small_move_does_not_ask_the_world() -> None:
    last = Reference(Toman(Decimal(40_000_000)), NOW - timedelta(minutes=5))
    readings = [said("a", 40_100_000), said("b", 40_100_000)]
    decision = decide(readings, last=last, recent=[], session=session_at(NOW), now=NOW, rules=RULES, band=BAND)
    assert isinstance(decision, Accepted)


@given(
    st.lists(st.integers(18_500_000, 18_570_000), min_size=3, max_size=6),
    st.decimals("0.52", "1.95", places=2).filter(lambda factor: abs(factor - 1) > Decimal("0.11")),
)
def test_a_true_re_level_of_three_families_is_believed_within_half_an_hour(levels: list[int], factor: Decimal) -> None:
    last = Reference(Toman(Decimal(18_530_000)), NOW)
    past: list[PastTick] = []
    for minutes in range(5, 31, 5):
        now = NOW + timedelta(minutes=minutes)
        readings = [said(f"s{n}", str(level * factor), changed_at=now) for n, level in enumerate(levels)]
        decision = decide(readings, last=last, recent=past, session=session_at(now), now=now, rules=RULES)
        if isinstance(decision, Accepted):
            return
        assert isinstance(decision, Held)
        past.append(PastTick(now, State.HELD, decision.candidate, {}))
    raise AssertionError(decision.reason)


@given(st.lists(st.integers(18_500_000, 18_570_000), min_size=2, max_size=5), st.integers(1, 10**12))
def test_no_single_family_moves_the_price_beyond_its_threshold(honest: list[int], wild: int) -> None:
    readings = [said(f"honest{n}", price) for n, price in enumerate(honest)]
    without, with_it = judge(*readings), judge(*readings, said("wild", wild))
    assert isinstance(without, Accepted)
    assert isinstance(with_it, Accepted)
    assert abs(with_it.price - without.price) <= without.price * RULES.agreement


def test_the_same_inputs_give_the_same_decision() -> None:
    readings = [said("a", 18_500_000), said("b", 185_000_000), said("c", 18_520_000)]
    assert judge(*readings, recent=held(10, 5)) == judge(*readings, recent=held(10, 5))
