"""The closed days (shared schema): what was proposed, and what an operator said. See `zargar.calendars.closures`."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.calendars.closures import Kind


class Source(models.TextChoices):
    """Who named the day."""

    HOLIDAYS = "holidays"
    OPERATOR = "operator"


class ClosedDay(models.Model):
    """A day on which the state or the bazaar rests. One that was opened again stays, so that no seed brings it back."""

    day = models.DateField()
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.name) for kind in Kind])
    name = models.CharField(max_length=200)
    estimated = models.BooleanField(help_text="whether the moon, or the trustees, have still to decide it")
    source = models.CharField(max_length=8, choices=Source)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, help_text="when an operator said that it is not closed after all")
    opened_by = models.CharField(max_length=150, blank=True)

    class Meta:
        """A day is closed once for each kind."""

        ordering = ("day", "kind")
        constraints: ClassVar = [
            models.UniqueConstraint(F("day"), F("kind"), name="closed_day_once"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="closed_day_kind"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="closed_day_source"),
            models.CheckConstraint(condition=Q(name__regex=r"\S"), name="closed_day_name"),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True, opened_by="") | Q(opened_at__isnull=False, opened_by__regex=r"\S"),
                name="closed_day_opened_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        """Say which day and whose."""
        return f"{self.day} {self.kind}"
