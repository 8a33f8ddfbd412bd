"""The app's name for people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Operators' accounts."""

    name = "zargar.accounts"
    verbose_name = "حساب‌ها"
