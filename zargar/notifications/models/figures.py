"""How sending went, counted from the journal by the hour."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from zargar.notifications.values import Channel


class HourFigures(models.Model):
    """One hour (UTC) of one shop by one account. Times are milliseconds, money whole Rial.

    Counted anew from the journal while its rows are there, so that counting twice changes nothing.
    """

    hour = models.DateTimeField()
    shop_id = models.BigIntegerField()
    channel = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Channel])
    account = models.CharField(max_length=40)
    sent = models.IntegerField(help_text="attempts that a provider took")
    delivered = models.IntegerField()
    failed = models.IntegerField(help_text="attempts that were refused, and messages that did not reach their reader")
    ambiguous = models.IntegerField()
    parts = models.BigIntegerField()
    cost = models.BigIntegerField(null=True, help_text="as providers told it; null: none did")
    estimated = models.BigIntegerField(null=True, help_text="parts by price, of what nobody told the cost of")
    latency_sum = models.BigIntegerField(help_text="from due to accepted")
    latency_max = models.BigIntegerField()
    call_sum = models.BigIntegerField(help_text="from the attempt to the answer")
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row for each."""

        verbose_name = "آمار ارسال"
        verbose_name_plural = "آمار ارسال‌ها"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", "shop_id", "channel", "account"], name="figures_once")
        ]

    def __str__(self) -> str:
        """Say of what."""
        return f"{self.hour:%Y-%m-%d %H} shop {self.shop_id} {self.account}"
