"""The app's name for people."""

from django.apps import AppConfig


class ShopsConfig(AppConfig):
    """The shops."""

    name = "zargar.shops"
    verbose_name = "فروشگاه‌ها"
