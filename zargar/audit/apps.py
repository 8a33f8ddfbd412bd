"""The app's name for people."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit."""

    name = "zargar.audit"
    verbose_name = "رخدادنگار"
