"""The wire format: the 29 registered task names of the contract and the queues. Frozen: a rename loses work in flight.

A name listed here is promised, not yet registered: a task is registered when it works. `app.tasks` is the register.
"""

from enum import StrEnum
from typing import Final

UPDATE_GOLD_PRICES: Final = "zargar.core.gold_price_tasks.update_gold_prices"
UPDATE_SINGLE_KARAT_PRICE: Final = "zargar.core.gold_price_tasks.update_single_karat_price"
VALIDATE_GOLD_PRICE_APIS: Final = "zargar.core.gold_price_tasks.validate_gold_price_apis"
CLEANUP_GOLD_PRICE_CACHE: Final = "zargar.core.gold_price_tasks.cleanup_gold_price_cache"
GENERATE_GOLD_PRICE_REPORT: Final = "zargar.core.gold_price_tasks.generate_gold_price_report"
SEND_GOLD_PRICE_ALERT: Final = "zargar.core.gold_price_tasks.send_gold_price_alert"
FORCE_GOLD_PRICE_REFRESH: Final = "zargar.core.gold_price_tasks.force_gold_price_refresh"

CREATE_DAILY_BACKUP: Final = "zargar.core.backup_tasks.create_daily_backup"
CREATE_WEEKLY_BACKUP: Final = "zargar.core.backup_tasks.create_weekly_backup"
CREATE_TENANT_BACKUP: Final = "zargar.core.backup_tasks.create_tenant_backup"
CREATE_SNAPSHOT_BACKUP: Final = "zargar.core.backup_tasks.create_snapshot_backup"
VERIFY_BACKUP_INTEGRITY: Final = "zargar.core.backup_tasks.verify_backup_integrity"
CLEANUP_OLD_BACKUPS: Final = "zargar.core.backup_tasks.cleanup_old_backups"
PROCESS_SCHEDULED_BACKUPS: Final = "zargar.core.backup_tasks.process_scheduled_backups"
BACKUP_ALL_TENANTS: Final = "zargar.core.backup_tasks.backup_all_tenants"
GENERATE_BACKUP_REPORT: Final = "zargar.core.backup_tasks.generate_backup_report"

PROCESS_SCHEDULED_NOTIFICATIONS: Final = "zargar.core.notification_tasks.process_scheduled_notifications"
PROCESS_RECURRING_SCHEDULES: Final = "zargar.core.notification_tasks.process_recurring_schedules"
SEND_SINGLE_NOTIFICATION: Final = "zargar.core.notification_tasks.send_single_notification"
SEND_BULK_NOTIFICATIONS_ASYNC: Final = "zargar.core.notification_tasks.send_bulk_notifications_async"
SEND_DAILY_PAYMENT_REMINDERS: Final = "zargar.core.notification_tasks.send_daily_payment_reminders"
SEND_BIRTHDAY_GREETINGS: Final = "zargar.core.notification_tasks.send_birthday_greetings"
SEND_APPOINTMENT_REMINDERS: Final = "zargar.core.notification_tasks.send_appointment_reminders"
CLEANUP_OLD_NOTIFICATIONS: Final = "zargar.core.notification_tasks.cleanup_old_notifications"
UPDATE_NOTIFICATION_STATISTICS: Final = "zargar.core.notification_tasks.update_notification_statistics"

REVALUE_INSTALLMENT_CONTRACTS: Final = "zargar.gold_installments.tasks.update_gold_prices"
CONSOLE_START_BACKUP_JOB: Final = "zargar.admin_panel.tasks.start_backup_job"
CONSOLE_CLEANUP_OLD_BACKUPS: Final = "zargar.admin_panel.tasks.cleanup_old_backups"
LEGACY_PROCESS_SCHEDULED_NOTIFICATIONS: Final = "zargar.core.notification_services.process_scheduled_notifications"

CONTRACT: Final = frozenset(
    value for name, value in dict(globals()).items() if name.isupper() and isinstance(value, str)
)


class Queue(StrEnum):
    """A queue is a promise about latency, not a subject; a worker consumes the ones it can keep the promise for."""

    REALTIME = "realtime"
    BULK = "bulk"
    BACKUPS = "backups"
    MAINTENANCE = "maintenance"
    DRILLS = "drills"
    """Restores on trial: the only queue whose worker holds a key that opens backups; consumed where it is named."""


class Family(StrEnum):
    """Work that fails alike is retried alike; the family picks the retry policy and the default queue."""

    PRICES = "prices"
    BACKUPS = "backups"
    NOTIFICATIONS = "notifications"
