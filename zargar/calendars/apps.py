"""The app's name for people."""

from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    """The closed days."""

    name = "zargar.calendars"
    verbose_name = "تقویم"
