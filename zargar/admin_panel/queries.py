"""What the console reads. Nothing here writes, and nothing here judges: the words come from the rows.

A page costs about twenty short statements, each answered by an index, however long the history is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Q

from zargar.admin_panel.engine import broker_answers, live_entries
from zargar.admin_panel.words import word
from zargar.audit.models import AuditRecord
from zargar.ledger import operations as ledger
from zargar.ledger.models import Run
from zargar.monitoring import operations as monitoring
from zargar.monitoring.operations import Look
from zargar.pricing import operations as pricing
from zargar.pricing import report_words, reporting
from zargar.pricing.current import Answered
from zargar.pricing.models import QuoteRecord, ReportRecord, Tick, Verdict
from zargar.pricing.periods import Kind, span_of
from zargar.pricing.quotes import Instrument
from zargar.pricing.report_store import Kept
from zargar.pricing.report_words import Story
from zargar.pricing.wiring import choices, fineness
from zargar.schedules import operations as schedules
from zargar.schedules.models import MissedRange
from zargar.schedules.operations import Line
from zargar.schedules.wiring import entries

AUDIT_LINES: Final = 100
PATIENCE: Final = timedelta(seconds=2)
LINES: Final = 20
"""How many ticks, runs and gaps one page shows."""

REPORTS: Final = 60
"""How many reports one page lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """What one board said last, and why it does not count. `price` is Toman per gram of 750, the middle of two sides.

    `said_at` is when it last said a price; `refusals` are of the newest tick alone, as (reason, detail).
    """

    name: str
    price: Decimal | None
    said_at: datetime | None
    changed_at: datetime | None
    source_time: datetime | None
    verdict: str | None
    refusals: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """One look at the whole house, at `now` (aware UTC)."""

    now: datetime
    look: Look
    answered: Answered
    sources: Sequence[SourceLine]
    ticks: Sequence[Tick]
    runs: Sequence[Run]
    counts: dict[str, int]
    schedule: Sequence[Line]
    missed: Sequence[MissedRange]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A report of prices in a list. `close` is Toman per gram of 750, None where nothing was accepted."""

    id: int
    title: str
    close: Decimal | None
    over: bool
    made_at: datetime
    mailed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A stored report of prices, and what it says in Persian."""

    kept: Kept
    story: Story


def console(*, now: datetime) -> Console:
    """Read what the front page shows."""
    ticks = Tick.objects.annotate(used=Count("quotes", filter=Q(quotes__verdict=Verdict.USED))).order_by("-at", "-id")
    newest = list(ticks[:LINES])
    return Console(
        now=now,
        look=look(now=now),
        answered=pricing.current_price(now=now, fineness=fineness()),
        sources=_sources(newest[0] if newest else None),
        ticks=newest,
        runs=ledger.recent(limit=LINES),
        counts=ledger.counts(),
        schedule=schedules.overview(entries(), live=live_entries(), now=now),
        missed=schedules.missed(limit=LINES),
    )


def price_reports() -> Sequence[ReportLine]:
    """Return the newest reports of prices, the newest period first, without their pictures."""
    rows = ReportRecord.objects.defer("chart").order_by("-start", "-id")[:REPORTS]
    return [_report_line(row) for row in rows]


def price_report(id_: int) -> ReportPage:
    """Return one report of prices, told in Persian. Raises `NoSuchReportError`."""
    kept = reporting.report(id_)
    return ReportPage(kept, reporting.told(kept, words=partial(word, table="reason")))


def look(*, now: datetime) -> Look:
    """Look at the whole house; the broker is given two seconds to answer."""
    return monitoring.look(live=live_entries(), broker_answers=lambda: broker_answers(within=PATIENCE), now=now)


def audit_of(subject: str) -> Sequence[AuditRecord]:
    """Return the newest audit records of one subject, newest first."""
    return list(AuditRecord.objects.filter(subject=subject)[:AUDIT_LINES])


def unapplied_migrations() -> int:
    """Count the migrations that this code has and the shared schema has not."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _sources(newest: Tick | None) -> list[SourceLine]:
    """Return the boards that this deployment asks, and who spoke in the newest tick, in the order of the catalogue."""
    latest = list(newest.quotes.all()) if newest else []
    spoke = {row.source for row in latest}
    names = [one.source.board.name for one in choices() if one.asked or one.source.board.name in spoke]
    last = _last_prices(names)
    return [_source(name, last.get(name), latest) for name in names]


def _last_prices(names: Sequence[str]) -> dict[str, QuoteRecord]:
    """Return each board's newest price of gold; one statement, one step into the index for each board."""
    each = [
        QuoteRecord.objects.filter(source=name, instrument=Instrument.GOLD_750, bid__isnull=False).order_by("-id")[:1]
        for name in names
    ]
    newest = each[0].union(*each[1:], all=True)
    rows = QuoteRecord.objects.filter(id__in=[row.id for row in newest]).select_related("tick")
    return {row.source: row for row in rows}


def _source(name: str, last: QuoteRecord | None, latest: Sequence[QuoteRecord]) -> SourceLine:
    said = [row for row in latest if row.source == name]
    judged = next((row.verdict for row in said if row.instrument == Instrument.GOLD_750), None)
    return SourceLine(
        name=name,
        price=(last.bid + last.ask) / 2 if last and last.bid is not None and last.ask is not None else None,
        said_at=last.tick.at if last else None,
        changed_at=last.changed_at if last else None,
        source_time=last.source_time if last else None,
        verdict=judged or (Verdict.REJECTED if said else None),
        refusals=[(row.why, row.detail or row.field) for row in said if row.why],
    )


def _report_line(row: ReportRecord) -> ReportLine:
    prices = row.body["prices"]
    return ReportLine(
        id=row.pk,
        title=report_words.title(span_of(Kind(row.kind), row.start)),
        close=Decimal(prices["close"]) if prices else None,
        over=row.over,
        made_at=row.made_at,
        mailed_at=row.mailed_at,
    )
