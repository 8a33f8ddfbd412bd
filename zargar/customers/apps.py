"""The app's name for people."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers of one shop."""

    name = "zargar.customers"
    verbose_name = "مشتریان"
