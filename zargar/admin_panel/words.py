"""The words of the database in Persian: states, reasons, tasks and entries as people read them.

Stored words are English and never change; this table is the only place that turns them into Persian. A word that is not
listed is shown as it is stored, so that a new reason is seen before it is translated; a test keeps the table complete.
"""

from collections.abc import Mapping
from typing import Final

from zargar import names

STATES: Final[Mapping[str, str]] = {
    # what shops are answered
    "live": "زنده",
    "fallback": "جایگزین",
    "operator": "قیمت کاربر",
    "none": "بدون قیمت",
    # a tick
    "accepted": "پذیرفته",
    "held": "نگه داشته",
    "stale": "کهنه",
    # a quote
    "used": "به کار رفت",
    "kept": "ثبت شد",
    "rejected": "رد شد",
    # a run and a slot
    "due": "در نوبت",
    "running": "در حال اجرا",
    "succeeded": "انجام شد",
    "dead": "مرده",
    "superseded": "جای خود را داد",
    "rung": "زنگ خورد",
    "skipped": "رد شد، متوقف بود",
    # a shop
    "creating": "در حال ساخت",
    "active": "فعال",
    "suspended": "معلق",
    "migrating": "در حال مهاجرت",
    "restoring": "در حال بازگرداندن",
}

REASONS: Final[Mapping[str, str]] = {
    "suspended": "معامله متوقف است",
    "missing": "فیلد نبود",
    "not_a_number": "عدد نبود",
    "not_positive": "مثبت نبود",
    "not_a_time": "زمان نبود",
    "wrong_type": "نوع داده دیگر بود",
    "wrong_unit": "واحد دیگر بود",
    "refused": "منبع پاسخ خطا داد",
    "stale": "ساعت منبع کهنه است",
    "future": "ساعت منبع جلو است",
    "frozen": "عدد یخ زده است",
    "far_from_others": "دور از دیگران",
    "not_json": "پاسخ JSON نبود",
    "stale_token": "نشانه دسترسی کهنه بود",
    "http_status": "پاسخ HTTP خطا بود",
    "redirected": "به جای دیگر فرستاد",
    "not_http": "پاسخ HTTP نبود",
    "timeout": "پاسخ به موقع نیامد",
    "unreachable": "در دسترس نیست",
    "tls": "گواهی TLS پذیرفته نشد",
    "too_large": "پاسخ بیش از اندازه بود",
    "inconsistent": "بخش‌هایش با هم نمی‌خواند",
    "private_address": "نشانی آن در شبکه خصوصی است",
    "proxy": "پراکسی کار نکرد",
    "left_alone": "برای مدتی از آن پرسیده نمی‌شود",
}

TASKS: Final[Mapping[str, str]] = {
    names.UPDATE_GOLD_PRICES: "به‌روزرسانی قیمت طلا",
    names.UPDATE_SINGLE_KARAT_PRICE: "قیمت یک عیار",
    names.VALIDATE_GOLD_PRICE_APIS: "بررسی منابع قیمت",
    names.CLEANUP_GOLD_PRICE_CACHE: "رسیدگی به حافظه نهان قیمت",
    names.GENERATE_GOLD_PRICE_REPORT: "گزارش قیمت طلا",
    names.SEND_GOLD_PRICE_ALERT: "هشدار قیمت طلا",
    names.FORCE_GOLD_PRICE_REFRESH: "به‌روزرسانی قیمت بیرون از نوبت",
    names.CREATE_DAILY_BACKUP: "پشتیبان روزانه",
    names.CREATE_WEEKLY_BACKUP: "پشتیبان هفتگی",
    names.CREATE_TENANT_BACKUP: "پشتیبان یک فروشگاه",
    names.CREATE_SNAPSHOT_BACKUP: "پشتیبان پیش از تغییر",
    names.VERIFY_BACKUP_INTEGRITY: "راستی‌آزمایی پشتیبان",
    names.CLEANUP_OLD_BACKUPS: "پاک‌سازی پشتیبان‌های کهنه",
    names.PROCESS_SCHEDULED_BACKUPS: "پشتیبان‌های زمان‌بندی‌شده",
    names.BACKUP_ALL_TENANTS: "پشتیبان همه فروشگاه‌ها",
    names.GENERATE_BACKUP_REPORT: "گزارش پشتیبان‌ها",
    names.PROCESS_SCHEDULED_NOTIFICATIONS: "فرستادن پیام‌های موعددار",
    names.PROCESS_RECURRING_SCHEDULES: "پیام‌های دوره‌ای",
    names.SEND_SINGLE_NOTIFICATION: "فرستادن یک پیام",
    names.SEND_BULK_NOTIFICATIONS_ASYNC: "فرستادن پیام گروهی",
    names.SEND_DAILY_PAYMENT_REMINDERS: "یادآوری قسط",
    names.SEND_BIRTHDAY_GREETINGS: "تبریک تولد",
    names.SEND_APPOINTMENT_REMINDERS: "یادآوری قرار",
    names.CLEANUP_OLD_NOTIFICATIONS: "پاک‌سازی پیام‌های کهنه",
    names.UPDATE_NOTIFICATION_STATISTICS: "آمار پیام‌ها",
    names.REVALUE_INSTALLMENT_CONTRACTS: "ارزش روز قراردادهای قسطی",
    names.CONSOLE_START_BACKUP_JOB: "آغاز پشتیبان از میز کار",
    names.CONSOLE_CLEANUP_OLD_BACKUPS: "پاک‌سازی پشتیبان از میز کار",
    names.LEGACY_PROCESS_SCHEDULED_NOTIFICATIONS: "فرستادن پیام‌های موعددار (نام پیشین)",
}

