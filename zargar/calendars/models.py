"""What operators say of the calendar (shared schema): closed days, days of events, decreed mourning.

See `zargar.calendars.closures` and `zargar.calendars.events`, whose rules need no row.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.calendars.closures import Kind
from zargar.calendars.events import Event


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


class EventDay(models.Model):
    """On which day an event of one year begins, by an operator: in place of the rule's, or where no rule has one."""

    event = models.CharField(max_length=24, choices=[(event.value, event.name) for event in Event])
    year = models.PositiveSmallIntegerField(help_text="Hijri for what goes by the moon, Jalali for the rest")
    day = models.DateField()
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField()

    class Meta:
        """An event has one first day a year."""

        ordering = ("day", "event")
        constraints: ClassVar = [
            models.UniqueConstraint(F("event"), F("year"), name="event_day_once"),
            models.CheckConstraint(condition=Q(event__in=[event.value for event in Event]), name="event_day_event"),
        ]
        indexes: ClassVar = [models.Index(F("day"), name="event_day_day")]

    def __str__(self) -> str:
        """Say which event and when."""
        return f"{self.event} {self.day}"


class Mourning(models.Model):
    """Days of mourning by decree, both ends included. One that was lifted stays, as what was believed meanwhile."""

    since = models.DateField()
    until = models.DateField()
    name = models.CharField(max_length=200)
    decreed_by = models.CharField(max_length=150)
    decreed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        """It has a name and ends no sooner than it began; how long it may last is judged where it is decreed."""

        ordering = ("since", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="mourning_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(name__regex=r"\S"), name="mourning_name"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by="") | Q(lifted_at__isnull=False, lifted_by__regex=r"\S"),
                name="mourning_lifted_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("until"), condition=Q(lifted_at__isnull=True), name="mourning_until_standing")
        ]

    def __str__(self) -> str:
        """Say what for."""
        return self.name
