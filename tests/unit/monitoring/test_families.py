"""How well a family does, and the line in which the mission wants it said."""

from datetime import timedelta
from decimal import Decimal

import pytest

from zargar import names
from zargar.monitoring.families import METRICS, PROMISES, Grade, Promise, Record, judge, line, metric_of
from zargar.names import Family

PROMISE = Promise(wait_p95=timedelta(seconds=2))


def record(successful: int, failed: int, *, wait: float = 0) -> Record:
    return Record(successful=successful, failed=failed, wait_p95=timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        (record(5, 0), Grade.OK),
        (record(99, 1), Grade.OK),
        (record(98, 2), Grade.DEGRADED),
        (record(9, 1), Grade.DEGRADED),
        (record(8, 1), Grade.FAILING),
        (record(0, 1), Grade.FAILING),
        (record(5, 0, wait=2), Grade.OK),
        (record(5, 0, wait=2.1), Grade.DEGRADED),
        (record(0, 0), Grade.IDLE),
    ],
)
def test_a_family_is_judged_by_its_failures_first_and_then_by_its_wait(found: Record, grade: Grade) -> None:
    assert judge(found, PROMISE) is grade


def test_the_line_is_the_mission_s_to_the_letter() -> None:
    told = line(METRICS[Family.PRICES], record(5, 0))
    assert told == "HEALTH_METRIC: gold_price_update success_rate=100.0% successful=5 failed=0"


def test_one_failure_in_many_is_never_rounded_up_to_a_hundred() -> None:
    assert record(99_999, 1).rate == Decimal("99.9")


def test_nothing_closed_gives_no_line_because_no_rate_is_not_a_good_one() -> None:
    assert line(METRICS[Family.PRICES], record(0, 0)) is None


def test_every_family_has_a_promise_and_a_line_of_tasks_of_the_contract() -> None:
    assert set(PROMISES) == set(METRICS) == set(Family)
    assert {task for metric in METRICS.values() for task in metric.tasks} <= names.CONTRACT


def test_upkeep_has_no_line() -> None:
    assert metric_of(names.CLEANUP_GOLD_PRICE_CACHE) is None
    assert metric_of(names.UPDATE_GOLD_PRICES) == (Family.PRICES, METRICS[Family.PRICES])
