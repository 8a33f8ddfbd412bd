"""What a process manager is told about a process, and when a restart would cure nothing."""

from datetime import timedelta

import pytest

from zargar.monitoring.probes import advise

LIMIT = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("age", "need_answers", "healthy", "says"),
    [
        (timedelta(seconds=3), None, True, "worked 3 s ago"),
        (LIMIT, None, True, "worked 60 s ago"),
        (timedelta(seconds=61), True, False, "has not worked for 61 s, and the broker answers"),
        (timedelta(seconds=61), False, True, "a restart cures nothing"),
        (None, True, False, "has not worked yet"),
        (None, False, True, "a restart cures nothing"),
    ],
)
def test_only_a_restart_that_can_help_is_advised(
    age: timedelta | None,
    need_answers: bool | None,  # noqa: FBT001 -- a table of cases
    healthy: bool,  # noqa: FBT001 -- a table of cases
    says: str,
) -> None:
    advice = advise(age, limit=LIMIT, need="the broker", need_answers=need_answers)
    assert advice.healthy is healthy
    assert says in advice.why
