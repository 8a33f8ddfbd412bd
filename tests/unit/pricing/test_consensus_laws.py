"""Laws that hold for whatever the boards say."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pricing.test_consensus import LAST, NOW, held, judge, said, silent, why
from zargar.pricing.agreement import agree, distance
from zargar.pricing.quotes import Toman, Why
from zargar.pricing.readings import Accepted, Held, Reading, Stale
from zargar.pricing.rules import Rules

RULES = Rules()
HONEST = st.integers(18_500_000, 18_570_000)  # within 0.4 %
ANY = st.integers(1, 10**12)
SLIPS = st.sampled_from(
    [Decimal(10), Decimal("0.1"), Decimal(1000), Decimal("0.001"), Decimal("4.6083"), Decimal("1.05")]
)


@st.composite
def markets(draw: st.DrawFn) -> list[Reading]:
    """Up to six sources in up to four families that say anything, or nothing."""
    readings = []
    for number in range(draw(st.integers(0, 6))):
        name, family = f"s{number}", draw(st.sampled_from(["a", "b", "c", "d"]))
        if draw(st.booleans()):
            stamp = NOW + timedelta(minutes=draw(st.integers(-200, 5)))
            changed = NOW - timedelta(minutes=draw(st.integers(0, 300)))
            price = draw(HONEST | ANY)
            readings.append(said(name, price, family=family, stamp=stamp, changed_at=changed))
        else:
            readings.append(silent(name))
    return readings


@given(markets(), st.randoms(use_true_random=False), st.none() | ANY)
def test_the_order_of_what_is_said_does_not_matter(readings: list[Reading], random: Random, last: int | None) -> None:
    recent = held(20, 15, 10, 5)
    shuffled, past = list(readings), list(recent)
    random.shuffle(shuffled)
    random.shuffle(past)
    assert judge(*readings, last=last, recent=recent) == judge(*shuffled, last=last, recent=past)


@given(st.lists(st.tuples(st.sampled_from("abcde"), HONEST | HONEST | ANY), min_size=2, max_size=7), st.none() | ANY)
def test_a_price_has_a_quorum_and_lies_among_those_that_carry_it(told: list[tuple[str, int]], last: int | None) -> None:
    readings = [said(f"s{number}", price, family=family) for number, (family, price) in enumerate(told)]
    decision = judge(*readings, last=last)
    if isinstance(decision, Stale):
        return
    used = [reading for reading in readings if reading.source in decision.used]
    prices = [reading.gold.mid for reading in used if reading.gold]
    price = decision.price if isinstance(decision, Accepted) else decision.candidate
    assert len({reading.family for reading in used}) >= RULES.quorum
    assert min(prices) <= price <= max(prices)


@given(st.lists(HONEST, min_size=2, max_size=5), SLIPS, st.none() | st.just(LAST))
def test_one_board_that_slips_among_honest_ones_is_found(honest: list[int], slip: Decimal, last: int | None) -> None:
    readings = [said(f"honest{number}", price) for number, price in enumerate(honest)]
    decision = judge(*readings, said("wild", str(Decimal(honest[0]) * slip)), last=last)
    assert isinstance(decision, Accepted)
    assert why(decision) == {"wild": Why.FAR_FROM_OTHERS}
    assert min(honest) <= decision.price <= max(honest)


@given(HONEST, SLIPS, st.none() | ANY)
def test_no_slip_of_a_unit_is_ever_accepted_from_two(price: int, slip: Decimal, last: int | None) -> None:
    decision = judge(said("a", price), said("b", str(price * slip)), last=last)
    assert not isinstance(decision, Accepted | Held)


@given(st.lists(ANY, min_size=2, max_size=6), ANY)
def test_without_a_run_of_held_ticks_a_wide_jump_is_never_accepted(prices: list[int], last: int) -> None:
    decision = judge(*(said(f"s{n}", price) for n, price in enumerate(prices)), last=last)
    if isinstance(decision, Accepted):
        jump = abs(decision.price - last) / last
        assert jump <= RULES.wide_jump
        assert jump <= RULES.normal_jump or len(decision.used) >= RULES.wide_families


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 10**9) | HONEST, max_size=7))
def test_families_that_agree_are_a_majority_and_each_near_the_others(said_prices: dict[str, int]) -> None:
    prices = {family: Toman(Decimal(price)) for family, price in said_prices.items()}
    agreement = agree(prices, RULES.agreement)
    assert set(agreement.together) | set(agreement.apart) == set(prices)
    assert not set(agreement.together) & set(agreement.apart)
    if agreement.together:
        assert 2 * len(agreement.together) > len(prices)
        assert all(distance(family, agreement.together) <= RULES.agreement for family in agreement.together)
