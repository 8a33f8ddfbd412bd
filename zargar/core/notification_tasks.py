"""The tasks of messages: one domain call each. Contract: docs/architecture.md, "Names"."""

from functools import partial
from typing import Final

from zargar import clock, names
from zargar.engine.retries import wait_before_retry
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.notifications import jobs
from zargar.notifications.audiences import operations as audiences
from zargar.outcomes import Summary
from zargar.pricing.wiring import fineness

WAIT: Final = partial(wait_before_retry, Family.NOTIFICATIONS)
"""A message is tried again by the policy of its family, as a run of its family is."""


@task(names.PROCESS_SCHEDULED_NOTIFICATIONS, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def process_scheduled_notifications(**_: object) -> Summary:
    """Send what is due, of every shop in its turn, and hear every five minutes what providers have to say."""
    return jobs.process_due(wait=WAIT)


@task(names.LEGACY_PROCESS_SCHEDULED_NOTIFICATIONS, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def process_scheduled_notifications_by_its_older_name(**_: object) -> Summary:
    """Do the same under the name that the mission knows it by elsewhere."""
    return jobs.process_due(wait=WAIT)


@task(names.SEND_SINGLE_NOTIFICATION, family=Family.NOTIFICATIONS, queue=Queue.REALTIME)
def send_single_notification(*, shop_id: int, message_id: int, **_: object) -> Summary:
    """Send one message of a shop (0: the platform) now, if it waits."""
    return jobs.send_one(shop_id=shop_id, message_id=message_id, wait=WAIT)


@task(names.SEND_BULK_NOTIFICATIONS_ASYNC, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def send_bulk_notifications_async(*, shop_id: int | None = None, bulk_id: int | None = None, **_: object) -> Summary:
    """Queue what is left of a confirmed bulk, and help to send what is due."""
    return jobs.send_bulk(shop_id=shop_id, bulk_id=bulk_id, wait=WAIT, now=clock.now())


@task(names.PROCESS_RECURRING_SCHEDULES, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def process_recurring_schedules(*, shop_id: int | None = None, **_: object) -> Summary:
    """Queue the recurring messages that are owed, of all active shops or of one."""
    return audiences.run_recurring(shop_id=shop_id, now=clock.now())


@task(names.SEND_DAILY_PAYMENT_REMINDERS, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def send_daily_payment_reminders(*, shop_id: int | None = None, **_: object) -> Summary:
    """Remind of instalments that fall due or are overdue, of all active shops or of one."""
    return audiences.remind_payments(shop_id=shop_id, fineness=fineness(), now=clock.now())


@task(names.SEND_BIRTHDAY_GREETINGS, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def send_birthday_greetings(*, shop_id: int | None = None, **_: object) -> Summary:
    """Greet those who have birthday today, of all active shops or of one."""
    return audiences.greet(shop_id=shop_id, now=clock.now())


@task(names.SEND_APPOINTMENT_REMINDERS, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def send_appointment_reminders(*, shop_id: int | None = None, **_: object) -> Summary:
    """Remind of tomorrow's appointments, of all active shops or of one."""
    return audiences.remind_appointments(shop_id=shop_id, now=clock.now())


@task(names.CLEANUP_OLD_NOTIFICATIONS, family=Family.NOTIFICATIONS, queue=Queue.MAINTENANCE)
def cleanup_old_notifications(**_: object) -> Summary:
    """Remove messages and attempts that have outlived their period."""
    return jobs.clean_up(now=clock.now())


@task(names.UPDATE_NOTIFICATION_STATISTICS, family=Family.NOTIFICATIONS, queue=Queue.MAINTENANCE)
def update_notification_statistics(**_: object) -> Summary:
    """Count the last hours anew, and tell of accounts that were stopped."""
    return jobs.update_statistics(wait=WAIT)
