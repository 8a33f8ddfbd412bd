"""What a shop is answered: marked with what it is, or no number at all."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from zargar.pricing.current import Facts, LatestTick, OperatorPrice, Priced, Standing, answer
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PRICE, SET_PRICE = Toman(Decimal(18_530_000)), Toman(Decimal(19_000_000))


def ago(**span: int) -> datetime:
    return NOW - timedelta(**span)


def priced(at: datetime) -> Priced:
    return Priced(PRICE, at)


def override(at: datetime, *, until: datetime = NOW + timedelta(hours=1)) -> OperatorPrice:
    return OperatorPrice(SET_PRICE, at, until, "the boards are down")


def test_a_price_agreed_on_just_now_is_live() -> None:
    facts = Facts(priced(ago(minutes=4)), None, LatestTick(ago(minutes=4), State.ACCEPTED, "2 families agree"))
    answered = answer(facts, now=NOW)
    assert (answered.standing, answered.price, answered.age) == (Standing.LIVE, PRICE, timedelta(minutes=4))
    assert answered.karats[18] == PRICE


@pytest.mark.parametrize("state", [State.STALE, State.HELD])
def test_when_the_boards_stop_agreeing_the_last_price_is_a_fallback_with_its_age(state: State) -> None:
    facts = Facts(priced(ago(minutes=9)), None, LatestTick(ago(minutes=4), state, "1 of 2 needed families agree"))
    answered = answer(facts, now=NOW)
    assert (answered.standing, answered.price, answered.age) == (Standing.FALLBACK, PRICE, timedelta(minutes=9))
    assert len(answered.karats) == 5
    assert "1 of 2" in answered.reason


def test_a_price_that_nobody_renewed_is_a_fallback_after_a_quarter_of_an_hour() -> None:
    facts = Facts(priced(ago(minutes=15)), None, LatestTick(ago(minutes=15), State.ACCEPTED, "2 families agree"))
    assert answer(facts, now=NOW).standing is Standing.FALLBACK
    assert answer(facts, now=NOW - timedelta(seconds=1)).standing is Standing.LIVE


def test_while_the_boards_are_silent_a_newer_price_of_an_operator_counts() -> None:
    latest = LatestTick(ago(minutes=4), State.STALE, "nobody answers")
    answered = answer(Facts(priced(ago(hours=3)), override(ago(hours=1)), latest), now=NOW)
    assert (answered.standing, answered.price, answered.age) == (Standing.OPERATOR, SET_PRICE, timedelta(hours=1))
    older = answer(Facts(priced(ago(hours=1)), override(ago(hours=3)), latest), now=NOW)
    assert (older.standing, older.price) == (Standing.FALLBACK, PRICE)


def test_a_live_price_is_not_overruled() -> None:
    facts = Facts(
        priced(ago(minutes=1)),
        override(ago(seconds=30)),
        LatestTick(ago(minutes=1), State.ACCEPTED, "3 families agree"),
    )
    assert answer(facts, now=NOW).standing is Standing.LIVE


def test_an_override_that_has_run_out_is_not_used() -> None:
    facts = Facts(priced(ago(hours=3)), override(ago(hours=1), until=NOW), LatestTick(ago(minutes=4), State.STALE, "-"))
    assert answer(facts, now=NOW).standing is Standing.FALLBACK


def test_without_any_price_there_is_no_number() -> None:
    for latest in (None, LatestTick(ago(minutes=4), State.STALE, "nobody answers")):
        answered = answer(Facts(None, None, latest), now=NOW)
        assert (answered.standing, answered.price, answered.karats) == (Standing.NONE, None, {})
        assert answered.reason.startswith("no price")


def test_an_operators_price_serves_where_none_was_ever_accepted() -> None:
    answered = answer(Facts(None, override(ago(minutes=1)), None), now=NOW)
    assert (answered.standing, answered.price) == (Standing.OPERATOR, SET_PRICE)
