"""The app's name for people."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What no restore of a shop may rewind: what is due, what was sent, who opted out, how providers do."""

    name = "zargar.notifications"
    verbose_name = "پیام‌رسانی"
