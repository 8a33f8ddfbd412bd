"""The app's name for people."""

from django.apps import AppConfig


class GoldInstallmentsConfig(AppConfig):
    """Contracts of one shop."""

    name = "zargar.gold_installments"
    verbose_name = "فروش قسطی طلا"
