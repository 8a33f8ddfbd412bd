"""Alerts about prices and the notices that tell of them (shared schema). The figures: `zargar.pricing.alarms`."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.pricing.alarms import Kind, Severity
from zargar.pricing.alert_changes import NoticeKind


class Alert(models.Model):
    """A condition from when it was seen until it had been gone for a while, or an event. At most one open of a kind."""

    kind = models.CharField(max_length=20, choices=[(kind.value, kind.name) for kind in Kind])
    subject = models.CharField(max_length=60, help_text="what it is about: gold_750, or for an event its moment")
    severity = models.CharField(max_length=10, choices=[(one.value, one.name) for one in Severity])
    opened_at = models.DateTimeField()
    gone_since = models.DateTimeField(null=True, help_text="since when the condition is gone; null while it stands")
    closed_at = models.DateTimeField(null=True)
    figures = models.JSONField(help_text="the newest figures, as JSON without floats")

    class Meta:
        """The open ones are looked at after every tick."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="alert_kind"),
            models.CheckConstraint(condition=Q(severity__in=[one.value for one in Severity]), name="alert_severity"),
            models.CheckConstraint(condition=Q(closed_at__gte=F("opened_at")), name="alert_closed_later"),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at__isnull=True), name="alert_one_open"
            ),
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(kind="jump"), name="alert_event_once"),
        ]
        indexes: ClassVar = [models.Index(F("opened_at").desc(), F("id").desc(), name="alert_by_time")]

    def __str__(self) -> str:
        """Say what it is and since when."""
        return f"{self.kind} {self.subject} since {self.opened_at:%Y-%m-%d %H:%M}"


class AlertNotice(models.Model):
    """A letter about an alert that is to be sent once; its row is written with what it tells of, or not at all."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notices")
    what = models.CharField(max_length=10, choices=[(one.value, one.name) for one in NoticeKind])
    made_at = models.DateTimeField()
    figures = models.JSONField(help_text="the figures of the moment in which it was made")
    rung_at = models.DateTimeField(null=True, help_text="when its sending was rung for last")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """Those that wait are few and asked for after every tick."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(what__in=[one.value for one in NoticeKind]), name="notice_what"),
            models.UniqueConstraint(
                fields=["alert", "what"], condition=~Q(what="reminder"), name="notice_opened_and_recovered_once"
            ),
        ]
        indexes: ClassVar = [models.Index(F("made_at"), condition=Q(sent_at__isnull=True), name="notice_unsent")]

    def __str__(self) -> str:
        """Say what it tells and whether it was sent."""
        return f"{self.what} of alert {self.alert_id}, {'sent' if self.sent_at else 'not sent'}"
