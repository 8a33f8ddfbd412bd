"""The audit table (shared schema). Its append-only rule lives in the database: see migration 0001."""

from django.db import models


class AuditRecord(models.Model):
    """One act of a person or a command."""

    at = models.DateTimeField(db_default=models.functions.Now(), db_index=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField()

    class Meta:
        """Newest first is how people read it."""

        ordering = ("-id",)

    def __str__(self) -> str:
        """Say the act in one line, for the shell and the admin."""
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.subject}"
