"""What operators are told of backups: reports by the calendar, alarms at once."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.backups.alarms import Kind as AlarmKind


class BackupReport(models.Model):
    """What was said of the backups of a day or week, as it was known when it was made."""

    kind = models.CharField(max_length=6, choices=[("daily", "daily"), ("weekly", "weekly")])
    until = models.DateTimeField(help_text="the end of its period")
    body = models.JSONField()
    made_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True, help_text="when somebody last set about mailing it")

    class Meta:
        """One for each period."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "until"], name="backup_report_once")]

    def __str__(self) -> str:
        """Name its period."""
        return f"{self.kind} until {self.until:%Y-%m-%d %H:%M}"


class BackupAlarm(models.Model):
    """A condition that a person must hear of, from when it was seen until it was seen to be over (`alarms`)."""

    kind = models.CharField(max_length=10, choices=[(kind.value, kind.name) for kind in AlarmKind])
    subject = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    figures = models.JSONField(help_text="the newest figures, as JSON without floats")
    told_at = models.DateTimeField(null=True, help_text="when operators were last told that it stands")
    over_told_at = models.DateTimeField(null=True, help_text="when they were told that it is over")
    tried_at = models.DateTimeField(null=True, help_text="when telling was begun, unless it was told")

    class Meta:
        """One open of each; the open ones, and those to be told, are asked for every minute."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in AlarmKind]), name="backup_alarm_kind"),
            models.CheckConstraint(condition=Q(closed_at__gte=F("opened_at")), name="backup_alarm_closed_later"),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at__isnull=True), name="backup_alarm_one_open"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("closed_at").desc(),
                condition=Q(closed_at__isnull=False, over_told_at__isnull=True),
                name="backup_alarm_over_untold",
            ),
        ]

    def __str__(self) -> str:
        """Say what it is and since when."""
        return f"{self.kind} {self.subject} since {self.opened_at:%Y-%m-%d %H:%M}"
