"""Which wishes of people were granted (shared schema), so that reading a line again grants none of them again."""

from typing import ClassVar

from django.db import models
from django.db.models import F


class HeardWish(models.Model):
    """An 11 or a 12 that was granted, by the number that the company gave it.

    Companies are asked for a day's answers each time, since what is told once alone is lost by whoever dies before he
    has stored it. Without this table an 11 of the morning would take back what its sender signed at noon.
    """

    account = models.CharField(max_length=40)
    identity = models.CharField(max_length=100, help_text="the company's")
    heard_at = models.DateTimeField()

    class Meta:
        """Heard once is heard."""

        constraints: ClassVar = [
            models.UniqueConstraint(F("account"), F("identity"), name="heard_once"),
        ]
        indexes: ClassVar = [models.Index(F("heard_at"), name="heard_at")]

    def __str__(self) -> str:
        """Say which."""
        return f"{self.identity} at {self.account}"
