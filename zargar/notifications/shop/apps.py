"""The app's name for people."""

from django.apps import AppConfig


class ShopMessagesConfig(AppConfig):
    """The messages of one shop."""

    name = "zargar.notifications.shop"
    label = "shop_messages"
    verbose_name = "پیام‌ها"
