"""The life of a message, as a table and as laws that hold for every answer that a provider can give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications import outbox
from zargar.notifications.manners import Ambiguous
from zargar.notifications.outbox import (
    FINAL,
    GUARDING,
    MOVES,
    STATE_AFTER,
    Again,
    Ask,
    Attempt,
    Bury,
    Case,
    Done,
    Park,
    Silence,
    State,
)
from zargar.notifications.values import Accepted, Refusal, Refused, Unknown

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

waits = st.none() | st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=1))
cases = st.builds(
    Case, wait=waits, others=st.booleans(), can_be_asked=st.booleans(), ambiguous=st.sampled_from(Ambiguous)
)
ages = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=2))
asked = st.builds(
    Case, wait=waits, others=st.booleans(), can_be_asked=st.just(value=True), ambiguous=st.sampled_from(Ambiguous),
    refused=st.booleans(),
)  # fmt: skip
"""Cases of a provider that can be asked."""
refusals = st.builds(
    Refused, st.just(1), st.sampled_from(Refusal), st.just("418"), st.just("words"),
    st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=1)), st.booleans(),
)  # fmt: skip
verdicts = st.just(Accepted(1, "9")) | refusals | st.just(Unknown(1, "no answer"))


def test_every_state_has_its_moves_and_the_final_ones_have_none() -> None:
    assert set(MOVES) == set(State)
    assert {State.SENT, State.DROPPED, State.CANCELLED} == FINAL
    assert all(MOVES[state] for state in set(State) - FINAL)


def test_every_state_can_be_reached_and_from_every_one_there_is_a_way_to_an_end() -> None:
    reached, ends = {State.QUEUED}, set(FINAL)
    for _ in State:
        reached |= {after for state in reached for after in MOVES[state]}
        ends |= {state for state in State if MOVES[state] & ends}
    assert reached == ends == set(State)


@given(verdicts, cases)
def test_what_is_decided_is_an_allowed_move_of_what_is_claimed(
    verdict: Accepted | Refused | Unknown, case: Case
) -> None:
    after = outbox.after_verdict(verdict, case, now=NOW)
    assert STATE_AFTER[type(after)] in MOVES[State.CLAIMED]


@given(verdicts, cases)
def test_nothing_is_queued_for_the_past(verdict: Accepted | Refused | Unknown, case: Case) -> None:
    after = outbox.after_verdict(verdict, case, now=NOW)
    if isinstance(after, Again | Ask):
        assert after.at >= NOW


@given(cases)
def test_what_may_have_left_is_sent_again_unasked_only_where_the_shop_wants_that(case: Case) -> None:
    after = outbox.after_verdict(Unknown(1, "no answer"), case, now=NOW)
    if isinstance(after, Again):
        assert case.ambiguous is Ambiguous.RESEND
        assert not case.can_be_asked
    if case.can_be_asked:
        assert isinstance(after, Ask)


@given(cases)
def test_a_worker_that_died_in_the_call_is_an_answer_that_was_lost(case: Case) -> None:
    dead = outbox.after_loss(case, attempted=True, losses=1, now=NOW)
    lost = outbox.after_verdict(Unknown(1, "the worker died in the call"), case, now=NOW)
    assert dead == lost


@given(cases, st.integers(min_value=1, max_value=20))
def test_a_worker_that_died_before_the_call_costs_no_attempt_until_the_message_is_suspected(
    case: Case, losses: int
) -> None:
    after = outbox.after_loss(case, attempted=False, losses=losses, now=NOW)
    if losses < outbox.MOST_LOSSES:
        assert after == Again(NOW, "the worker died before the call", counts=False)
    else:
        assert isinstance(after, Bury)


@given(refusals, cases)
def test_a_refusal_never_makes_a_message_ambiguous_and_never_asks(verdict: Refused, case: Case) -> None:
    after = outbox.after_verdict(verdict, case, now=NOW)
    assert isinstance(after, Again | Bury)
    assert not (isinstance(after, Again) and after.same)


@given(refusals, st.booleans(), st.sampled_from(Ambiguous))
def test_used_up_attempts_end_in_a_dead_letter_and_only_a_closed_account_does_not_count(
    verdict: Refused,
    others: bool,  # noqa: FBT001 -- drawn
    ambiguous: Ambiguous,
) -> None:
    after = outbox.after_verdict(verdict, Case(wait=None, others=others, ambiguous=ambiguous), now=NOW)
    if verdict.why is Refusal.ACCOUNT or not verdict.tried:
        assert isinstance(after, Again)
        assert not after.counts
    else:
        assert isinstance(after, Bury)


@given(asked, ages)
def test_a_look_up_that_finds_nothing_is_believed_within_its_time_and_not_after(case: Case, age: timedelta) -> None:
    within = timedelta(hours=12)
    after = outbox.after_asking(None, case, tried_at=NOW - age, within=within, now=NOW)
    if age > within:
        assert not (isinstance(after, Again) and after.same)
    elif case.wait is not None and not case.refused:
        assert after == Again(NOW, "it never arrived", same=True)
    else:
        assert isinstance(after, Ask | Bury | Again)


@given(asked, ages)
def test_what_its_provider_does_not_have_leaves_it_only_when_no_call_can_be_in_work_any_more(
    case: Case, age: timedelta
) -> None:
    within = timedelta(hours=12)
    after = outbox.after_asking(None, case, tried_at=NOW - age, within=within, now=NOW)
    leaves = isinstance(after, Bury) or (isinstance(after, Again) and not after.same)
    if leaves and age <= within:
        assert age >= outbox.LATE
        assert case.refused or case.wait is None
    if isinstance(after, Ask):
        assert after == Ask(NOW - age + outbox.LATE, after.why, refused=case.refused)


@given(refusals, asked, ages)
def test_a_refusal_of_the_second_call_leaves_a_message_with_the_account_where_the_first_may_be_in_work(
    verdict: Refused, case: Case, age: timedelta
) -> None:
    since = NOW - age
    after = outbox.after_verdict(verdict, replace(case, open_since=since), now=NOW)
    if isinstance(after, Bury):
        assert verdict.tried
        assert verdict.why in {Refusal.RECIPIENT, Refusal.CONTENT}
    elif isinstance(after, Ask):
        assert after.refused
        assert after.at >= max(NOW + outbox.SETTLE, since + outbox.LATE)
    else:
        assert isinstance(after, Again)
        assert after.same
        assert NOW < after.at < since + outbox.LATE


@given(ages, st.booleans())
def test_an_account_that_is_stopped_keeps_what_may_be_in_work_there_and_lets_go_of_the_rest(
    age: timedelta,
    others: bool,  # noqa: FBT001 -- drawn
) -> None:
    free = outbox.unplaced("stopped", open_since=None, others=others, now=NOW)
    bound = outbox.unplaced("stopped", open_since=NOW - age, others=others, now=NOW)
    assert free == Again(NOW if others else NOW + outbox.STOPPED, "stopped", counts=False)
    assert not bound.counts
    if isinstance(bound, Ask):
        assert bound.refused
        assert bound.at >= NOW - age + outbox.LATE
    else:
        assert bound.same


@given(cases, ages, st.sampled_from([None, Silence()]))
def test_what_nobody_can_be_asked_about_any_more_waits_for_no_answer(
    case: Case, age: timedelta, said: Silence | None
) -> None:
    case = replace(case, can_be_asked=False)
    after = outbox.after_asking(said, case, tried_at=NOW - age, within=None, now=NOW)
    if case.ambiguous is Ambiguous.RESEND:
        assert isinstance(after, Again | Bury)
    else:
        assert isinstance(after, Park)


@given(cases, st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=1)))
def test_what_was_not_handed_over_costs_no_attempt_and_is_never_a_dead_letter(
    case: Case, retry_after: timedelta | None
) -> None:
    for why in Refusal:
        verdict = Refused(1, why, "not tried", "not handed over", retry_after, tried=False)
        after = outbox.after_verdict(verdict, case, now=NOW)
        assert isinstance(after, Again)
        assert not after.counts


@given(cases, st.timedeltas(min_value=timedelta(), max_value=timedelta(days=2)))
def test_a_look_up_that_finds_it_ends_the_matter_whenever_it_comes(case: Case, age: timedelta) -> None:
    found = outbox.after_asking(Accepted(1, "9"), case, tried_at=NOW - age, within=timedelta(hours=12), now=NOW)
    assert found == Done()


@given(asked, st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=12)))
def test_a_silent_provider_is_asked_again_ever_more_seldom_and_at_least_every_ten_minutes(
    case: Case, age: timedelta
) -> None:
    after = outbox.after_asking(Silence(), case, tried_at=NOW - age, within=timedelta(hours=12), now=NOW)
    assert isinstance(after, Ask)
    assert outbox.SETTLE <= after.at - NOW <= outbox.LONGEST_ASKING


@pytest.mark.parametrize("ambiguous", [Ambiguous.LEAVE, Ambiguous.ASK])
def test_what_nobody_can_tell_is_parked_unless_the_shop_wants_it_sent_again(ambiguous: Ambiguous) -> None:
    case = Case(wait=timedelta(minutes=1), ambiguous=ambiguous)
    assert outbox.after_verdict(Unknown(1, "no answer"), case, now=NOW) == Park("no answer")


def test_the_journal_guards_against_a_second_attempt_while_the_first_may_have_arrived() -> None:
    assert {Attempt.TRYING, Attempt.ACCEPTED, Attempt.UNKNOWN} == GUARDING
