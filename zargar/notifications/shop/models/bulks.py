"""Messages that a person sends to many at once: prepared, counted, confirmed, and then sent page by page."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from zargar.notifications.kinds import Kind
from zargar.notifications.shop.models.recurring import Audience
from zargar.notifications.values import Channel


class BulkState(models.TextChoices):
    """How far a bulk is."""

    PREPARED = "prepared", "آماده"
    CONFIRMED = "confirmed", "در حال ارسال"
    DONE = "done", "سپرده شد"
    CANCELLED = "cancelled", "لغو شد"


class Bulk(models.Model):
    """A bulk, what it was counted to be, and how far it was queued. Money is whole Rial, moments are UTC.

    `messages`, `parts`, `most_parts` and `cost` are what the person saw who confirmed it; `cost` is None where no
    price is configured. `templates` are the versions by which it was counted and is written, for each channel.
    `done_after` is the last customer who was looked at.
    """

    kind = models.CharField("نوع پیام", max_length=24, choices=[(kind.value, kind.name) for kind in Kind])
    values = models.JSONField("متغیرها", default=dict, blank=True)
    audience = models.CharField("برای", max_length=10, choices=Audience)
    channels = ArrayField(
        models.CharField(max_length=8, choices=[(one.value, one.name) for one in Channel]), verbose_name="راه‌ها"
    )
    templates = models.JSONField("قالب‌ها", default=dict, blank=True)
    state = models.CharField("وضع", max_length=9, choices=BulkState, default=BulkState.PREPARED)
    messages = models.PositiveIntegerField("پیام‌ها")
    unreached = models.PositiveIntegerField("بی‌راه", help_text="customers to whom no way that they agreed to leads")
    parts = models.PositiveIntegerField("بخش‌ها", help_text="of text messages")
    most_parts = models.PositiveIntegerField("بیشترین بخش‌ها")
    cost = models.BigIntegerField("هزینه (ریال)", null=True)
    expires_at = models.DateTimeField("پایان اعتبار")
    prepared_by = models.CharField(max_length=150)
    prepared_at = models.DateTimeField("آماده شد")
    confirmed_by = models.CharField(max_length=150, blank=True, db_default="")
    confirmed_at = models.DateTimeField("تأیید شد", null=True)
    done_after = models.BigIntegerField(default=0)
    queued = models.PositiveIntegerField("در صف گذاشته شد", default=0)

    class Meta:
        """Nothing is sent that nobody confirmed."""

        verbose_name = "پیام گروهی"
        verbose_name_plural = "پیام‌های گروهی"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="bulk_state"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="bulk_audience"),
            models.CheckConstraint(condition=Q(channels__len__gte=1), name="bulk_channels"),
            models.CheckConstraint(
                condition=~Q(state__in=[BulkState.CONFIRMED, BulkState.DONE])
                | Q(confirmed_at__isnull=False, confirmed_by__regex=r"\S"),
                name="bulk_confirmed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        """Number it."""
        return f"bulk {self.pk}"
