"""Who does not want to be written to: in the shared schema, so that restoring a shop forgets nobody's word."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from zargar.notifications.values import Channel, Purpose


class OptOut(models.Model):
    """That somebody declined one purpose by one channel. `recipient` is the journal's digest; 12 takes it back."""

    shop_id = models.BigIntegerField()
    recipient = models.BinaryField(max_length=16)
    channel = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Channel])
    purpose = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Purpose])
    said_at = models.DateTimeField(db_default=Now())
    source = models.CharField(max_length=200, help_text="لغو۱۱, one click, a person at the shop")

    class Meta:
        """Said once is said."""

        verbose_name = "لغو دریافت"
        verbose_name_plural = "لغوهای دریافت"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "recipient", "channel", "purpose"], name="opt_out_once")
        ]

    def __str__(self) -> str:
        """Say what was declined."""
        return f"{self.channel} {self.purpose}"
