"""What lies in the inboxes of one shop's customers: the one way to them that needs no company in between."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class InboxMessage(models.Model):
    """One message in the inbox of one customer. `reference` is the attempt's own number: it lies here once."""

    reference = models.BigIntegerField(unique=True)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="inbox", verbose_name="مشتری"
    )
    title = models.CharField("عنوان", max_length=300)
    text = models.TextField("متن")
    put_at = models.DateTimeField("رسید", db_default=Now())
    read_at = models.DateTimeField("خوانده شد", null=True)

    class Meta:
        """The newest first, as they are read; the unread are counted often."""

        verbose_name = "پیام صندوق"
        verbose_name_plural = "صندوق پیام"
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(F("customer"), F("id").desc(), name="inbox_of_customer"),
            models.Index(F("customer"), condition=Q(read_at=None), name="inbox_unread"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(read_at=None) | Q(read_at__gte=F("put_at")), name="inbox_read_after_put")
        ]

    def __str__(self) -> str:
        """Show its title."""
        return self.title
