"""The journal of what was handed to providers: in the shared schema, where no restore of a shop can rewind it.

A recipient is kept as a keyed digest (HMAC-SHA-256 under `ZARGAR_RECIPIENTS_KEY`, cut to 16 bytes). There are so few
telephone numbers that a plain digest, salted or not, is undone in seconds; under a key that the database does not hold,
who reads this table learns whom a shop wrote to no more than that it wrote.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from zargar.notifications.outbox import GUARDING, Attempt
from zargar.notifications.values import Channel, Delivery, Purpose


class JournalEntry(models.Model):
    """One attempt to send one message by one account. Moments are UTC, `cost` is whole Rial.

    `reference` is our own number: 63 bits of time and chance, so that no copy or restored database repeats it.
    `due_at` is when the message wanted to leave, for the latency. `customer_id` is for the cap of promotions, which
    is a person's and not an address's; it is unknown (None) of what left before it was kept.
    """

    reference = models.BigIntegerField(primary_key=True)
    shop_id = models.BigIntegerField()
    event_key = models.CharField(max_length=200)
    recipient = models.BinaryField(max_length=16)
    channel = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Channel])
    purpose = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Purpose])
    kind = models.CharField(max_length=40)
    message_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True, help_text="the shop's customer, whatever address it went to")
    account = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Attempt])
    tries = models.PositiveSmallIntegerField(db_default=1, help_text="calls under this reference")
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=200, blank=True, db_default="")
    cost = models.BigIntegerField(null=True)
    parts = models.PositiveSmallIntegerField(null=True)
    estimate = models.BigIntegerField(
        null=True, help_text="parts by the account's configured price: what it costs as far as nobody tells"
    )
    why = models.CharField(max_length=300, blank=True, db_default="")
    delivery = models.CharField(
        max_length=12, blank=True, db_default="", choices=[(one.value, one.value) for one in Delivery]
    )
    delivered_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="when its delivery was asked for last")

    class Meta:
        """The guard: while an attempt may have arrived, no other of the same message can begin."""

        verbose_name = "ارسال"
        verbose_name_plural = "دفتر ارسال‌ها"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=[one.value for one in Attempt]), name="journal_state"),
            models.UniqueConstraint(
                fields=["shop_id", "event_key", "recipient", "channel"],
                condition=Q(state__in=sorted(one.value for one in GUARDING)),
                name="journal_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "provider_id"], name="journal_provider_id", condition=~Q(provider_id="")),
            models.Index(
                fields=["recipient", "shop_id", "tried_at"],
                condition=Q(purpose=Purpose.PROMOTION.value, state__in=sorted(one.value for one in GUARDING)),
                name="journal_promotions",
            ),
            models.Index(
                fields=["customer_id", "shop_id", "tried_at"],
                condition=Q(purpose=Purpose.PROMOTION.value, state__in=sorted(one.value for one in GUARDING)),
                name="journal_promotions_of",
            ),
            models.Index(
                F("account"), F("tried_at"),
                condition=Q(state=Attempt.ACCEPTED.value, delivery__in=["", "queued", "at_operator"]),
                name="journal_undelivered",
            ),
            models.Index(fields=["tried_at"], name="journal_by_age"),
            models.Index(fields=["shop_id", "tried_at"], name="journal_of_shop"),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Say which."""
        return f"{self.reference} by {self.account}"
