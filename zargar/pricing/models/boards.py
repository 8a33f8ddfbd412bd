"""What is remembered of each board between ticks (shared schema): how it stands, and what a slow one said."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.pricing.models.ticks import DECIMALS


class BoardStanding(models.Model):
    """How a board stands: its failures, and until when it is left alone. One row a board, replaced as it is asked."""

    source = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(help_text="answers in a row that could not be had or read")
    refusals = models.PositiveIntegerField(help_text="401 and 403 since it last gave a price")
    last_asked = models.DateTimeField(null=True, help_text="written before it is asked")
    not_before = models.DateTimeField(null=True, help_text="until when it is left alone for what it answered")
    status = models.PositiveSmallIntegerField(null=True, help_text="the HTTP status of its last answer")
    why = models.CharField(max_length=20, blank=True, help_text="why the last answer failed; empty when it did not")
    detail = models.TextField(blank=True)

    def __str__(self) -> str:
        """Say how many failures it has."""
        return f"{self.source}: {self.failures} failures in a row"


class SlowQuote(models.Model):
    """The newest price of a board that only the hourly check has the patience for; ticks use it for a while."""

    source = models.CharField(max_length=40)
    instrument = models.CharField(max_length=20)
    bid = models.DecimalField(**DECIMALS)
    ask = models.DecimalField(**DECIMALS)
    raw = models.CharField(max_length=100, help_text="the number as the board wrote it: 1, or bid/ask")
    unit = models.CharField(max_length=30, help_text="the unit that the source declares for it")
    source_time = models.DateTimeField(null=True, help_text="the board's own clock")
    read_at = models.DateTimeField(help_text="when the answer was complete")

    class Meta:
        """One row for each price of each board."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "instrument"], name="slow_quote_of"),
            models.CheckConstraint(condition=Q(bid__gt=0) & Q(ask__gte=F("bid")), name="slow_quote_sides"),
        ]

    def __str__(self) -> str:
        """Say what was said."""
        return f"{self.source} {self.instrument} {self.raw}"
