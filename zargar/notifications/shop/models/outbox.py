"""The outbox of one shop: what is to be told to whom, and how far that has come. In the shop's schema.

A row is inserted by the business transaction that has something to tell, and only `outbox_store` writes to it after.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from zargar.notifications.outbox import State
from zargar.notifications.values import Channel, Delivery, Purpose

_STATES = [(state.value, state.value) for state in State]


class OutboxRow(models.Model):
    """One message. `(event_key, to, channel)` names it for ever; moments are UTC, money is whole Rial.

    `template` is the version that it is written by, pinned when it was queued. `reference` is our number of its
    attempt, also at the provider; it stays while an attempt may be repeated under it.
    """

    kind = models.CharField("نوع", max_length=40)
    event_key = models.CharField("رخداد", max_length=200)
    to = models.CharField("گیرنده", max_length=1000)
    channel = models.CharField("راه", max_length=8, choices=[(one.value, one.value) for one in Channel])
    purpose = models.CharField("برای", max_length=16, choices=[(one.value, one.value) for one in Purpose])
    values = models.JSONField("مقدارها", default=dict)
    template = models.CharField("قالب", max_length=120)
    digest_key = models.CharField(max_length=200, blank=True, db_default="")
    customer_id = models.BigIntegerField("مشتری", null=True)
    state = models.CharField("وضع", max_length=10, choices=_STATES, db_default=State.QUEUED.value)
    due_at = models.DateTimeField("موعد")
    expires_at = models.DateTimeField("پایان اعتبار", null=True)
    created_at = models.DateTimeField("ثبت", db_default=Now())
    why = models.CharField("چرا", max_length=300, blank=True, db_default="")
    attempts = models.PositiveSmallIntegerField("تلاش‌ها", db_default=0)
    losses = models.PositiveSmallIntegerField(db_default=0, help_text="workers that died while they held it")
    lease_until = models.DateTimeField(null=True)
    turn = models.BigIntegerField(
        null=True, help_text="whose claim it is, its fence, and the advisory lock that he holds"
    )
    reference = models.BigIntegerField("شمارهٔ ما", null=True)
    account = models.CharField("حساب", max_length=40, blank=True, db_default="")
    tried = ArrayField(models.CharField(max_length=40), default=list, help_text="accounts that have refused it")
    tried_at = models.DateTimeField("آخرین تلاش", null=True)
    sent_at = models.DateTimeField("فرستاده شد", null=True)
    provider_id = models.CharField("شمارهٔ فرستنده", max_length=200, blank=True, db_default="")
    cost = models.BigIntegerField("هزینه (ریال)", null=True)
    parts = models.PositiveSmallIntegerField("بخش‌ها", null=True)
    delivery = models.CharField(
        "رسیدن", max_length=12, blank=True, db_default="", choices=[(one.value, one.value) for one in Delivery]
    )

    class Meta:
        """What a claim needs lies together; a message is queued once."""

        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in State]), name="%(app_label)s_%(class)s_state"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[one.value for one in Channel]), name="%(app_label)s_%(class)s_channel"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[one.value for one in Purpose]), name="%(app_label)s_%(class)s_purpose"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLAIMED.value) | Q(lease_until__isnull=False, turn__isnull=False),
                name="%(app_label)s_%(class)s_claimed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.ASKING.value, State.SENT.value, State.AMBIGUOUS.value])
                | Q(reference__isnull=False),
                name="%(app_label)s_%(class)s_known",
            ),
            models.UniqueConstraint(fields=["event_key", "to", "channel"], name="%(app_label)s_%(class)s_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                F("due_at"), F("id"), condition=Q(state__in=[State.QUEUED.value, State.ASKING.value]),
                name="%(class)s_due",
            ),
            models.Index(F("lease_until"), condition=Q(state=State.CLAIMED.value), name="%(class)s_leased"),
            models.Index(
                F("state"), F("id"),
                condition=Q(state__in=[State.AMBIGUOUS.value, State.DEAD.value, State.HELD.value]),
                name="%(class)s_for_people",
            ),
            models.Index(F("created_at"), name="%(class)s_by_age"),
            models.Index(F("customer_id"), F("created_at"), name="%(class)s_of_customer"),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Say what it is about, never to whom."""
        return f"{self.kind} {self.event_key}"


class Message(OutboxRow):
    """A message of this shop."""

    class Meta(OutboxRow.Meta):
        """As all outboxes."""

        abstract = False
        verbose_name = "پیام"
        verbose_name_plural = "پیام‌ها"
