"""The mission's retry figures, counted after the first attempt."""

from hypothesis import given
from hypothesis import strategies as st

from zargar.engine.retries import POLICIES, wait_before_retry
from zargar.names import Family


def waits(family: Family, *, chance: float = 0.0) -> list[int]:
    answers = [wait_before_retry(family, failures=n, chance=chance) for n in range(1, 8)]
    return [round(wait.total_seconds()) for wait in answers if wait is not None]


def test_prices_are_tried_three_times_more_exponentially_from_a_minute() -> None:
    assert waits(Family.PRICES) == [60, 120, 240]


def test_backups_are_tried_three_times_more_five_minutes_apart() -> None:
    assert waits(Family.BACKUPS) == [300, 300, 300]


def test_notifications_are_tried_five_times_more_exponentially_with_jitter() -> None:
    assert waits(Family.NOTIFICATIONS) == [60, 120, 240, 480, 960]
    assert waits(Family.NOTIFICATIONS, chance=0.5) == [45, 90, 180, 360, 720]


def test_every_family_has_a_policy() -> None:
    assert set(POLICIES) == set(Family)


@given(family=st.sampled_from(Family), failures=st.integers(1, 50), chance=st.floats(0, 1, exclude_max=True))
def test_no_wait_is_negative_or_longer_than_its_family_allows(family: Family, failures: int, chance: float) -> None:
    wait = wait_before_retry(family, failures=failures, chance=chance)
    if wait is None:
        assert failures > POLICIES[family].most
    else:
        assert 0 < wait.total_seconds() <= POLICIES[family].longest.total_seconds()
