"""Prices in PostgreSQL: what `decide` needs as plain values, and one transaction that keeps a tick with its quotes.

Note [One judge at a time]
--------------------------
A tick is judged and written under an advisory lock that lasts as long as its transaction, so that two ticks at the same
time (a scheduled and a forced one) see each other's outcome. The boards have been asked before; nothing waits inside.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection, transaction

from zargar.audit import operations as audit
from zargar.pricing.current import Facts, LatestTick, OperatorPrice, Priced
from zargar.pricing.models import Override, QuoteRecord, Tick, Verdict
from zargar.pricing.quotes import Instrument, Quote, Toman, Why, plain
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reading, Reference, Rejected, State, state_of
from zargar.pricing.screening import Candidate, by_family

LOCK_OF_JUDGE: Final = 0x5A41_5250_524A  # "ZARPRJ"
LOCK_OF_CACHE: Final = 0x5A41_5250_5243  # "ZARPRC"
RECENT_TICKS: Final = 240
"""Enough for a level that is held over 15 minutes at one tick every four seconds, the fastest that a demo runs."""

Shown = tuple[str, Instrument]
"""One price of one board."""


@dataclass(frozen=True)
class Asking:
    """The circumstances of a tick. `trigger` says what asked for it."""

    at: datetime
    trigger: str
    latency_ms: int
    deadline_hit: bool


@contextmanager
def judging() -> Iterator[None]:
    """Hold the judge's lock in one transaction; see Note [One judge at a time]."""
    with transaction.atomic():
        _lock(LOCK_OF_JUDGE)
        yield


@contextmanager
def publishing() -> Iterator[None]:
    """Hold the lock under which the cache is replaced, so that the last to read is the last to write."""
    with transaction.atomic():
        _lock(LOCK_OF_CACHE)
        yield


def reference() -> Reference | None:
    """Return the newest of the last accepted price and the last price of an operator."""
    tick = Tick.objects.filter(state=State.ACCEPTED).order_by("-at", "-id").first()
    override = _override()
    if override and (tick is None or override.at > tick.at):
        return Reference(override.price, override.at, by_operator=True)
    if tick is None:
        return None
    return Reference(Toman(_known(tick.toman_per_gram_18k)), tick.at, families=_families(tick))


def facts() -> Facts:
    """Return what an answer about the current price is made of."""
    newest = Tick.objects.order_by("-at", "-id").values_list("at", "state", "reason").first()
    latest = LatestTick(newest[0], State(newest[1]), newest[2]) if newest else None
    return Facts(accepted=_accepted(), override=_override(), latest=latest)


def changed_since(quotes: Mapping[str, Sequence[Quote]], *, now: datetime) -> dict[Shown, datetime]:
    """Return since when each price shows its value: carried forward while equal, else `now`. Keyed by source."""
    before = _newest(_keys(quotes))
    since: dict[Shown, datetime] = {}
    for source, said in quotes.items():
        for quote in said:
            known = before.get((source, quote.instrument))
            same = known is not None and (known[0], known[1]) == (quote.bid, quote.ask)
            since[source, quote.instrument] = known[2] if known is not None and same else now
    return since


def recent(*, now: datetime, flat_since: Iterable[datetime]) -> list[PastTick]:
    """Return the ticks that `decide` looks at: the newest before `now`, and those in which a flat value began.

    Only the latter carry their families' prices, since only with them the question is who moved meanwhile.
    """
    rows = Tick.objects.filter(at__lt=now).order_by("-at", "-id")[:RECENT_TICKS]
    newest = {
        id_: PastTick(at, State(state), _level(price, candidate), {})
        for id_, at, state, price, candidate in rows.values_list("id", "at", "state", "toman_per_gram_18k", "candidate")
    }
    began: dict[int, PastTick] = {}
    for since in set(flat_since):
        tick = Tick.objects.filter(at__gte=since, at__lt=now).exclude(state=State.STALE).order_by("at", "id").first()
        if tick is not None:
            level = _level(tick.toman_per_gram_18k, tick.candidate)
            began[tick.pk] = PastTick(tick.at, State(tick.state), level, _families(tick))
    return list((newest | began).values())


def record(readings: Sequence[Reading], since: Mapping[Shown, datetime], decision: Decision, asking: Asking) -> int:
    """Keep a tick with all that was said and how it was judged; return its id. Call it while `judging`."""
    tick = Tick.objects.create(
        at=asking.at,
        trigger=asking.trigger,
        state=state_of(decision),
        toman_per_gram_18k=decision.price if isinstance(decision, Accepted) else None,
        candidate=decision.candidate if isinstance(decision, Held) else None,
        reason=decision.reason,
        latency_ms=asking.latency_ms,
        deadline_hit=asking.deadline_hit,
    )
    rows: list[QuoteRecord] = []
    for reading in readings:
        judged = _judged(reading, decision)
        for quote in reading.quotes:
            verdict, refused = Verdict.KEPT, None
            if quote is reading.gold and judged is not None:
                verdict, refused = Verdict.REJECTED, judged
            elif quote is reading.gold and reading.source in decision.used:
                verdict = Verdict.USED
            rows.append(_price_row(tick, reading, quote, since=since, verdict=verdict, refused=refused))
        rows += [
            _refusal_row(tick, reading, refused.field, refused.why, refused.detail) for refused in reading.rejections
        ]
    QuoteRecord.objects.bulk_create(rows)
    return tick.pk


