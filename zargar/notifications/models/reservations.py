"""Credit that is set aside for bulks which have not left yet. In the shared schema, as the accounts are."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Reservation(models.Model):
    """What one bulk of one shop was counted to cost, and how many of its messages will not leave, as far as is known.

    What is still set aside is not kept but computed: `cost` (whole Rial) by the share of its `messages` that neither
    have left, by the journal, nor are `dropped`. It ends with the bulk, and at `expires_at` at the latest.
    """

    shop_id = models.BigIntegerField(help_text="no foreign key: as the journal")
    bulk_id = models.BigIntegerField()
    event_key = models.CharField(max_length=200, db_default="", help_text="as the journal has the bulk's messages")
    accounts = ArrayField(models.CharField(max_length=40), help_text="those that may carry it")
    messages = models.PositiveIntegerField()
    dropped = models.PositiveIntegerField(db_default=0)
    cost = models.BigIntegerField()
    confirmed_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        """A bulk sets credit aside once."""

        verbose_name = "اعتبار کنارگذاشته"
        verbose_name_plural = "اعتبارهای کنارگذاشته"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "bulk_id"], name="reservation_once"),
            models.CheckConstraint(condition=Q(messages__gte=1, cost__gte=1), name="reservation_of_something"),
        ]

    def __str__(self) -> str:
        """Say for which."""
        return f"shop {self.shop_id}: bulk {self.bulk_id}"
