"""The SQL of reports: what ticks and boards did in a period, and the reports that were made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from zargar.outcomes import Summary
from zargar.pricing import history_store
from zargar.pricing.bars import Gap
from zargar.pricing.models import ReportRecord
from zargar.pricing.periods import Kind, Span
from zargar.pricing.quotes import Why
from zargar.pricing.readings import State
from zargar.pricing.reports import AskedGap, SourceFacts, TickFacts
from zargar.pricing.sources import WORLD_FAMILY

MOST_REASONS: Final = 5
"""How many of the judge's reasons a report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored report: its id, its body, its chart (PNG; None without a price), and when it was made and mailed."""

    id: int
    kind: Kind
    start: datetime
    body: dict[str, Any]
    chart: bytes | None
    over: bool
    made_at: datetime
    mailed_at: datetime | None


def facts(*, since: datetime, until: datetime) -> TickFacts:
    """Count what the ticks of [since, until) ended in, and what each board did in them."""
    span = {"since": since, "until": until, "most": MOST_REASONS, "left_alone": Why.LEFT_ALONE.value,
            "world": WORLD_FAMILY}  # fmt: skip
    states = dict(_query("SELECT state, count(*) FROM pricing_tick WHERE at >= %(since)s AND at < %(until)s "
                         "GROUP BY state", span))  # fmt: skip
    [(with_quotes,)] = _query(
        """
        SELECT count(*) FROM pricing_tick AS tick WHERE at >= %(since)s AND at < %(until)s
           AND EXISTS (SELECT FROM pricing_quoterecord AS quote WHERE quote.tick_id = tick.id)
        """,
        span,
    )
    return TickFacts(
        accepted=states.get(State.ACCEPTED.value, 0),
        held=states.get(State.HELD.value, 0),
        stale=states.get(State.STALE.value, 0),
        reasons=_reasons(span),
        with_quotes=with_quotes,
        sources=_sources(span),
    )


def asked_in(gaps: Sequence[Gap]) -> tuple[AskedGap, ...]:
    """Count the ticks that fell into each gap."""
    counted = dict(
        _query(
            """
            SELECT gap.start, (SELECT count(*) FROM pricing_tick WHERE at >= gap.start AND at < gap.until)
            FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS gap (start, until)
            """,
            {"starts": [gap.start for gap in gaps], "ends": [gap.end for gap in gaps]},
        )
    )
    return tuple(AskedGap(gap, counted[gap.start]) for gap in gaps)


def keep(span: Span, *, body: Summary, chart: bytes | None, over: bool, now: datetime) -> int:
    """Keep the report of a period and return its id; one that was made when its period was over stays as it is."""
    with history_store.writing():
        row = ReportRecord.objects.filter(kind=span.kind, start=span.start).first()
        if row is None:
            row = ReportRecord(kind=span.kind, start=span.start)
        elif row.over:
            return row.pk
        row.body, row.chart, row.over, row.made_at = body, chart, over, now
        row.save()
        return row.pk


def newest(kind: Kind) -> datetime | None:
    """Return when the newest period that there is a report of began; None where there is none."""
    return ReportRecord.objects.filter(kind=kind).order_by("-start").values_list("start", flat=True).first()


def of_span(span: Span) -> Kept | None:
    """Return the report of a period; None where there is none."""
    row = ReportRecord.objects.filter(kind=span.kind, start=span.start).first()
    return None if row is None else _kept(row)


def by_id(id_: int) -> Kept | None:
    """Return a report; None where there is none."""
    row = ReportRecord.objects.filter(pk=id_).first()
    return None if row is None else _kept(row)


def unsent(kind: Kind, *, made_since: datetime) -> list[int]:
    """Return the ids of the reports made since a moment that were not mailed, in order of their periods."""
    rows = ReportRecord.objects.filter(kind=kind, mailed_at=None, made_at__gte=made_since).order_by("start")
    return list(rows.values_list("pk", flat=True))


@contextmanager
def sending(id_: int, *, now: datetime) -> Iterator[Kept | None]:
    """Lend an unsent report to be handed over; it is written down as mailed when the block ends well.

    None when it was mailed meanwhile, or somebody else is about it. Whoever dies inside has perhaps mailed it and not
    written it down: it is then mailed again, under the same Message-ID.
    """
    with transaction.atomic():
        row = ReportRecord.objects.select_for_update(skip_locked=True).filter(pk=id_, mailed_at=None).first()
        yield None if row is None else _kept(row)
        if row is not None:
            row.mailed_at = now
            row.save(update_fields=["mailed_at"])


def _reasons(span: dict[str, Any]) -> tuple[tuple[str, str, int], ...]:
    rows = _query(
        """
        SELECT state, reason, count(*) AS often FROM pricing_tick
        WHERE at >= %(since)s AND at < %(until)s AND state <> 'accepted'
        GROUP BY state, reason ORDER BY often DESC, state, reason LIMIT %(most)s
        """,
        span,
    )
    return tuple((state, reason, often) for state, reason, often in rows)


def _sources(span: dict[str, Any]) -> tuple[SourceFacts, ...]:
    """Count by board. One that was left alone in a tick was not asked in it, though the tick says so of it."""
    rows = _query(
        """
        SELECT quote.source, count(DISTINCT tick.id) FILTER (WHERE quote.why <> %(left_alone)s),
               count(DISTINCT tick.id) FILTER (WHERE quote.instrument = 'gold_750' AND quote.bid IS NOT NULL),
               count(DISTINCT tick.id) FILTER (WHERE quote.verdict = 'used')
        FROM pricing_tick AS tick JOIN pricing_quoterecord AS quote ON quote.tick_id = tick.id
        WHERE tick.at >= %(since)s AND tick.at < %(until)s AND quote.family <> %(world)s
        GROUP BY quote.source ORDER BY quote.source
        """,
        span,
    )
    refused: dict[str, list[tuple[str, int]]] = {}
    for source, why, often in _query(
        """
        SELECT quote.source, quote.why, count(*) AS often
        FROM pricing_tick AS tick JOIN pricing_quoterecord AS quote ON quote.tick_id = tick.id
        WHERE tick.at >= %(since)s AND tick.at < %(until)s AND quote.verdict = 'rejected' AND quote.family <> %(world)s
        GROUP BY quote.source, quote.why ORDER BY often DESC, quote.why
        """,
        span,
    ):
        refused.setdefault(source, []).append((why, often))
    return tuple(
        SourceFacts(source=source, asked=asked, answered=answered, used=used, rejected=tuple(refused.get(source, ())))
        for source, asked, answered, used in rows
    )


def _kept(row: ReportRecord) -> Kept:
    return Kept(
        id=row.pk, kind=Kind(row.kind), start=row.start, body=row.body,
        chart=None if row.chart is None else bytes(row.chart), over=row.over, made_at=row.made_at,
        mailed_at=row.mailed_at,
    )  # fmt: skip


def _query(statement: str, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
