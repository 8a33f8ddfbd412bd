"""What is done about slots that have come, came late, or came while paused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.names import Family, Queue
from zargar.schedules.cadence import Cron, slots_between
from zargar.schedules.catalogue import Entry, Policy
from zargar.schedules.due import Gap, plan

TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def minute(n: int) -> datetime:
    return TEN + timedelta(minutes=n)


def entry(policy: Policy) -> Entry:
    return Entry(
        name="every-minute",
        task="t",
        cadence=Cron("* * * * *"),
        family=Family.PRICES,
        queue=Queue.REALTIME,
        policy=policy,
    )


@pytest.mark.parametrize("policy", list(Policy))
def test_a_slot_on_time_is_rung_whatever_the_policy(policy: Policy) -> None:
    decided = plan(entry(policy), looked_until=TEN, now=minute(1), paused=False)
    assert (decided.ring, decided.missed, decided.looked_until) == ((minute(1),), None, minute(1))


def test_nothing_due_changes_nothing() -> None:
    decided = plan(entry(Policy.ONCE), looked_until=TEN, now=TEN + timedelta(seconds=59), paused=False)
    assert (decided.ring, decided.looked_until) == ((), None)


def test_once_rings_the_newest_and_records_the_rest_as_missed() -> None:
    back = minute(10) + timedelta(seconds=30)
    late_only = entry(Policy.ONCE)
    decided = plan(late_only, looked_until=TEN, now=back, paused=False)

    # 10:09 and 10:10 are within the grace of two minutes: they do the work of those before.
    assert decided.ring == (minute(9), minute(10))
    assert decided.missed == Gap(first=minute(1), last=minute(8), count=8)


def test_once_catches_up_one_slot_when_all_of_them_are_late() -> None:
    daily = Entry(
        name="daily",
        task="t",
        cadence=Cron("0 3 * * *"),
        family=Family.BACKUPS,
        queue=Queue.BACKUPS,
        policy=Policy.ONCE,
    )
    slots = slots_between(daily.cadence, TEN, TEN + timedelta(days=3))
    decided = plan(daily, looked_until=TEN, now=TEN + timedelta(days=3), paused=False)

    assert decided.ring == (slots[-1],)
    assert decided.missed == Gap(first=slots[0], last=slots[1], count=2)


def test_all_owes_every_slot_and_skip_none_of_the_late_ones() -> None:
    owed = plan(entry(Policy.ALL), looked_until=TEN, now=minute(10), paused=False)
    dropped = plan(entry(Policy.SKIP), looked_until=TEN, now=minute(10), paused=False)

    assert len(owed.ring) == 10
    assert owed.missed is None
    assert dropped.ring == (minute(8), minute(9), minute(10))
    assert dropped.missed == Gap(first=minute(1), last=minute(7), count=7)


def test_while_paused_slots_are_skipped_and_said_so() -> None:
    decided = plan(entry(Policy.ALL), looked_until=TEN, now=minute(2), paused=True)
    assert (decided.ring, decided.skipped) == ((), (minute(1), minute(2)))


@given(policy=st.sampled_from(Policy), seconds=st.integers(0, 100_000), paused=st.booleans())
def test_every_slot_is_settled_exactly_once(policy: Policy, seconds: int, paused: bool) -> None:  # noqa: FBT001 -- hypothesis
    now = TEN + timedelta(seconds=seconds)
    decided = plan(entry(policy), looked_until=TEN, now=now, paused=paused)

    settled = len(decided.ring) + len(decided.skipped) + (decided.missed.count if decided.missed else 0)
    slots = slots_between(entry(policy).cadence, TEN, now)
    assert settled == len(slots)
    assert decided.looked_until == (slots[-1] if slots else None)
