"""When a message may leave: over many moments, hours and days of mourning, and in the cases that people name."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zargar.clock import TEHRAN
from zargar.notifications.decency import (
    DEFAULT_WINDOWS,
    PROMOTION_HOURS,
    Decency,
    Drop,
    Facts,
    Quiet,
    Rules,
    Send,
    Wait,
    Why,
    Window,
    decide,
)
from zargar.notifications.values import Channel, Purpose

DAY = timedelta(days=1)
FIRST = date(2026, 6, 1)

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30, 59]))
hours = st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Window(*pair))
moments = st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 30)).map(lambda naive: naive.replace(tzinfo=TEHRAN))  # noqa: DTZ001 -- Tehran's, in the next step
mournings = st.frozensets(st.integers(0, 70).map(lambda days: FIRST + timedelta(days=days)), max_size=60)


def facts(
    purpose: Purpose = Purpose.PROMOTION,
    *,
    channel: Channel = Channel.SMS,
    consented: bool = True,
    opted_out: bool = False,
    quiet: Quiet | None = None,
    lately: int = 0,
    expires_at: datetime | None = None,
) -> Facts:
    """Facts of a message that nothing speaks against but what is named."""
    return Facts(
        purpose=purpose, channel=channel, consented=consented, opted_out=opted_out, quiet=quiet,
        promotions_lately=lately, expires_at=expires_at,
    )  # fmt: skip


def tehran(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of June 2026, in UTC."""
    return datetime(2026, 6, day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


def allowed(moment: datetime, *, window: Window | None, quiet: Quiet | None, mourning: frozenset[date]) -> bool:
    """Say by the words of the rule, minute for minute, whether promotion may leave."""
    local = moment.astimezone(TEHRAN)

    def within(span: Window) -> bool:
        since, until = (clock.hour * 60 + clock.minute for clock in (span.opens, span.closes))
        minute = local.hour * 60 + local.minute
        return (minute - since) % 1440 < (until - since) % 1440

    return (
        local.date() not in mourning
        and (window is None or within(window))
        and (quiet is None or not within(quiet))
    )  # fmt: skip


@given(moments, hours, st.none() | hours, mournings, st.integers(0, 4))
def test_promotion_never_leaves_outside_its_window_in_quiet_hours_or_on_a_day_of_mourning(
    now: datetime, window: Window, quiet: Quiet | None, mourning: frozenset[date], lately: int
) -> None:
    rules = Rules(windows={Purpose.PROMOTION: window}, mourning=mourning, cap=2)
    decision = decide(facts(quiet=quiet, lately=lately), now=now, rules=rules)
    if isinstance(decision, Send):
        assert lately < rules.cap
        assert allowed(now, window=window, quiet=quiet, mourning=mourning)


@given(moments, hours, st.none() | hours, mournings)
def test_nothing_is_allowed_before_a_wait_ends_and_no_wait_for_mourning_passes_midnight_unjudged(
    now: datetime, window: Window, quiet: Quiet | None, mourning: frozenset[date]
) -> None:
    rules = Rules(windows={Purpose.PROMOTION: window}, mourning=mourning, cap=1)
    decision = decide(facts(quiet=quiet), now=now, rules=rules)
    assume(isinstance(decision, Wait))
    assert isinstance(decision, Wait)
    assert decision.until > now
    if decision.why is Why.MOURNING:
        midnight = datetime.combine(now.astimezone(TEHRAN).date() + DAY, time(0), TEHRAN)
        assert decision.until <= midnight
    else:
        assert decide(facts(quiet=quiet), now=decision.until, rules=rules) == Send()
    spans = [(decision.until - now) * part / 50 for part in range(50)]
    assert not any(allowed(now + span, window=window, quiet=quiet, mourning=mourning) for span in spans)


@given(moments, hours, hours)
def test_promotion_is_dropped_for_want_of_an_hour_only_where_no_minute_of_a_day_is_free(
    now: datetime, window: Window, quiet: Quiet
) -> None:
    decision = decide(facts(quiet=quiet), now=now, rules=Rules(windows={Purpose.PROMOTION: window}, cap=1))
    minutes = (now + timedelta(minutes=minute) for minute in range(1440))
    free = any(allowed(minute, window=window, quiet=quiet, mourning=frozenset()) for minute in minutes)
    assert (decision == Drop(Why.NO_HOUR)) is not free


@given(moments, st.none() | hours, mournings, st.integers(0, 5), st.none() | st.integers(1, 5000))
def test_ones_own_business_is_never_held_by_mourning_or_the_cap_nor_lost_to_quiet_hours(
    now: datetime, quiet: Quiet | None, mourning: frozenset[date], lately: int, minutes: int | None
) -> None:
    expires_at = None if minutes is None else now + timedelta(minutes=minutes)
    message = facts(Purpose.TRANSACTIONAL, consented=False, quiet=quiet, lately=lately, expires_at=expires_at)
    decision = decide(message, now=now, rules=Rules(mourning=mourning, cap=1))
    if isinstance(decision, Wait):
        assert decision.why is Why.QUIET
        assert now < decision.until <= now + DAY
        assert expires_at is None or decision.until < expires_at
        assert decide(message, now=decision.until, rules=Rules(mourning=mourning, cap=1)) == Send()
    else:
        assert decision == Send()


@given(moments, hours, st.none() | hours, mournings, st.integers(0, 9))
def test_whoever_judges_again_at_the_end_of_each_wait_comes_to_an_end(
    now: datetime, window: Window, quiet: Quiet | None, mourning: frozenset[date], lately: int
) -> None:
    """One promotion leaves the period of the cap each time that it is counted anew."""
    rules = Rules(windows={Purpose.PROMOTION: window}, mourning=mourning, cap=1)
    decision: Decency = decide(facts(quiet=quiet, lately=lately), now=now, rules=rules)
    rounds = 0
    while isinstance(decision, Wait):
        rounds += 1
        assert rounds <= 2 * (lately + len(mourning) + 2)
        counted = max(0, lately - rounds)
        decision = decide(facts(quiet=quiet, lately=counted), now=decision.until, rules=rules)
    assert decision in {Send(), Drop(Why.NO_HOUR)}


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [
        (8, 59, Wait(tehran(10, 9), Why.WINDOW)),
        (9, 0, Send()),
        (20, 59, Send()),
        (21, 0, Wait(tehran(11, 9), Why.WINDOW)),
        (23, 30, Wait(tehran(11, 9), Why.WINDOW)),
    ],
)
def test_promotion_keeps_to_nine_to_nine(hour: int, minute: int, expected: Decency) -> None:
    assert decide(facts(), now=tehran(10, hour, minute), rules=Rules(cap=1)) == expected


