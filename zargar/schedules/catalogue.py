"""The contract's 18 beat entries, as one table. Times are Asia/Tehran; Sunday is 0 in a cron line.

An entry is live when its task is registered; until then it is listed and never rung. Why each catch-up policy:
minute ticks, prices, health and caches look at the present, so the newest slot does the work of all that were missed
(ONCE); a backup or a reminder run that is late is still wanted, once; a report is about its own period, so each missed
one is still owed (ALL); a greeting or tomorrow's appointment at the wrong hour is worse than none (SKIP).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from zargar import names
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.schedules.cadence import Cron, Every


class Policy(StrEnum):
    """What to do about slots that no beat lived to fill."""

    ONCE = "once"
    ALL = "all"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the schedule.

    `grace` is how late a slot may still be filled as if nothing had happened; older ones are missed, and `policy` says
    what then. With `stop_at_next`, failed work is not tried again once the next slot is due.
    """

    name: str
    task: str
    cadence: Cron | Every
    family: Family
    queue: Queue
    policy: Policy
    grace: timedelta = timedelta(minutes=2)
    kwargs: Summary = field(default_factory=dict)
    stop_at_next: bool = False


def catalogue(*, prices_open: time, prices_close: time, prices_every: int | None = None) -> tuple[Entry, ...]:
    """Return the 18 entries. Prices are due every 5 minutes in [prices_open, prices_close), whole hours, Tehran.

    `prices_every` (seconds) replaces that by a faster beat at all hours, and is for the sandbox alone.
    Raises `ValueError` for hours that are not whole or not in order.
    """
    return (*_backups(), *_prices(_price_cadence(prices_open, prices_close, prices_every)), *_notifications())


def live(entries: Collection[Entry], *, registered: Collection[str]) -> tuple[Entry, ...]:
    """Return the entries whose task exists."""
    return tuple(entry for entry in entries if entry.task in registered)


def _price_cadence(opens: time, closes: time, every: int | None) -> Cron | Every:
    if every is not None:
        return Every(every)
    if opens.minute or closes.minute or opens >= closes:
        message = f"the price window must be whole hours, opening before it closes; got [{opens:%H:%M}, {closes:%H:%M})"
        raise ValueError(message)
    return Cron(f"*/5 {opens.hour}-{closes.hour - 1} * * *")


def _prices(cadence: Cron | Every) -> tuple[Entry, ...]:
    def entry(name: str, task: str, when: Cron | Every, policy: Policy, queue: Queue, **kwargs: str) -> Entry:
        return Entry(
            name=name, task=task, cadence=when, family=Family.PRICES, queue=queue, policy=policy, kwargs={**kwargs},
            stop_at_next=policy is Policy.ONCE,
        )  # fmt: skip

    report, upkeep = names.GENERATE_GOLD_PRICE_REPORT, Queue.MAINTENANCE
    return (
        entry("update-gold-prices", names.UPDATE_GOLD_PRICES, cadence, Policy.ONCE, Queue.REALTIME),
        entry("validate-gold-price-apis", names.VALIDATE_GOLD_PRICE_APIS, Cron("0 * * * *"), Policy.ONCE, upkeep),
        entry("cleanup-gold-price-cache", names.CLEANUP_GOLD_PRICE_CACHE, Cron("30 * * * *"), Policy.ONCE, upkeep),
        entry("daily-gold-price-report", report, Cron("0 19 * * *"), Policy.ALL, upkeep, period="daily"),
        entry("weekly-gold-price-report", report, Cron("0 20 * * 0"), Policy.ALL, upkeep, period="weekly"),
    )


def _backups() -> tuple[Entry, ...]:
    def entry(name: str, task: str, line: str, policy: Policy, queue: Queue, **kwargs: str) -> Entry:
        when = Cron(line)
        return Entry(
            name=name, task=task, cadence=when, family=Family.BACKUPS, queue=queue, policy=policy, kwargs={**kwargs}
        )

    report, upkeep = names.GENERATE_BACKUP_REPORT, Queue.MAINTENANCE
    return (
        entry("daily-system-backup", names.CREATE_DAILY_BACKUP, "0 3 * * *", Policy.ONCE, Queue.BACKUPS),
        entry("weekly-system-backup", names.CREATE_WEEKLY_BACKUP, "0 2 * * 0", Policy.ONCE, Queue.BACKUPS),
        entry("process-scheduled-backups", names.PROCESS_SCHEDULED_BACKUPS, "* * * * *", Policy.ONCE, upkeep),
        entry("cleanup-old-backups", names.CLEANUP_OLD_BACKUPS, "0 4 * * *", Policy.ONCE, Queue.BACKUPS),
        entry("daily-backup-report", report, "0 6 * * *", Policy.ALL, upkeep, period="daily"),
        entry("weekly-backup-report", report, "0 7 * * 1", Policy.ALL, upkeep, period="weekly"),
    )


def _notifications() -> tuple[Entry, ...]:
    def entry(name: str, task: str, line: str, policy: Policy, queue: Queue = Queue.BULK) -> Entry:
        return Entry(name=name, task=task, cadence=Cron(line), family=Family.NOTIFICATIONS, queue=queue, policy=policy)

    statistics, upkeep = names.UPDATE_NOTIFICATION_STATISTICS, Queue.MAINTENANCE
    return (
        entry("process-scheduled-notifications", names.PROCESS_SCHEDULED_NOTIFICATIONS, "* * * * *", Policy.ONCE),
        entry("process-recurring-schedules", names.PROCESS_RECURRING_SCHEDULES, "15 * * * *", Policy.ONCE),
        entry("daily-payment-reminders", names.SEND_DAILY_PAYMENT_REMINDERS, "0 9 * * *", Policy.ONCE),
        entry("birthday-greetings", names.SEND_BIRTHDAY_GREETINGS, "0 8 * * *", Policy.SKIP),
        entry("appointment-reminders", names.SEND_APPOINTMENT_REMINDERS, "0 18 * * *", Policy.SKIP),
        entry("cleanup-old-notifications", names.CLEANUP_OLD_NOTIFICATIONS, "0 1 * * 6", Policy.ONCE, upkeep),
        entry("update-notification-statistics", statistics, "45 * * * *", Policy.ONCE, upkeep),
    )