def set_override(*, value: Toman, until: datetime, reason: str, by: str, now: datetime) -> None:
    """Keep an operator's price and its audit record, both or neither."""
    with transaction.atomic():
        before = _override()
        Override.objects.create(value=value, until=until, reason=reason, by=by, created_at=now)
        audit.record(
            actor=by,
            action="price.override",
            subject="gold_750",
            reason=reason,
            before={"value": plain(before.price), "until": before.until.isoformat()} if before else None,
            after={"value": plain(value), "until": until.isoformat()},
        )


def last_asked() -> datetime | None:
    """Return when the boards were asked last; None if never."""
    return Tick.objects.order_by("-at", "-id").values_list("at", flat=True).first()


def _lock(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _accepted() -> Priced | None:
    ticks = Tick.objects.filter(state=State.ACCEPTED).order_by("-at", "-id")
    row = ticks.values_list("toman_per_gram_18k", "at").first()
    return Priced(Toman(_known(row[0])), row[1]) if row else None


def _override() -> OperatorPrice | None:
    row = Override.objects.order_by("-created_at", "-id").values_list("value", "created_at", "until", "reason").first()
    return OperatorPrice(Toman(row[0]), row[1], row[2], row[3]) if row else None


def _known(price: Decimal | None) -> Decimal:
    """Return the price that a constraint promises for an accepted tick."""
    assert price is not None  # noqa: S101 -- tick_price_only_if_accepted
    return price


def _level(price: Decimal | None, candidate: Decimal | None) -> Toman | None:
    level = price if price is not None else candidate
    return None if level is None else Toman(level)


def _keys(quotes: Mapping[str, Sequence[Quote]]) -> list[Shown]:
    return sorted((source, quote.instrument) for source, said in quotes.items() for quote in said)


def _newest(keys: Sequence[Shown]) -> dict[Shown, tuple[Decimal, Decimal, datetime]]:
    """Return bid, ask and `changed_at` of the newest price of each key, in one statement that the index answers."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT key.source, key.instrument, newest.bid, newest.ask, newest.changed_at
            FROM unnest(%s::text[], %s::text[]) AS key (source, instrument)
            CROSS JOIN LATERAL (
                SELECT bid, ask, changed_at FROM pricing_quoterecord AS quote
                WHERE quote.source = key.source AND quote.instrument = key.instrument AND quote.bid IS NOT NULL
                ORDER BY quote.id DESC LIMIT 1
            ) AS newest
            """,
            [[source for source, _ in keys], [instrument.value for _, instrument in keys]],
        )
        return {
            (source, Instrument(instrument)): (bid, ask, changed_at)
            for source, instrument, bid, ask, changed_at in cursor.fetchall()
        }


def _families(tick: Tick) -> dict[str, Toman]:
    used = tick.quotes.filter(verdict=Verdict.USED, instrument=Instrument.GOLD_750)
    return by_family(
        [
            Candidate(row.source, row.family, Toman((row.bid + row.ask) / 2), None)
            for row in used
            if row.bid is not None and row.ask is not None
        ]
    )


def _judged(reading: Reading, decision: Decision) -> Rejected | None:
    """Return why the judge did not use this source's price of gold, if he did not."""
    own = {(refused.field, refused.why, refused.detail) for refused in reading.rejections}
    of_source = [refused for refused in decision.rejected if refused.source == reading.source]
    return next((one for one in of_source if (one.field, one.why, one.detail) not in own), None)


def _price_row(
    tick: Tick,
    reading: Reading,
    quote: Quote,
    *,
    since: Mapping[Shown, datetime],
    verdict: Verdict,
    refused: Rejected | None,
) -> QuoteRecord:
    return QuoteRecord(
        tick=tick,
        source=reading.source,
        family=reading.family,
        instrument=quote.instrument,
        bid=quote.bid,
        ask=quote.ask,
        raw=quote.raw,
        unit=quote.unit,
        source_time=quote.source_time,
        changed_at=since[reading.source, quote.instrument],
        verdict=verdict,
        why=refused.why if refused else "",
        detail=refused.detail if refused else "",
    )


def _refusal_row(tick: Tick, reading: Reading, field: str, why: Why, detail: str) -> QuoteRecord:
    return QuoteRecord(
        tick=tick,
        source=reading.source,
        family=reading.family,
        field=field,
        verdict=Verdict.REJECTED,
        why=why,
        detail=detail,
    )
