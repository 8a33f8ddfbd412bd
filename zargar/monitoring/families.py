"""How well a family of work does: success and latency over a window, judged against its promise. Pure.

Counted are runs that were opened within the window and have closed: `successful` ended with a summary, `failed` are
dead letters and runs that were given up for the next slot. A failed attempt that was mended by a later one is no failed
run. The wait is from when a run was due to when it was claimed; the run time from the claim to the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final

from zargar import names
from zargar.names import Family
from zargar.outcomes import Summary


class Grade(StrEnum):
    """How well it goes. The words are stored in logs and shown; `IDLE`: nothing has closed, so nothing is known."""

    OK = "ok"
    IDLE = "idle"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the ledger counted of one family. The times are None when nothing was claimed in the window."""

    successful: int
    failed: int
    wait_p50: timedelta | None = None
    wait_p95: timedelta | None = None
    run_p50: timedelta | None = None
    run_p95: timedelta | None = None

    @property
    def rate(self) -> Decimal | None:
        """Per cent of the closed runs that succeeded, to a tenth and never rounded up; None when none has closed."""
        closed = self.successful + self.failed
        if not closed:
            return None
        return (Decimal(100 * self.successful) / closed).quantize(Decimal("0.1"), ROUND_FLOOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a family is held to: the least success rate (per cent) and the longest wait of 95 in 100 runs."""

    degraded_below: Decimal = Decimal(99)
    failing_below: Decimal = Decimal(90)
    wait_p95: timedelta


PROMISES: Final[Mapping[Family, Promise]] = {
    # A price that starts late is a price that is wrong: it has a queue and a worker of its own.
    Family.PRICES: Promise(wait_p95=timedelta(seconds=2)),
    # Half a minute is what a person takes for "at once".
    Family.NOTIFICATIONS: Promise(wait_p95=timedelta(seconds=30)),
    # A backup may wait for the one before it.
    Family.BACKUPS: Promise(wait_p95=timedelta(minutes=5)),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """The mission's name of a family's line, and the tasks that it counts: the work itself, not its upkeep."""

    name: str
    tasks: tuple[str, ...]


METRICS: Final[Mapping[Family, Metric]] = {
    Family.PRICES: Metric("gold_price_update", (names.UPDATE_GOLD_PRICES,)),
    Family.BACKUPS: Metric(
        "backup",
        (
            names.CREATE_DAILY_BACKUP, names.CREATE_WEEKLY_BACKUP, names.CREATE_TENANT_BACKUP,
            names.CREATE_SNAPSHOT_BACKUP, names.BACKUP_ALL_TENANTS, names.CONSOLE_START_BACKUP_JOB,
        ),
    ),
    Family.NOTIFICATIONS: Metric(
        "notification",
        (
            names.PROCESS_SCHEDULED_NOTIFICATIONS, names.SEND_SINGLE_NOTIFICATION, names.SEND_BULK_NOTIFICATIONS_ASYNC,
        ),
    ),
}  # fmt: skip
"""A family's line appears when the first of its tasks is registered and has closed a run, not before."""


def judge(record: Record, promise: Promise) -> Grade:
    """Judge a record: too many failures weigh more than a long wait, and no record is no praise."""
    if record.rate is None:
        return Grade.IDLE
    if record.rate < promise.failing_below:
        return Grade.FAILING
    late = record.wait_p95 is not None and record.wait_p95 > promise.wait_p95
    return Grade.DEGRADED if record.rate < promise.degraded_below or late else Grade.OK


def line(metric: Metric, record: Record) -> str | None:
    """Return the mission's line, to the letter; None when nothing has closed, since no rate is no 100 %."""
    if record.rate is None:
        return None
    figures = f"success_rate={record.rate}% successful={record.successful} failed={record.failed}"
    return f"HEALTH_METRIC: {metric.name} {figures}"


def metric_of(task: str) -> tuple[Family, Metric] | None:
    """Return the family and the line that count a task by its registered name; None for upkeep."""
    return next(((family, metric) for family, metric in METRICS.items() if task in metric.tasks), None)


def as_json(record: Record, grade: Grade) -> Summary:
    """Say it in JSON: the rate in per cent as a string, times in whole milliseconds or null."""
    times = {
        "wait_p50_ms": record.wait_p50, "wait_p95_ms": record.wait_p95,
        "run_p50_ms": record.run_p50, "run_p95_ms": record.run_p95,
    }  # fmt: skip
    return {
        "grade": grade.value,
        "success_rate": None if record.rate is None else str(record.rate),
        "successful": record.successful,
        "failed": record.failed,
        **{name: None if span is None else span // timedelta(milliseconds=1) for name, span in times.items()},
    }
