"""A report as JSON without floats, and back: amounts are strings in Toman, times ISO 8601 in UTC, days Gregorian.

It is what is stored, and what `zargar prices report --json` prints; `from_json(as_json(report)) == report`.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from zargar.outcomes import JSON, Summary
from zargar.pricing.bars import Gap, Shown
from zargar.pricing.periods import Kind, Span
from zargar.pricing.quotes import Toman, plain
from zargar.pricing.reports import AskedGap, Change, Prices, Report, SourceFacts, TickFacts
from zargar.pricing.trends import Trend, Volatility

FORMAT: Final = 1
"""Raised when a stored body is to be read differently."""


def as_json(report: Report) -> Summary:
    """Say a report in JSON."""
    return {
        "format": FORMAT,
        "kind": report.span.kind.value,
        "start": report.span.start.isoformat(),
        "end": report.span.end.isoformat(),
        "through": report.through.isoformat(),
        "prices": _prices(report.prices),
        "change": _change(report.change),
        "trends": {str(over): _trend(found) for over, found in report.trends.items()},
        "volatility": _volatility(report.volatility),
        "karats": {str(karat): plain(price) for karat, price in report.karats.items()},
        "ticks": _facts(report.facts),
        "sources": [_source(one) for one in report.facts.sources],
        "gaps": [_gap(one) for one in report.gaps],
    }


def from_json(body: dict[str, Any]) -> Report:
    """Read a stored report. Raises `KeyError` or `ValueError` for a body that this code did not write."""
    if body["format"] != FORMAT:
        message = f"a report of format {body['format']!r}, where {FORMAT} is known"
        raise ValueError(message)
    span = Span(Kind(body["kind"]), datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"]))
    ticks = body["ticks"]
    return Report(
        span=span,
        through=datetime.fromisoformat(body["through"]),
        prices=_read_prices(body["prices"]),
        change=_read_change(body["change"]),
        trends={int(over): _read_trend(found) for over, found in body["trends"].items()},
        volatility=_read_volatility(body["volatility"]),
        karats={int(karat): _toman(price) for karat, price in body["karats"].items()},
        facts=TickFacts(
            accepted=ticks["accepted"],
            held=ticks["held"],
            stale=ticks["stale"],
            reasons=tuple((one["state"], one["reason"], one["count"]) for one in ticks["reasons"]),
            with_quotes=ticks["with_quotes"],
            sources=tuple(_read_source(one) for one in body["sources"]),
        ),
        gaps=tuple(_read_gap(one) for one in body["gaps"]),
    )


def _prices(prices: Prices | None) -> Summary | None:
    if prices is None:
        return None
    shown = prices.shown
    return {
        "open": plain(prices.open),
        "high": plain(prices.high),
        "low": plain(prices.low),
        "close": plain(prices.close),
        "ticks": prices.ticks,
        "shown": None
        if shown is None
        else {"open": shown.open, "high": shown.high, "low": shown.low, "close": shown.close},
        "backfilled": [day.isoformat() for day in prices.backfilled],
    }


def _change(change: Change | None) -> Summary | None:
    if change is None:
        return None
    return {
        "from_close": plain(change.from_close),
        "toman": plain(change.toman),
        "per_mille": plain(change.per_mille),
        "backfilled": change.backfilled,
    }


def _trend(trend: Trend | None) -> Summary | None:
    if trend is None:
        return None
    return {
        "days": trend.days,
        "base": trend.base.isoformat(),
        "base_close": plain(trend.base_close),
        "per_mille": plain(trend.per_mille),
        "backfilled": trend.backfilled,
    }


def _volatility(found: Volatility | None) -> Summary | None:
    if found is None:
        return None
    return {
        "measure": "sample standard deviation of daily log returns",
        "days": found.days,
        "returns": found.returns,
        "per_mille": plain(found.per_mille),
        "backfilled": found.backfilled,
    }


def _facts(facts: TickFacts) -> Summary:
    reasons: list[JSON] = [{"state": state, "reason": reason, "count": count} for state, reason, count in facts.reasons]
    return {
        "accepted": facts.accepted,
        "held": facts.held,
        "stale": facts.stale,
        "reasons": reasons,
        "with_quotes": facts.with_quotes,
    }


def _source(source: SourceFacts) -> Summary:
    rejected: list[JSON] = [{"why": why, "count": count} for why, count in source.rejected]
    return {
        "source": source.source,
        "asked": source.asked,
        "answered": source.answered,
        "used": source.used,
        "rejected": rejected,
    }


def _gap(one: AskedGap) -> Summary:
    return {
        "start": one.gap.start.isoformat(),
        "end": one.gap.end.isoformat(),
        "open_seconds": int(one.gap.open_for.total_seconds()),
        "asked": one.asked,
    }


def _read_prices(told: dict[str, Any] | None) -> Prices | None:
    if told is None:
        return None
    shown = told["shown"]
    return Prices(
        open=_toman(told["open"]), high=_toman(told["high"]), low=_toman(told["low"]), close=_toman(told["close"]),
        ticks=told["ticks"], shown=None if shown is None else Shown(**shown),
        backfilled=tuple(date.fromisoformat(day) for day in told["backfilled"]),
    )  # fmt: skip


def _read_change(told: dict[str, Any] | None) -> Change | None:
    if told is None:
        return None
    return Change(
        from_close=_toman(told["from_close"]), toman=_toman(told["toman"]), per_mille=Decimal(told["per_mille"]),
        backfilled=told["backfilled"],
    )  # fmt: skip


def _read_trend(told: dict[str, Any] | None) -> Trend | None:
    if told is None:
        return None
    return Trend(
        days=told["days"], base=date.fromisoformat(told["base"]), base_close=_toman(told["base_close"]),
        per_mille=Decimal(told["per_mille"]), backfilled=told["backfilled"],
    )  # fmt: skip


def _read_volatility(told: dict[str, Any] | None) -> Volatility | None:
    if told is None:
        return None
    return Volatility(
        days=told["days"], returns=told["returns"], per_mille=Decimal(told["per_mille"]),
        backfilled=told["backfilled"],
    )  # fmt: skip


def _read_source(told: dict[str, Any]) -> SourceFacts:
    return SourceFacts(
        source=told["source"], asked=told["asked"], answered=told["answered"], used=told["used"],
        rejected=tuple((one["why"], one["count"]) for one in told["rejected"]),
    )  # fmt: skip


def _read_gap(told: dict[str, Any]) -> AskedGap:
    start, end = datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"])
    return AskedGap(Gap(start, end, timedelta(seconds=told["open_seconds"])), told["asked"])


def _toman(text: str) -> Toman:
    return Toman(Decimal(text))
