"""The ledger's judgement: rings, losses, failures."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zargar.ledger.policy import LONGEST_GRACE, MOST_LOSSES, Bury, Supersede, TryAt, after_failure, after_loss, grace

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_grace_doubles_up_to_ten_minutes() -> None:
    graces = [grace(timedelta(seconds=15), rings=n).total_seconds() for n in range(8)]
    assert graces == [15, 30, 60, 120, 240, 480, 600, 600]


@given(rings=st.integers(0, 32_000), seconds=st.floats(0.01, 3_600))
def test_the_grace_never_overflows_and_never_shrinks(rings: int, seconds: float) -> None:
    first = timedelta(seconds=seconds)
    assert grace(first, rings=rings) <= grace(first, rings=rings + 1) <= LONGEST_GRACE


def test_a_lost_process_is_no_fault_of_the_work_until_it_repeats() -> None:
    assert after_loss(losses=MOST_LOSSES - 1, now=NOW) == TryAt(NOW)
    assert after_loss(losses=MOST_LOSSES, now=NOW) == Bury()


def test_a_failure_is_due_again_dead_or_left_to_the_next_slot() -> None:
    assert after_failure(wait=MINUTE, stop_at=None, now=NOW) == TryAt(NOW + MINUTE)
    assert after_failure(wait=MINUTE, stop_at=NOW + 2 * MINUTE, now=NOW) == TryAt(NOW + MINUTE)
    assert after_failure(wait=MINUTE, stop_at=NOW + MINUTE, now=NOW) == Supersede()
    assert after_failure(wait=None, stop_at=None, now=NOW) == Bury()