ENTRIES: Final[Mapping[str, str]] = {
    "daily-system-backup": "پشتیبان روزانه",
    "weekly-system-backup": "پشتیبان هفتگی",
    "process-scheduled-backups": "پشتیبان‌های زمان‌بندی‌شده",
    "cleanup-old-backups": "پاک‌سازی پشتیبان‌های کهنه",
    "daily-backup-report": "گزارش روزانه پشتیبان‌ها",
    "weekly-backup-report": "گزارش هفتگی پشتیبان‌ها",
    "update-gold-prices": "به‌روزرسانی قیمت طلا",
    "validate-gold-price-apis": "بررسی منابع قیمت",
    "cleanup-gold-price-cache": "رسیدگی به حافظه نهان قیمت",
    "daily-gold-price-report": "گزارش روزانه قیمت طلا",
    "weekly-gold-price-report": "گزارش هفتگی قیمت طلا",
    "process-scheduled-notifications": "فرستادن پیام‌های موعددار",
    "process-recurring-schedules": "پیام‌های دوره‌ای",
    "daily-payment-reminders": "یادآوری قسط",
    "birthday-greetings": "تبریک تولد",
    "appointment-reminders": "یادآوری قرار",
    "cleanup-old-notifications": "پاک‌سازی پیام‌های کهنه",
    "update-notification-statistics": "آمار پیام‌ها",
}

FINDINGS: Final[Mapping[str, str]] = {
    "database_away": "پایگاه داده پاسخ نمی‌دهد",
    "broker_away": "پیام‌رسان پاسخ نمی‌دهد؛ کارها در دفتر می‌مانند",
    "worker_dead": "کارگر مرده است",
    "worker_not_consuming": "کارگر زنده است، ولی کاری برنمی‌دارد",
    "queue_unserved": "هیچ کارگری به این صف نمی‌رسد",
    "queue_waiting": "کاری در صف مانده است",
    "beat_dead": "زمان‌سنج مرده است",
    "beat_not_ticking": "زمان‌سنج زنده است، ولی نمی‌زند",
    "no_beat": "هیچ زمان‌سنجی در کار نیست",
    "price_none": "قیمتی در دست نیست",
    "price_fallback": "قیمت، آخرین قیمت توافق‌شده است و تازه نیست",
    "price_operator": "قیمت را کاربر گذاشته است",
    "boards_all_down": "هیچ منبعی قیمت نمی‌دهد",
    "board_down": "این منبع قیمت نمی‌دهد",
    "board_refused": "قیمت این منبع پذیرفته نمی‌شود",
    "family_failing": "بیش از یک دهم کارهای یک ساعت گذشته ناکام ماند",
    "dead_letters": "کارهایی مرده‌اند و کسی باید به آنها رسیدگی کند",
    "paused": "بخشی از برنامه را کسی متوقف کرده است",
    "notices_unsent": "نامه‌ی هشدارهایی هنوز فرستاده نشده است",
    "backup_alarm": "پشتیبان‌ها نیاز به رسیدگی دارند",
}

COPIES: Final[Mapping[str, str]] = {
    "missing": "ندارد",
    "stored": "هنوز بازخوانی‌نشده",
    "good": "بازخوانی‌شده و درست",
    "damaged": "آسیب‌دیده",
    "removed": "برداشته‌شده",
}

MESSAGES: Final[Mapping[str, str]] = {
    "queued": "در صف",
    "claimed": "در حال ارسال",
    "asking": "از فرستنده پرسیده می‌شود",
    "sent": "فرستاده شد",
    "ambiguous": "شاید فرستاده شده",
    "dead": "مرده",
    "dropped": "کنار گذاشته شد",
    "cancelled": "پس گرفته شد",
    "held": "نگه داشته، پس از بازگرداندن",
}

CHANNELS: Final[Mapping[str, str]] = {
    "sms": "پیامک",
    "email": "ایمیل",
    "push": "اعلان",
    "inbox": "صندوق پیام",
}

DELIVERIES: Final[Mapping[str, str]] = {
    "queued": "در صف فرستنده",
    "at_operator": "نزد اپراتور",
    "delivered": "رسید",
    "undelivered": "به گوشی نرسید",
    "failed": "ناکام",
    "blacklisted": "در فهرست سیاه",
    "cancelled": "لغو شد",
    "unknown": "نامعلوم",
}

HOUSE: Final[Mapping[str, str]] = {
    "ok": "همه چیز رو به راه است",
    "degraded": "کار پیش می‌رود، با کاستی",
    "failing": "کسی باید رسیدگی کند",
    "away": "بخشی از کار افتاده است",
}

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "state": STATES,
    "reason": REASONS,
    "task": TASKS,
    "entry": ENTRIES,
    "finding": FINDINGS,
    "house": HOUSE,
    "copy": COPIES,
    "message": MESSAGES,
    "channel": CHANNELS,
    "delivery": DELIVERIES,
}


def word(stored: str, table: str) -> str:
    """Return the Persian for a stored word of `table`; a word that the table lacks comes back as it is."""
    return TABLES[table].get(stored, stored)
