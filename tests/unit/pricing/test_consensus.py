"""The judge: which price the families carry, and what he does not believe."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from zargar.calendars.sessions import session_at
from zargar.pricing.consensus import decide
from zargar.pricing.quotes import Instrument, Quote, Rejection, Toman, Unit, Why
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reading, Reference, Stale, State
from zargar.pricing.rules import Rules

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday, 15:30 in Tehran
NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
LAST = 18_530_000
MINUTE = timedelta(minutes=1)


def said(
    source: str,
    price: int | str,
    *,
    family: str | None = None,
    stamp: datetime | None = None,
    changed_at: datetime | None = NOW,
) -> Reading:
    quote = Quote.one_sided(Instrument.GOLD_750, Decimal(price), Unit.TOMAN, source_time=stamp)
    return Reading(source, family or source, (quote,), (), changed_at)


def silent(source: str, why: Why = Why.TIMEOUT) -> Reading:
    return Reading(source, source, (), (Rejection("", why),))


def judge(
    *readings: Reading,
    last: int | None = LAST,
    recent: Sequence[PastTick] = (),
    now: datetime = NOW,
    rules: Rules = Rules(),  # noqa: B008 -- frozen
    by_operator: bool = False,
) -> Decision:
    reference = None if last is None else Reference(Toman(Decimal(last)), now - 5 * MINUTE, by_operator=by_operator)
    return decide(readings, last=reference, recent=recent, session=session_at(now), now=now, rules=rules)


def why(decision: Decision) -> dict[str, Why]:
    return {refused.source: refused.why for refused in decision.rejected}


def test_two_families_that_agree_make_the_price_their_mean() -> None:
    decision = judge(said("wallgold", 18_611_000), said("tgju", 18_560_000))
    assert isinstance(decision, Accepted)
    assert decision.price == 18_585_500
    assert (decision.used, decision.rejected) == (("tgju", "wallgold"), ())


def test_three_families_make_it_their_median() -> None:
    decision = judge(said("a", 18_500_000), said("b", 18_530_000), said("c", 18_600_000))
    assert isinstance(decision, Accepted)
    assert decision.price == 18_530_000


@pytest.mark.parametrize("slip", ["10", "0.1", "1000", "0.001", "1.02", "0.97"])
def test_a_board_that_slips_never_moves_the_price_of_the_other_two(slip: str) -> None:
    wild = str(Decimal(18_500_000) * Decimal(slip))
    decision = judge(said("a", 18_530_000), said("b", 18_560_000), said("wild", wild))
    assert isinstance(decision, Accepted)
    assert decision.price == 18_545_000
    assert why(decision) == {"wild": Why.FAR_FROM_OTHERS}


@pytest.mark.parametrize("last", [LAST, None, LAST * 10])
def test_of_two_that_disagree_neither_is_believed(last: int | None) -> None:
    decision = judge(said("a", 18_530_000), said("b", 185_300_000), last=last)
    assert isinstance(decision, Stale)
    assert why(decision) == {"a": Why.FAR_FROM_OTHERS, "b": Why.FAR_FROM_OTHERS}


def test_two_against_two_is_no_majority() -> None:
    decision = judge(said("a", 18_530_000), said("b", 18_535_000), said("c", 37_060_000), said("d", 37_061_000))
    assert isinstance(decision, Stale)
    assert set(why(decision).values()) == {Why.FAR_FROM_OTHERS}


def test_exactly_the_limit_still_agrees() -> None:
    assert isinstance(judge(said("a", 10_000_000), said("b", 10_100_000), last=None), Accepted)
    assert isinstance(judge(said("a", 10_000_000), said("b", 10_100_001), last=None), Stale)


def test_boards_of_one_family_are_one_opinion() -> None:
    decision = judge(said("talasea", 18_530_000), said("snapp", 18_531_000, family="talasea"))
    assert isinstance(decision, Stale)
    assert "1 of 2 needed families agree" in decision.reason


def test_one_family_alone_is_stale_and_says_who_is_missing_and_why() -> None:
    decision = judge(said("wallgold", 18_530_000), silent("tgju"))
    assert isinstance(decision, Stale)
    assert decision.reason == "1 of 2 needed families agree; not counted: tgju (timeout)"
    assert (decision.last, decision.age) == (Reference(Toman(Decimal(LAST)), NOW - 5 * MINUTE), 5 * MINUTE)


def test_a_stale_tick_before_any_price_has_no_age() -> None:
    decision = judge(silent("wallgold"), silent("tgju"), last=None)
    assert isinstance(decision, Stale)
    assert (decision.last, decision.age) == (None, None)


def test_only_gold_of_750_counts() -> None:
    coin = Quote.one_sided(Instrument.EMAMI, Decimal(184_000_000), Unit.TOMAN, source_time=None)
    decision = judge(said("wallgold", 18_530_000), Reading("tgju", "tgju", (coin,)))
    assert isinstance(decision, Stale)
    assert "tgju (no price)" in decision.reason


def test_a_clock_that_runs_ahead_is_no_observation() -> None:
    ahead = NOW + timedelta(seconds=31)
    decision = judge(said("a", LAST), said("b", LAST), said("c", LAST, stamp=ahead))
    assert why(decision) == {"c": Why.FUTURE}
    assert why(judge(said("a", LAST), said("b", LAST), said("c", LAST, stamp=NOW + timedelta(seconds=30)))) == {}


def test_in_session_a_stamp_older_than_ninety_minutes_is_stale() -> None:
    old = said("tgju", LAST, stamp=NOW - 91 * MINUTE)
    decision = judge(said("wallgold", LAST), old)
    assert isinstance(decision, Stale)
    assert why(decision) == {"tgju": Why.STALE}
    assert isinstance(judge(said("wallgold", LAST), said("tgju", LAST, stamp=NOW - 90 * MINUTE)), Accepted)


def test_at_night_the_evenings_stamp_is_good_enough() -> None:
    evening = session_at(NIGHT).closes_at - 80 * MINUTE
    afternoon = session_at(NIGHT).closes_at - 100 * MINUTE
    assert isinstance(judge(said("wallgold", LAST), said("tgju", LAST, stamp=evening), now=NIGHT), Accepted)
    assert why(judge(said("wallgold", LAST), said("tgju", LAST, stamp=afternoon), now=NIGHT)) == {"tgju": Why.STALE}


def then(price: int, *, at: datetime, families: Sequence[str] = ("a", "b", "tgju")) -> PastTick:
    level = Toman(Decimal(price))
    return PastTick(at, State.ACCEPTED, level, dict.fromkeys(families, level))


def test_a_value_that_stands_still_while_the_others_move_is_frozen() -> None:
    since = NOW - 120 * MINUTE
    readings = (
        said("a", 18_600_000), said("b", 18_610_000),
        said("tgju", 18_530_000, stamp=NOW - MINUTE, changed_at=since),
    )  # fmt: skip
    decision = judge(*readings, recent=[then(18_530_000, at=since)])
    assert isinstance(decision, Accepted)
    assert why(decision) == {"tgju": Why.FROZEN}
    assert decision.price == 18_605_000


def test_a_value_that_stands_still_while_nobody_moves_is_a_quiet_market() -> None:
    since = NOW - 120 * MINUTE
    readings = said("a", 18_535_000), said("b", 18_530_000), said("tgju", 18_530_000, changed_at=since)
    assert why(judge(*readings, recent=[then(18_530_000, at=since)])) == {}


def test_a_value_is_not_frozen_before_ninety_minutes_of_session() -> None:
    since = NOW - 80 * MINUTE
    readings = said("a", 18_600_000), said("b", 18_610_000), said("tgju", 18_530_000, changed_at=since)
    assert why(judge(*readings, recent=[then(18_530_000, at=since)])) == {}


def test_one_wild_board_does_not_make_a_quiet_one_frozen() -> None:
    since = NOW - 120 * MINUTE
    readings = said("a", 18_532_000), said("b", 185_300_000), said("tgju", 18_530_000, changed_at=since)
    decision = judge(*readings, recent=[then(18_530_000, at=since)])
    assert isinstance(decision, Accepted)
    assert why(decision) == {"b": Why.FAR_FROM_OTHERS}


@pytest.mark.parametrize(
    ("jump", "families", "kind"),
    [
        ("1.02", 2, Accepted),
        ("0.98", 2, Accepted),
        ("1.021", 2, Held),
        ("0.95", 2, Held),
        ("1.05", 3, Accepted),
        ("0.90", 3, Accepted),
        ("1.101", 3, Held),
        ("0.76", 3, Held),
        ("10", 3, Held),
    ],
)
def test_the_wider_the_jump_the_more_families_it_needs(jump: str, families: int, kind: type[Decision]) -> None:
    price = str(Decimal(LAST) * Decimal(jump))
    decision = judge(*(said(f"s{n}", price) for n in range(families)))
    assert isinstance(decision, kind)


def test_a_held_tick_names_the_candidate_and_the_distance() -> None:
    decision = judge(said("a", 14_000_000), said("b", 14_000_000))
    assert isinstance(decision, Held)
    assert decision.candidate == 14_000_000
    assert "24.45% from the last price 18530000" in decision.reason


def held(*minutes_ago: int, level: int = 14_100_000) -> list[PastTick]:
    return [PastTick(NOW - m * MINUTE, State.HELD, Toman(Decimal(level)), {}) for m in minutes_ago]


def relevel(recent: Sequence[PastTick]) -> Decision:
    return judge(said("a", 14_100_000), said("b", 14_110_000), recent=recent)


def test_a_level_that_holds_for_a_quarter_of_an_hour_is_believed() -> None:
    decision = relevel(held(15, 10, 5))
    assert isinstance(decision, Accepted)
    assert decision.reason.startswith("re-level by 23.88%")


def test_a_level_that_came_a_moment_ago_is_not_believed_however_often_it_is_seen() -> None:
    assert isinstance(relevel(held(10, 5)), Held)
    assert isinstance(relevel(held(*range(14, 0, -1))), Held)
    assert isinstance(relevel(held(15)), Held)


def test_a_run_that_was_broken_starts_again() -> None:
    stale = PastTick(NOW - 7 * MINUTE, State.STALE, None, {})
    assert isinstance(relevel([*held(20, 15, 10, 5), stale]), Held)
    assert isinstance(relevel([*held(20, 15), *held(10, level=12_000_000), *held(5)]), Held)


def test_an_operators_price_is_the_new_level() -> None:
    readings = said("a", 14_100_000), said("b", 14_110_000)
    assert isinstance(judge(*readings, last=14_000_000, by_operator=True), Accepted)
    decision = judge(*readings, by_operator=True)
    assert isinstance(decision, Held)
    assert "from the operator's price" in decision.reason


def test_the_quorum_is_a_choice_of_the_deployment() -> None:
    readings = said("a", LAST), said("b", LAST)
    assert isinstance(judge(*readings, rules=Rules(quorum=3)), Stale)
    assert isinstance(judge(readings[0], rules=Rules(quorum=1)), Accepted)
