"""Bars and reports of prices (shared schema), kept for ever: a few thousand rows a year. Prices are Toman per gram."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.pricing.bars import Period, Provenance
from zargar.pricing.models.ticks import DECIMALS
from zargar.pricing.periods import Kind


class BarRecord(models.Model):
    """Four prices of an hour, a day or a week. The ids of ticks stay when the ticks have gone, and are no keys."""

    period = models.CharField(max_length=4, choices=[(one.value, one.name) for one in Period])
    start = models.DateTimeField(help_text="when the span begins, by Tehran's clock")
    provenance = models.CharField(max_length=20, choices=[(one.value, one.name) for one in Provenance])
    open = models.DecimalField(**DECIMALS)
    high = models.DecimalField(**DECIMALS)
    low = models.DecimalField(**DECIMALS)
    close = models.DecimalField(**DECIMALS)
    ticks = models.PositiveIntegerField(help_text="how many accepted ticks it is made of; none for a back-filled one")
    open_tick = models.BigIntegerField(null=True, help_text="the tick that showed the first price")
    high_tick = models.BigIntegerField(null=True)
    low_tick = models.BigIntegerField(null=True)
    close_tick = models.BigIntegerField(null=True)
    newest_tick = models.BigIntegerField(null=True, help_text="the greatest id of a tick in it: rolled up to here")
    made_at = models.DateTimeField(help_text="when it was written last")

    class Meta:
        """A span has one bar of each provenance; the next roll-up asks up to which tick the last one came."""

        db_table = "pricing_bar"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "start", "provenance"], name="bar_of_span"),
            models.CheckConstraint(condition=Q(period__in=[one.value for one in Period]), name="bar_period"),
            models.CheckConstraint(
                condition=Q(provenance__in=[one.value for one in Provenance]), name="bar_provenance"
            ),
            models.CheckConstraint(
                condition=Q(low__gt=0, low__lte=F("open"), high__gte=F("open"))
                & Q(low__lte=F("close"), high__gte=F("close")),
                name="bar_low_and_high_enclose",
            ),
            models.CheckConstraint(
                condition=Q(
                    provenance=Provenance.TICKS.value, ticks__gt=0, open_tick__isnull=False, high_tick__isnull=False,
                    low_tick__isnull=False, close_tick__isnull=False, newest_tick__isnull=False,
                )
                | (~Q(provenance=Provenance.TICKS.value) & Q(ticks=0, newest_tick__isnull=True)),
                name="bar_of_ticks_names_them",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(F("newest_tick").desc(nulls_last=True), name="bar_rolled_up_to")]

    def __str__(self) -> str:
        """Say which span, and its last price."""
        return f"{self.period} {self.start:%Y-%m-%d %H:%M} {self.close} ({self.provenance})"


class ReportRecord(models.Model):
    """A report of one period: `body` is JSON without floats (`report_json`), `chart` a PNG, null without a price."""

    kind = models.CharField(max_length=7, choices=[(one.value, one.name) for one in Kind])
    start = models.DateTimeField(help_text="when the period begins, by Tehran's clock")
    body = models.JSONField()
    chart = models.BinaryField(null=True)
    over = models.BooleanField(help_text="whether the period was over; until then the report may be made anew")
    made_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, help_text="when the operators were sent it; null: not")

    class Meta:
        """A period has one report of a kind."""

        db_table = "pricing_report"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "start"], name="report_of_period"),
            models.CheckConstraint(condition=Q(kind__in=[one.value for one in Kind]), name="report_kind"),
        ]
        indexes: ClassVar = [models.Index(F("start").desc(), F("id").desc(), name="report_by_period")]

    def __str__(self) -> str:
        """Say which period."""
        return f"{self.kind} {self.start:%Y-%m-%d}"
