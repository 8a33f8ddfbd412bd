"""Which events were told (shared schema), so that a shop that was put back from a backup tells none of them again."""

from typing import ClassVar

from django.db import models
from django.db.models import F


class Told(models.Model):
    """One event of one shop that became a message, alone or together with others in one.

    `event_key` names the event for ever, as `payment_overdue:41:7`, and `message` the one that tells it: another name
    where several are told together ("": not known, from before it was kept). It is written in the transaction that
    queues the message: neither exists without the other.
    """

    shop_id = models.BigIntegerField(help_text="no foreign key: it outlives the shop's schema, as the journal does")
    event_key = models.CharField(max_length=120)
    told_at = models.DateTimeField()
    message = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        """An event is told once."""

        constraints: ClassVar = [
            models.UniqueConstraint(F("shop_id"), F("event_key"), name="told_once"),
        ]
        indexes: ClassVar = [models.Index(F("told_at"), name="told_at")]

    def __str__(self) -> str:
        """Say which."""
        return self.event_key
