"""A move of the market is news when independent families make it together, and a fault when one does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pricing.test_consensus import LAST, MINUTE, NOW, said
from zargar.calendars.sessions import session_at
from zargar.pricing.consensus import decide
from zargar.pricing.movement import leaders
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reference, State
from zargar.pricing.rules import Rules

RULES = Rules()
NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")
THEN = {name: Toman(Decimal(LAST + 10_000 * number)) for number, name in enumerate(NAMES)}


def last(at_minutes_ago: int = 5) -> Reference:
    return Reference(Toman(Decimal(LAST + 35_000)), NOW - at_minutes_ago * MINUTE, families=THEN)


def judge(moves: dict[str, str], *, unaccepted_for: int = 0) -> Decision:
    """Judge eight boards that show what they showed at the last price, times their move."""
    readings = [said(name, str(THEN[name] * Decimal(moves.get(name, "1")))) for name in NAMES]
    recent = [PastTick(NOW - (unaccepted_for + 5) * MINUTE, State.ACCEPTED, last().price, {})]
    recent += [PastTick(NOW - n * MINUTE, State.HELD, last().price, {}) for n in range(5, unaccepted_for + 1, 5)]
    return decide(readings, last=last(), recent=recent, session=session_at(NOW), now=NOW, rules=RULES)


@pytest.mark.parametrize("move", ["1.03", "0.97", "0.76", "1.4"])
def test_while_two_of_eight_have_moved_on_together_the_old_price_is_held(move: str) -> None:
    decision = judge({"a": move, "e": move})
    assert isinstance(decision, Held)
    assert decision.reason == "the market is moving: a, e moved together, 6 families not yet"


def test_one_that_moves_alone_is_a_fault_and_the_price_stands() -> None:
    assert isinstance(judge({"c": "1.03"}), Accepted)


def test_two_that_move_apart_are_two_faults() -> None:
    assert isinstance(judge({"a": "1.03", "b": "0.97"}), Accepted)


@pytest.mark.parametrize("slip", ["10", "0.1", "1000", "4.3318", "0.001"])
def test_two_that_slip_by_a_unit_are_no_market_that_moves(slip: str) -> None:
    assert isinstance(judge({"a": slip, "b": slip}), Accepted)


def test_who_stays_behind_a_move_of_the_majority_holds_nothing_up() -> None:
    decision = judge(dict.fromkeys(NAMES[:6], "1.03"))
    assert isinstance(decision, Accepted)
    assert decision.price > last().price * Decimal("1.025")


def test_a_move_that_the_others_never_make_stops_nothing_after_a_quarter_of_an_hour() -> None:
    moved = {"a": "1.03", "b": "1.03"}
    assert isinstance(judge(moved, unaccepted_for=10), Held)
    assert isinstance(judge(moved, unaccepted_for=15), Accepted)


def test_after_an_operators_price_nobody_is_ahead() -> None:
    level = Reference(Toman(Decimal(LAST)), NOW - timedelta(minutes=5), by_operator=True)
    assert leaders({**THEN, "a": Toman(Decimal(1))}, Toman(Decimal(LAST)), last=level, rules=RULES) == ()


MOVES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1.03", "0.97", "1.006", "10", "1"]), max_size=8)


@given(st.sampled_from(NAMES), st.decimals("0.0001", "10000", places=4))
def test_no_single_family_holds_or_moves_the_price_by_more_than_boards_differ(name: str, move: Decimal) -> None:
    decision = judge({name: str(move)})
    assert isinstance(decision, Accepted)
    assert abs(decision.price / last().price - 1) <= RULES.agreement


@given(MOVES)
def test_an_accepted_price_has_not_been_left_by_two_families_together(moves: dict[str, str]) -> None:
    decision = judge(moves)
    if isinstance(decision, Accepted):
        for move in ("1.03", "0.97"):
            news = [name for name in NAMES if moves.get(name) == move]
            ahead = abs(Decimal(move) - decision.price / last().price) > RULES.lead
            assert len(news) < RULES.leaders or not ahead
