"""The catalogue's name for people."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Which backups there are, where their copies lie and what is proven of each."""

    name = "zargar.backups"
    verbose_name = "پشتیبان‌ها"
