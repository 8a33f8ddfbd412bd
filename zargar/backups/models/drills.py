"""What came back when it was restored on trial."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.backups.models.catalogue import Backup


class Drill(models.Model):
    """One pack of a backup that was restored out of one vault and compared: proven, at fault, or why nobody can say.

    A row is never changed: when a shop's last proven restore out of a vault was is read from these.
    """

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="drills")
    vault = models.CharField(max_length=40)
    holds = models.CharField(max_length=64, help_text="the shop's id, or shared")
    schema = models.CharField(max_length=63)
    drilled_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(help_text="from opening the key to the last comparison")
    faults = models.TextField(blank=True, help_text="what differs or is damaged, one a line")
    unwitnessed = models.TextField(
        blank=True, db_default="", help_text="why pg_dump was not asked for the copy's shape; empty: it was"
    )
    undecided = models.TextField(blank=True, db_default="", help_text="why the drill came to no verdict; empty: it did")

    class Meta:
        """One of proven, at fault and undecided; the last one of a shop in a vault is looked for."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(proven_at__isnull=False, faults="", undecided="")
                | (Q(proven_at=None, undecided="") & ~Q(faults=""))
                | (Q(proven_at=None, faults="") & ~Q(undecided="")),
                name="drill_proven_or_red",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("holds"), F("vault"), F("drilled_at").desc(), name="drill_newest_of"),
            models.Index(fields=["holds", "vault"], condition=~Q(undecided=""), name="drill_undecided_of"),
        ]

    def __str__(self) -> str:
        """Say what of which vault, and whether it came back."""
        return f"{self.schema} of {self.vault} {'proven' if self.proven_at else 'red' if self.faults else 'undecided'}"