def test_promotion_waits_from_midnight_to_midnight_until_the_morning_after_a_run_of_days_of_mourning() -> None:
    mourning = frozenset({date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 13)})
    rules = Rules(mourning=mourning, cap=1)
    assert decide(facts(), now=tehran(10, 12), rules=rules) == Wait(tehran(11, 0), Why.MOURNING)
    assert decide(facts(), now=tehran(11, 0), rules=rules) == Wait(tehran(12, 0), Why.MOURNING)
    assert decide(facts(), now=tehran(12, 0), rules=rules) == Wait(tehran(12, 9), Why.WINDOW)
    # In the evening before a day of mourning, too: whoever lifts it at night has the morning back.
    assert decide(facts(), now=tehran(12, 22), rules=rules) == Wait(tehran(13, 0), Why.MOURNING)


def test_promotion_beyond_the_cap_before_a_run_of_days_of_mourning_is_judged_again_at_midnight() -> None:
    mourning = frozenset({date(2026, 6, 11), date(2026, 6, 12)})
    decision = decide(facts(lately=1), now=tehran(10, 12), rules=Rules(mourning=mourning, cap=1))
    assert decision == Wait(tehran(11, 0), Why.CAP)


def test_promotion_beyond_the_cap_is_counted_anew_the_next_morning() -> None:
    decision = decide(facts(lately=3), now=tehran(10, 12), rules=Rules(cap=3))
    assert decision == Wait(tehran(11, 9), Why.CAP)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (facts(consented=False), Why.NO_CONSENT),
        (facts(opted_out=True), Why.OPTED_OUT),
        (facts(Purpose.TRANSACTIONAL, opted_out=True), Why.OPTED_OUT),
        (facts(Purpose.TRANSACTIONAL, expires_at=tehran(10, 12)), Why.EXPIRED),
        (facts(expires_at=tehran(10, 11), opted_out=True), Why.EXPIRED),
    ],
)
def test_what_will_never_leave_is_dropped_and_says_why(message: Facts, why: Why) -> None:
    assert decide(message, now=tehran(10, 12), rules=Rules(cap=1)) == Drop(why)


def test_an_inbox_makes_no_sound_and_keeps_no_quiet_hours() -> None:
    quiet = Quiet(time(22), time(8))
    now = tehran(10, 23)
    for channel in Channel:
        decision = decide(facts(Purpose.TRANSACTIONAL, channel=channel, quiet=quiet), now=now, rules=Rules(cap=1))
        assert decision == (Send() if channel is Channel.INBOX else Wait(tehran(11, 8), Why.QUIET))


def test_what_a_customer_must_know_and_would_not_outlive_quiet_hours_goes_at_once() -> None:
    message = facts(Purpose.TRANSACTIONAL, quiet=Quiet(time(22), time(8)), expires_at=tehran(11, 7))
    assert decide(message, now=tehran(10, 23), rules=Rules(cap=1)) == Send()


def test_a_window_that_lies_in_quiet_hours_counts_for_nothing_where_the_message_must_be_known() -> None:
    rules = Rules(windows={Purpose.TRANSACTIONAL: Window(time(9), time(12))}, cap=1)
    message = facts(Purpose.TRANSACTIONAL, quiet=Quiet(time(8), time(13)))
    assert decide(message, now=tehran(10, 10), rules=rules) == Wait(tehran(10, 13), Why.QUIET)


def test_a_window_that_means_all_day_or_none_and_a_cap_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="two different hours"):
        Window(time(9), time(9))
    with pytest.raises(ValueError, match="one or more"):
        Rules(cap=0)


def test_only_promotion_has_a_window_unless_a_shop_says_otherwise() -> None:
    assert dict(DEFAULT_WINDOWS) == {Purpose.PROMOTION: PROMOTION_HOURS}
