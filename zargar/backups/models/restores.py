"""Restores in a shop's place, and what they have put aside."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class RestoreState(models.TextChoices):
    """How far a restore in a shop's place came; `docs/state-machines.md` says what is true in each."""

    PREPARING = "preparing"
    CLOSED = "closed"
    SWAPPED = "swapped"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    DROPPED = "dropped"


class Restore(models.Model):
    """A copy that takes a shop's place: out of a backup, or (undo) what an earlier restore had put aside.

    Plain numbers and names: it outlives the shop, and a catalogue that was lost. `kept` is there in the database if
    and only if the swap was committed.
    """

    shop = models.BigIntegerField(help_text="the shop's id")
    schema = models.CharField(max_length=63, help_text="what the shop was called then")
    backup = models.UUIDField(null=True, help_text="none: an undo")
    undoes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    copy = models.CharField(max_length=63, blank=True, help_text="the schema that takes the shop's place")
    kept = models.CharField(max_length=63, blank=True, help_text="what the schema that was live is called since")
    state = models.CharField(max_length=9, choices=RestoreState, default=RestoreState.PREPARING)
    shop_was = models.CharField(max_length=12, blank=True, help_text="the shop's state before it was closed")
    taken_at = models.DateTimeField(null=True, help_text="the moment whose rows are live since")
    snapshot = models.UUIDField(null=True, help_text="the backup of what was live, taken when the shop was closed")
    apart = models.JSONField(default=list, help_text="by table, how many rows differed, and the first keys")
    actor = models.CharField(max_length=150)
    reason = models.TextField()
    began_at = models.DateTimeField()
    swapped_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True)

    class Meta:
        """What is done was swapped; a shop's last one is looked for."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RestoreState.values), name="restore_state"),
            models.CheckConstraint(
                condition=~Q(state__in=[RestoreState.DONE, RestoreState.UNDONE, RestoreState.DROPPED])
                | Q(swapped_at__isnull=False, ended_at__isnull=False),
                name="restore_done_was_swapped",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(actor=""), name="restore_has_a_why"),
        ]
        indexes: ClassVar = [models.Index(F("shop"), F("id").desc(), name="restore_newest_of")]

    def __str__(self) -> str:
        """Say of what and how far."""
        return f"restore {self.pk} of {self.schema} {self.state}"
