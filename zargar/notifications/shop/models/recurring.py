"""Messages that a shop sends again and again, by Jalali rules: see `zargar.notifications.recurrence`."""

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.notifications.kinds import Kind


class Audience(models.TextChoices):
    """Whom a recurring message is for, among those who agreed to it."""

    EVERYBODY = "everybody", "همهٔ مشتریان"
    DEBTORS = "debtors", "مشتریان با قرارداد باز"
    SETTLED = "settled", "مشتریان تسویه‌شده"


class Recurring(models.Model):
    """A message, whom it is for, and when it comes again.

    `seen_until` is the moment up to which its dates were looked at: those after it, and not after now, are owed.
    `doing` is the date that is being sent while its audience is walked in batches, and `done_after` the last customer.
    """

    name = models.CharField("نام", max_length=120, unique=True)
    rule = models.CharField("قاعده", max_length=80, help_text="as `monthly 1 backward` or `before nowruz 7`")
    at = models.TimeField("ساعت تهران", default=time(10))
    kind = models.CharField("نوع پیام", max_length=24, choices=[(kind.value, kind.name) for kind in Kind])
    values = models.JSONField("متغیرها", default=dict, blank=True, help_text="what its template needs besides the name")
    audience = models.CharField("برای", max_length=10, choices=Audience, default=Audience.EVERYBODY)
    good_for_hours = models.PositiveSmallIntegerField(
        "تا چند ساعت پس از موعد", default=24, help_text="what was not queued by then is left out"
    )
    paused = models.BooleanField("متوقف", default=False)
    seen_until = models.DateTimeField(editable=False)
    doing = models.DateTimeField(null=True, editable=False)
    done_after = models.BigIntegerField(default=0, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        """What cannot be run is not kept."""

        verbose_name = "پیام دوره‌ای"
        verbose_name_plural = "پیام‌های دوره‌ای"
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(name__regex=r"\S"), name="recurring_name"),
            models.CheckConstraint(condition=Q(rule__regex=r"\S"), name="recurring_rule"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="recurring_kind"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="recurring_audience"),
            models.CheckConstraint(
                condition=Q(good_for_hours__gte=1, good_for_hours__lte=24 * 14), name="recurring_good_for"
            ),
            models.CheckConstraint(
                condition=Q(doing__isnull=True) | Q(doing__lte=F("seen_until")), name="recurring_doing_was_seen"
            ),
        ]

    def __str__(self) -> str:
        """Name it."""
        return self.name
