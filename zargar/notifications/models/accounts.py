"""How the accounts at providers do: their share, their failures, their credit, and every change of these with its why.

Which accounts there are is the deployment's configuration (`ZARGAR_PROVIDERS`); a row here is what was learnt of one.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from zargar.notifications.values import Channel


class AccountState(models.Model):
    """One account. `weight` (0 to 100) is moved by its failures; money is whole Rial, None where it is not known."""

    name = models.CharField(max_length=40, primary_key=True)
    channel = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Channel])
    weight = models.PositiveSmallIntegerField(db_default=100)
    failures = models.IntegerField(db_default=0, help_text="since window_at")
    calls = models.IntegerField(db_default=0, help_text="since window_at")
    window_at = models.DateTimeField(db_default=Now())
    moved_at = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True)
    stopped_why = models.CharField(max_length=300, blank=True, db_default="")
    told_at = models.DateTimeField(null=True, help_text="when the operators were told that it is stopped")
    credit = models.BigIntegerField(null=True)
    credit_at = models.DateTimeField(null=True)
    reserved = models.BigIntegerField(db_default=0)

    class Meta:
        """A share of the whole."""

        verbose_name = "حساب فرستنده"
        verbose_name_plural = "حساب‌های فرستنده"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weight__lte=100), name="account_weight"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="account_reserved"),
        ]

    def __str__(self) -> str:
        """Name it."""
        return self.name


class AccountChange(models.Model):
    """One change of an account's share or of its being stopped, with its reason."""

    account = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())
    before = models.CharField(max_length=40)
    after = models.CharField(max_length=40)
    why = models.CharField(max_length=300)

    class Meta:
        """Read by account, newest first."""

        verbose_name = "تغییر حساب"
        verbose_name_plural = "تغییرهای حساب‌ها"
        indexes: ClassVar = [models.Index(fields=["account", "at"], name="account_changes")]

    def __str__(self) -> str:
        """Say what changed."""
        return f"{self.account}: {self.before} -> {self.after}"


class Route(models.Model):
    """The share that a shop (0: every shop that has none of its own) gives an account of a channel; 0 shuts it out."""

    shop_id = models.BigIntegerField()
    channel = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Channel])
    account = models.CharField(max_length=40)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        """One share each."""

        verbose_name = "مسیر"
        verbose_name_plural = "مسیرها"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "channel", "account"], name="route_once"),
            models.CheckConstraint(condition=Q(weight__lte=100), name="route_weight"),
        ]

    def __str__(self) -> str:
        """Say which."""
        return f"shop {self.shop_id}: {self.account} {self.weight}"


class Sending(models.Model):
    """Whether anything leaves at all: one row.

    `home` names the database that it was written in. A copy or a restored one has another name, and therefore begins
    paused: what it holds may have been sent by the other. `key_mark` tells whether the recipients' key is the same.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    home = models.CharField(max_length=60)
    key_mark = models.CharField(max_length=16)
    paused_at = models.DateTimeField(null=True)
    paused_why = models.CharField(max_length=300, blank=True, db_default="")
    told_at = models.DateTimeField(null=True, help_text="when the operators were told that it is paused")

    class Meta:
        """One row."""

        verbose_name = "ارسال"
        verbose_name_plural = "ارسال"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="sending_one_row")]

    def __str__(self) -> str:
        """Say which way it stands."""
        return "paused" if self.paused_at else "sending"
