"""Price ticks and what they were made of (shared schema). Amounts are Toman, for the ounce dollars; see `quotes`."""

from typing import Any, ClassVar, Final

from django.db import models
from django.db.models import F, Q

from zargar.pricing.readings import State

DECIMALS: Final[dict[str, Any]] = {"max_digits": 30, "decimal_places": 12}
"""Wide enough for every amount that `figures.positive` lets in to be stored exactly."""


class Verdict(models.TextChoices):
    """What became of a quote. `KEPT`: nothing is wrong with it, but it carried no decision."""

    USED = "used"
    KEPT = "kept"
    REJECTED = "rejected"


class Tick(models.Model):
    """One round of asking all boards, and how it was judged. Never changed once written."""

    at = models.DateTimeField(help_text="when the boards were asked")
    trigger = models.CharField(max_length=100, help_text="what asked for it: scheduled, single karat, forced: REASON")
    state = models.CharField(max_length=8, choices=[(state.value, state.name) for state in State])
    toman_per_gram_18k = models.DecimalField(**DECIMALS, null=True, help_text="the accepted price")
    candidate = models.DecimalField(**DECIMALS, null=True, help_text="the price that is held and not yet believed")
    reason = models.TextField()
    latency_ms = models.PositiveIntegerField(help_text="from the first request to the last answer or the deadline")
    deadline_hit = models.BooleanField(help_text="whether a board had not answered when the deadline ended the wait")

    class Meta:
        """The newest tick and the newest accepted one are asked for all the time."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in State]), name="tick_state"),
            models.CheckConstraint(
                condition=Q(state="accepted") ^ Q(toman_per_gram_18k__isnull=True), name="tick_price_only_if_accepted"
            ),
            models.CheckConstraint(
                condition=Q(state="held") ^ Q(candidate__isnull=True), name="tick_candidate_only_if_held"
            ),
            models.CheckConstraint(condition=Q(toman_per_gram_18k__gt=0), name="tick_price_positive"),
            models.CheckConstraint(condition=Q(candidate__gt=0), name="tick_candidate_positive"),
        ]
        indexes: ClassVar = [
            models.Index(F("at").desc(), F("id").desc(), name="tick_by_time"),
            models.Index(F("at").desc(), F("id").desc(), condition=Q(state="accepted"), name="tick_accepted"),
        ]

    def __str__(self) -> str:
        """Say when and how it ended."""
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.state}"


class QuoteRecord(models.Model):
    """A price, or a field that was rejected, as a board said it in one tick."""

    tick = models.ForeignKey(Tick, on_delete=models.CASCADE, related_name="quotes")
    source = models.CharField(max_length=40)
    family = models.CharField(max_length=40)
    instrument = models.CharField(max_length=20, blank=True, help_text="empty for a field that was no price")
    field = models.CharField(max_length=200, blank=True, help_text="the field that was rejected")
    bid = models.DecimalField(**DECIMALS, null=True)
    ask = models.DecimalField(**DECIMALS, null=True)
    raw = models.CharField(max_length=100, blank=True, help_text="the number as the board wrote it: 1, or bid/ask")
    unit = models.CharField(max_length=30, blank=True, help_text="the unit that the source declares for it")
    source_time = models.DateTimeField(null=True, help_text="the board's own clock")
    changed_at = models.DateTimeField(null=True, help_text="since which tick it shows this value")
    verdict = models.CharField(max_length=8, choices=Verdict)
    why = models.CharField(max_length=20, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        """Each tick asks for the newest price of each source."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="quote_verdict"),
            models.CheckConstraint(condition=Q(bid__gt=0) & Q(ask__gte=F("bid")), name="quote_sides"),
            models.CheckConstraint(
                condition=Q(bid__isnull=True, ask__isnull=True, verdict="rejected")
                | Q(bid__isnull=False, ask__isnull=False, changed_at__isnull=False),
                name="quote_is_price_or_rejection",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("source"), F("instrument"), F("id").desc(), condition=Q(bid__isnull=False), name="quote_newest"
            ),
        ]

    def __str__(self) -> str:
        """Say what was said."""
        return f"{self.source} {self.instrument or self.field} {self.raw} {self.verdict}"


class Override(models.Model):
    """A price that a person set (Toman per gram of 750). The newest counts, until `until`."""

    value = models.DecimalField(**DECIMALS)
    until = models.DateTimeField()
    reason = models.TextField()
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        """The newest is asked for with every answer."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(value__gt=0), name="override_positive"),
            models.CheckConstraint(condition=Q(until__gt=F("created_at")), name="override_until_later"),
        ]
        indexes: ClassVar = [models.Index(F("created_at").desc(), F("id").desc(), name="override_newest")]

    def __str__(self) -> str:
        """Say the price and until when."""
        return f"{self.value} until {self.until:%Y-%m-%d %H:%M}"
