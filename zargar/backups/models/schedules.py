"""Backups that people have scheduled."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zargar.backups.retention import Kind


class BackupSchedule(models.Model):
    """When a shop, or everything, is backed up besides the daily and weekly backup. Data: edited while all runs.

    `next_due` is the next time owed. Whoever settles the row moves it on in the transaction that opens the run.
    """

    shop = models.ForeignKey(
        "shops.Shop", null=True, on_delete=models.CASCADE, related_name="+", help_text="none: everything"
    )
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.name) for kind in Kind])
    cron = models.CharField(max_length=100, help_text="five fields, Tehran time")
    enabled = models.BooleanField(default=True)
    reason = models.TextField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    next_due = models.DateTimeField()
    settled_at = models.DateTimeField(help_text="when next_due was computed; ahead of the clock: it was set back")

    class Meta:
        """Shops have copies of their own, everything is made daily's or weekly's way; the tick asks by due time."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(shop__isnull=False, kind=Kind.SHOP)
                | Q(shop__isnull=True, kind__in=[Kind.DAILY, Kind.WEEKLY]),
                name="schedule_kind_fits_its_scope",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(made_by=""), name="schedule_has_a_why"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_due"], condition=Q(enabled=True), name="schedule_by_due")]

    def __str__(self) -> str:
        """Say of what and when."""
        return f"{self.kind} of {self.shop_id or 'everything'} at {self.cron}"
