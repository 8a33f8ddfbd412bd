"""The outbox of the platform itself: what the operators are told. In the shared schema, of the same shape as a shop's.

It is a table of its own and not a shop's, since it must work for who has no shop, and while every shop is suspended.
In the due index and in the journal its shop is 0.
"""

from zargar.notifications.shop.models.outbox import OutboxRow


class PlatformMessage(OutboxRow):
    """A message to an operator."""

    class Meta(OutboxRow.Meta):
        """As all outboxes."""

        abstract = False
        verbose_name = "پیام سامانه"
        verbose_name_plural = "پیام‌های سامانه"
