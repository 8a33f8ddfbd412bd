"""How boards stand and what slow ones said, in PostgreSQL: read and written for all boards at once.

Note [Two rounds at once]
-------------------------
A scheduled and a forced tick, or a tick and a check, may begin at the same moment. `taking_turn` lets one at a time
read the standings, choose, and write `last_asked` for those it chose: a few milliseconds, and committed before any
board is asked, so that the other finds them asked and leaves them alone. No lock is held while boards answer. A process
that dies meanwhile leaves them asked a moment ago, which is the truth.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection, transaction

from zargar.audit import operations as audit
from zargar.pricing.models import BoardStanding, SlowQuote
from zargar.pricing.politeness import Manners
from zargar.pricing.quotes import Amount, Instrument, Quote, Toman, Unit, UsDollar, Why

LOCK_OF_TURNS: Final = 0x5A41_5250_5254  # "ZARPRT"
_STANDING: Final = ("failures", "refusals", "last_asked", "not_before", "status", "why", "detail")
_QUOTE: Final = ("bid", "ask", "raw", "unit", "source_time", "read_at")


@contextmanager
def taking_turn() -> Iterator[None]:
    """Hold the lock of those about to ask; see Note [Two rounds at once]."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_TURNS])
        yield


def together() -> transaction.Atomic:
    """Return a transaction for what is kept together."""
    return transaction.atomic()


def standings(names: Sequence[str] | None = None) -> dict[str, Manners]:
    """Return the manners of these boards, of all where none are named; a board that was never asked is absent."""
    rows = BoardStanding.objects.all() if names is None else BoardStanding.objects.filter(source__in=names)
    return {
        row.source: Manners(
            row.failures, row.refusals, row.last_asked, row.not_before, row.status, Why(row.why) if row.why else None,
            row.detail,
        )
        for row in rows
    }  # fmt: skip


def keep(standing: Mapping[str, Manners]) -> None:
    """Write how these boards stand now, in one statement."""
    rows = [
        BoardStanding(
            source=name,
            failures=one.failures,
            refusals=one.refusals,
            last_asked=one.last_asked,
            not_before=one.not_before,
            status=one.status,
            why=one.why or "",
            detail=one.detail,
        )
        for name, one in sorted(standing.items())
    ]
    BoardStanding.objects.bulk_create(rows, update_conflicts=True, unique_fields=["source"], update_fields=_STANDING)


def forgive(name: str, before: Manners, after: Manners, *, reason: str, by: str) -> None:
    """Write how a board stands after somebody forgave it, and its audit record, both or neither."""
    with transaction.atomic():
        keep({name: after})
        audit.record(
            actor=by,
            action="board.retry",
            subject=name,
            reason=reason,
            before={
                "failures": before.failures,
                "refusals": before.refusals,
                "not_before": before.not_before.isoformat() if before.not_before else None,
                "why": before.why,
            },
            after={"failures": after.failures, "refusals": after.refusals, "not_before": None, "why": after.why},
        )


def keep_slow(said: Mapping[str, Sequence[Quote]], *, read_at: datetime) -> None:
    """Put what slow boards said in the place of what they said before, in one statement."""
    rows = [
        SlowQuote(
            source=source,
            instrument=quote.instrument,
            bid=quote.bid,
            ask=quote.ask,
            raw=quote.raw,
            unit=quote.unit,
            source_time=quote.source_time,
            read_at=read_at,
        )
        for source, quotes in sorted(said.items())
        for quote in quotes
    ]
    SlowQuote.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["source", "instrument"], update_fields=_QUOTE
    )


def slow_quotes(names: Sequence[str], *, since: datetime, until: datetime) -> dict[str, list[Quote]]:
    """Return what each of these boards said between two moments, as it was read; one that said nothing is absent."""
    found: dict[str, list[Quote]] = {}
    for row in SlowQuote.objects.filter(source__in=names, read_at__gte=since, read_at__lte=until).order_by("pk"):
        instrument = Instrument(row.instrument)
        bid, ask = _amount(instrument, row.bid), _amount(instrument, row.ask)
        quote = Quote(instrument, bid, ask, row.source_time, raw=row.raw, unit=Unit(row.unit))
        found.setdefault(row.source, []).append(quote)
    return found


def _amount(instrument: Instrument, amount: Decimal) -> Amount:
    return UsDollar(amount) if instrument.in_dollars else Toman(amount)
