"""When each shop has something to send next: what the minute tick reads, instead of asking every shop."""

from typing import ClassVar

from django.db import models


class DueShop(models.Model):
    """One shop that has something waiting, and from when on. A shop that has nothing has no row.

    `due_at` is also its place in the queue: whoever has had a turn goes to the end. `shop_id` is no foreign key, since
    0 is the platform itself and -1 the ear, by which providers are heard. A row may come too early, and then a turn
    finds nothing; it never comes too late.
    """

    shop_id = models.BigIntegerField(primary_key=True)
    due_at = models.DateTimeField()

    class Meta:
        """The tick asks for the earliest."""

        verbose_name = "موعد فروشگاه"
        verbose_name_plural = "موعد فروشگاه‌ها"
        indexes: ClassVar = [models.Index(fields=["due_at", "shop_id"], name="due_shop_first")]

    def __str__(self) -> str:
        """Say which shop."""
        return f"shop {self.shop_id}"
