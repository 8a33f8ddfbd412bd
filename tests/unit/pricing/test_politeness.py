"""When a board is left alone, for how long, and how it gets out again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.answers import Answer
from zargar.pricing.politeness import (
    Attempt,
    Cause,
    MannerRules,
    Manners,
    after,
    after_round,
    attempt,
    held_back,
    left_alone,
    retry_after,
)
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.sources import named

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RULES = MannerRules()
FAILED = Attempt(None, Why.TIMEOUT)
WELL = Attempt(200, None)


def through(*attempts: Attempt, apart: timedelta = 5 * MINUTE) -> tuple[Manners, datetime]:
    """The manners of a board after attempts, and when the last one was."""
    manners, at = Manners(), NOW - apart
    for one in attempts:
        at += apart
        manners = after(manners, one, at=at, rules=RULES)
    return manners, at


def may_be_asked(manners: Manners, *, at: datetime) -> bool:
    return held_back(manners, rules=RULES, now=at) is None


def test_a_board_that_nobody_knows_may_be_asked() -> None:
    assert left_alone(Manners(), every=HOUR, rules=RULES, now=NOW) is None


def test_a_board_is_not_asked_before_its_cadence_is_over() -> None:
    manners = after(Manners(), WELL, at=NOW, rules=RULES)
    early = left_alone(manners, every=9 * MINUTE, rules=RULES, now=NOW + 9 * MINUTE - timedelta(seconds=1))
    assert early is not None
    assert (early.cause, early.until) == (Cause.CADENCE, NOW + 9 * MINUTE)
    assert left_alone(manners, every=9 * MINUTE, rules=RULES, now=NOW + 9 * MINUTE) is None


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    manners = Manners(last_asked=NOW + HOUR, failures=9)
    assert left_alone(manners, every=HOUR, rules=RULES, now=NOW) is None


def test_four_failures_are_bad_luck_and_five_open_the_breaker_for_an_hour() -> None:
    four, at = through(*[FAILED] * 4)
    assert may_be_asked(four, at=at + MINUTE)
    five, at = through(*[FAILED] * 5)
    left = held_back(five, rules=RULES, now=at + MINUTE)
    assert left is not None
    assert (left.cause, left.until) == (Cause.FAILING, at + HOUR)
    assert left.because == "5 failures in a row, last timeout"
    assert may_be_asked(five, at=at + HOUR)


def test_a_failed_try_keeps_the_breaker_open_for_another_hour_and_a_success_closes_it() -> None:
    five, at = through(*[FAILED] * 5)
    six = after(five, FAILED, at=at + HOUR, rules=RULES)
    assert not may_be_asked(six, at=at + HOUR + 59 * MINUTE)
    assert may_be_asked(six, at=at + 2 * HOUR)
    assert after(six, WELL, at=at + 2 * HOUR, rules=RULES) == Manners(last_asked=at + 2 * HOUR, status=200)


def test_a_success_between_begins_the_count_anew() -> None:
    manners, at = through(*[FAILED] * 4, WELL, *[FAILED] * 4)
    assert may_be_asked(manners, at=at)


@pytest.mark.parametrize("status", [401, 403])
def test_a_board_that_forbids_is_left_alone_for_one_then_six_then_twenty_four_hours(status: int) -> None:
    forbidden, at, manners = Attempt(status, Why.HTTP_STATUS, str(status)), NOW, Manners()
    for hours in (1, 6, 24, 24):
        manners = after(manners, forbidden, at=at, rules=RULES)
        left = held_back(manners, rules=RULES, now=at + MINUTE)
        assert left is not None
        assert (left.cause, left.until) == (Cause.FORBIDDEN, at + hours * HOUR)
        assert not may_be_asked(manners, at=at + hours * HOUR - MINUTE)
        at += hours * HOUR
        assert may_be_asked(manners, at=at)


def test_a_time_out_between_two_refusals_does_not_shorten_the_wait() -> None:
    forbidden = Attempt(403, Why.HTTP_STATUS)
    manners, at = through(forbidden, FAILED, forbidden, apart=HOUR)
    assert manners.not_before == at + 6 * HOUR


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked_for", "obeyed"), [(7 * MINUTE, 7 * MINUTE), (72 * HOUR, 24 * HOUR)])
def test_a_board_that_asks_to_wait_is_obeyed_up_to_a_day(status: int, asked_for: timedelta, obeyed: timedelta) -> None:
    busy = after(Manners(), Attempt(status, Why.HTTP_STATUS, retry_after=asked_for), at=NOW, rules=RULES)
    left = held_back(busy, rules=RULES, now=NOW + MINUTE)
    assert left is not None
    assert (left.cause, left.until) == (Cause.ASKED_TO_WAIT, NOW + obeyed)


def test_retry_after_on_any_other_status_binds_nobody() -> None:
    assert may_be_asked(
        after(Manners(), Attempt(500, Why.HTTP_STATUS, retry_after=HOUR), at=NOW, rules=RULES), at=NOW + MINUTE
    )


def test_a_wait_that_is_over_is_forgotten_with_the_next_answer() -> None:
    busy = after(Manners(), Attempt(429, Why.HTTP_STATUS, retry_after=HOUR), at=NOW, rules=RULES)
    assert after(busy, FAILED, at=NOW + HOUR, rules=RULES).not_before is None


def test_a_round_in_which_nobody_answers_is_no_boards_failure() -> None:
    known = {"tgju": Manners(failures=2)}
    dark = after_round(known, {"tgju": FAILED, "milli": Attempt(None, Why.UNREACHABLE)}, at=NOW, rules=RULES)
    assert {name: (one.failures, one.why) for name, one in dark.items()} == {
        "tgju": (2, Why.TIMEOUT), "milli": (0, Why.UNREACHABLE),
    }  # fmt: skip
    partly = after_round(known, {"tgju": FAILED, "milli": Attempt(500, Why.HTTP_STATUS)}, at=NOW, rules=RULES)
    assert {name: one.failures for name, one in partly.items()} == {"tgju": 3, "milli": 1}


def test_a_board_that_is_asked_alone_answers_for_its_silence() -> None:
    assert after_round({}, {"tgju": FAILED}, at=NOW, rules=RULES)["tgju"].failures == 1


def test_a_proxy_that_fails_is_no_boards_failure() -> None:
    assert after(Manners(), Attempt(None, Why.PROXY), at=NOW, rules=RULES).failures == 0


def answered(body: str, *, status: int = 200, wait: timedelta | None = None) -> Attempt:
    reply = Answer(status, "application/json", body.encode(), NOW, retry_after=wait)
    return attempt(reply, named("talasea").read(reply))


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ('{"price": "18530"}', 200, None),
        ('{"price": "18530", "disableBuy": true}', 200, None),
        ('{"price": null}', 200, None),
        ("<html>", 200, Why.NOT_JSON),
        ("", 200, Why.NOT_JSON),
        ("", 500, Why.HTTP_STATUS),
    ],
)
def test_an_answer_of_which_nothing_can_be_read_is_a_failure_and_a_missing_price_is_none(
    body: str, status: int, why: Why | None
) -> None:
    assert (answered(body, status=status).status, answered(body, status=status).why) == (status, why)


def test_a_stale_token_in_an_orderly_answer_is_a_failure() -> None:
    reply = Answer(200, "application/json", b'{"rest": "1"}', NOW)
    assert attempt(reply, named("bonbast").read(reply)).why is Why.STALE_TOKEN


def test_what_never_came_has_no_status() -> None:
    reply = Rejection("", Why.TLS, "expired")
    assert attempt(reply, named("milli").read(reply)) == Attempt(None, Why.TLS, "expired")


def test_the_wait_that_is_asked_for_travels_with_the_attempt() -> None:
    assert answered("", status=429, wait=HOUR).retry_after == HOUR


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 08:30:00 GMT", 30 * MINUTE),
        ("Mon, 23 Nov 2026 07:30:00 GMT", None),
        ("Mon, 23 Nov 2026 08:30:00 -0000", 30 * MINUTE),
        ("9" * 5000, timedelta(seconds=999_999_999)),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wait: timedelta | None) -> None:
    assert retry_after(header, now=NOW) == wait


@given(st.text(max_size=60))
def test_no_retry_after_can_break_the_tick(header: str) -> None:
    wait = retry_after(header, now=NOW)
    assert wait is None or wait > timedelta()


ATTEMPTS = st.builds(
    Attempt,
    st.sampled_from([None, 200, 401, 403, 429, 500, 503]),
    st.sampled_from([None, *Why]),
    st.just(""),
    st.none() | st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=99)),
)


@given(st.lists(st.tuples(ATTEMPTS, st.timedeltas(min_value=timedelta(), max_value=timedelta(days=2)))))
def test_whatever_a_board_did_it_is_asked_again_within_a_day(told: list[tuple[Attempt, timedelta]]) -> None:
    manners, at = Manners(), NOW
    for one, later in told:
        at += later
        manners = after(manners, one, at=at, rules=RULES)
    assert may_be_asked(manners, at=at + RULES.longest)


def test_a_board_that_is_left_alone_says_until_when_in_tehran_and_why() -> None:
    five, _ = through(*[FAILED] * 5)
    left = held_back(five, rules=RULES, now=NOW + 25 * MINUTE)
    assert left is not None
    assert left.rejection == Rejection("", Why.LEFT_ALONE, "until 11-23 12:50:00: 5 failures in a row, last timeout")
