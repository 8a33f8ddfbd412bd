"""The devices of one shop's customers that take push messages, each under what its push service calls it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class PushService(models.TextChoices):
    """Who carries a push to the device."""

    WEB = "web", "مرورگر"
    FCM = "fcm", "FCM"


class Device(models.Model):
    """One browser or telephone. `address` is an FCM token, or a Web Push subscription as JSON (RFC 8030, 8291).

    A device that its service says is gone is removed: its address will never be valid again, and belongs to nobody.
    """

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="devices", verbose_name="مشتری"
    )
    service = models.CharField("سرویس", max_length=4, choices=PushService)
    address = models.CharField("نشانی", max_length=1000, unique=True)
    registered_at = models.DateTimeField("ثبت", db_default=Now())
    seen_at = models.DateTimeField("آخرین بار", db_default=Now())

    class Meta:
        """A device belongs to whoever registered it last."""

        verbose_name = "دستگاه"
        verbose_name_plural = "دستگاه‌ها"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(service__in=PushService.values), name="device_service"),
            models.CheckConstraint(condition=Q(address__regex=r"\S"), name="device_address"),
        ]
        indexes: ClassVar = [models.Index(F("seen_at"), name="device_seen")]

    def __str__(self) -> str:
        """Say by which service, never the address: who has it can write to the device."""
        return f"{self.service} {self.id}"
