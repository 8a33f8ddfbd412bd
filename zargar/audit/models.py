"""The audit table (shared schema). Its append-only rule lives in the database: see migration 0001."""

from django.db import models
from django.db.models.functions import Now


class AuditRecord(models.Model):
    """One act of a person or a command."""

    at = models.DateTimeField(db_default=Now(), db_index=True)
    actor = models.CharField("که", max_length=150)
    action = models.CharField("کار", max_length=100)
    subject = models.CharField("چه", max_length=200)
    before = models.JSONField("پیش", null=True)
    after = models.JSONField("پس", null=True)
    reason = models.TextField("چرا")

    class Meta:
        """Newest first is how people read it."""

        verbose_name = "رخداد"
        verbose_name_plural = "رخدادنگار"
        ordering = ("-id",)

    def __str__(self) -> str:
        """Say the act in one line, for the shell and the admin."""
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.subject}"
