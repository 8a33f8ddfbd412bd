"""What vaults did when they were tried."""

from django.db import models


class VaultCheck(models.Model):
    """What a vault did when it was last tried: written to, deleted from, swept (`duties`)."""

    vault = models.CharField(max_length=40, primary_key=True)
    checked_at = models.DateTimeField()
    fault = models.TextField(blank=True, help_text="what it said instead of doing it; empty: it did")
    refused = models.BooleanField(null=True, help_text="whether it refused to delete; null: that was not tried")
    swept = models.PositiveIntegerField(default=0, help_text="unfinished uploads that were removed")

    def __str__(self) -> str:
        """Name it, and say whether it did as it was asked."""
        return f"{self.vault} {self.fault or 'did as it was asked'}"
