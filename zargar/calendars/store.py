"""The rows of closed days."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from zargar.calendars.closures import Closure, Kind
from zargar.calendars.models import ClosedDay, Source


def closed_between(first: date, last: date) -> frozenset[date]:
    """Return the days from `first` to `last` on which anybody rests."""
    return frozenset(ClosedDay.objects.filter(day__range=(first, last), opened_at=None).values_list("day", flat=True))


def rows_between(first: date, last: date) -> Sequence[ClosedDay]:
    """Return the rows of a span by day, those that were opened again among them."""
    return list(ClosedDay.objects.filter(day__range=(first, last)).order_by("day", "kind"))


def add(closures: Iterable[Closure], *, source: Source, by: str, now: datetime) -> int:
    """Keep closures whose day and kind are not known yet; what is known, opened or not, stays. Return how many."""
    rows = [
        ClosedDay(
            day=closure.day, kind=closure.kind, name=closure.name, estimated=closure.estimated,
            source=source, added_by=by, added_at=now,
        )
        for closure in closures
    ]  # fmt: skip
    before = ClosedDay.objects.count()
    ClosedDay.objects.bulk_create(rows, ignore_conflicts=True)
    return ClosedDay.objects.count() - before


def held(day: date, kind: Kind | None) -> Sequence[ClosedDay]:
    """Return the rows of a day, of one kind or all, held until the transaction ends."""
    rows = ClosedDay.objects.select_for_update().filter(day=day)
    return list(rows.filter(kind=kind) if kind else rows)


def keep(row: ClosedDay) -> None:
    """Write a row."""
    row.save()
