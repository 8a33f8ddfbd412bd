"""What became of the schedule (shared schema)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class EntryState(models.Model):
    """One row for each live entry: how far its slots are settled, and whether a person has paused it."""

    entry = models.CharField(max_length=64, primary_key=True)
    live_since = models.DateTimeField(help_text="first seen with its task registered; earlier slots were never owed")
    looked_until = models.DateTimeField(help_text="slots up to here are settled")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=150, blank=True)
    paused_because = models.TextField(blank=True)

    def __str__(self) -> str:
        """Name the entry."""
        return self.entry


class SlotState(models.TextChoices):
    """Whether the slot's run was opened."""

    RUNG = "rung"
    SKIPPED = "skipped"


class Slot(models.Model):
    """One due time of one entry. The unique constraint is what lets any number of beats run."""

    entry = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=SlotState)
    run = models.OneToOneField("ledger.Run", null=True, on_delete=models.SET_NULL, related_name="slot")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row a slot."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "due_at"], name="slot_once"),
            models.CheckConstraint(condition=Q(state__in=SlotState.values), name="slot_state"),
        ]
        indexes: ClassVar = [models.Index(F("due_at").desc(), name="slot_by_time")]

    def __str__(self) -> str:
        """Name the slot."""
        return f"{self.entry} {self.due_at:%Y-%m-%d %H:%M:%S} {self.state}"


class MissedRange(models.Model):
    """Consecutive slots of an entry that no beat lived to fill and that its policy does not catch up."""

    entry = models.CharField(max_length=64)
    first_due_at = models.DateTimeField()
    last_due_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Two beats that come back at once record the same gap once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "first_due_at"], name="missed_once")]

    def __str__(self) -> str:
        """Say how many, and since when."""
        return f"{self.entry}: {self.count} missed from {self.first_due_at:%Y-%m-%d %H:%M}"
