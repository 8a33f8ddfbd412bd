"""When a child that ended is started again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zargar.embedded.restarts import LONGEST_WAIT, RECOVERED_AFTER, Standing, due, wait

NOON = datetime(2026, 8, 6, 12, tzinfo=UTC)


def seconds(n: float) -> timedelta:
    return timedelta(seconds=n)


def test_the_waits_double_up_to_half_a_minute() -> None:
    assert [wait(n) for n in range(1, 9)] == [seconds(n) for n in (1, 2, 4, 8, 16, 30, 30, 30)]


@given(st.integers(min_value=1, max_value=10**9))
def test_no_number_of_early_ends_waits_longer_than_half_a_minute(early_ends: int) -> None:
    assert seconds(1) <= wait(early_ends) <= LONGEST_WAIT


def test_a_child_that_keeps_ending_waits_longer_each_time() -> None:
    standing, now, waits = Standing(started_at=NOON), NOON, []
    for _ in range(4):
        now += seconds(1)
        standing = standing.ended(now)
        assert standing.start_at is not None
        waits.append(standing.start_at - now)
        now = standing.start_at
        standing = standing.started(now)
    assert waits == [seconds(n) for n in (1, 2, 4, 8)]


def test_a_child_that_lived_a_minute_has_recovered() -> None:
    flapping = Standing(started_at=NOON, early_ends=5)
    assert flapping.ended(NOON + RECOVERED_AFTER - seconds(1)).early_ends == 6
    assert flapping.ended(NOON + RECOVERED_AFTER).early_ends == 1


def test_only_ended_children_whose_time_has_come_are_due_and_the_longest_waiting_first() -> None:
    standings = {
        "running": Standing(started_at=NOON),
        "late": Standing(started_at=NOON, start_at=NOON + seconds(1)),
        "later": Standing(started_at=NOON, start_at=NOON + seconds(3)),
        "latest": Standing(started_at=NOON, start_at=NOON + seconds(4)),
    }
    assert due(standings, NOON) == []
    assert due(standings, NOON + seconds(3)) == ["late", "later"]


def test_a_started_child_is_not_due() -> None:
    standing = Standing(started_at=NOON).ended(NOON).started(NOON + seconds(1))
    assert due({"child": standing}, NOON + timedelta(days=1)) == []
