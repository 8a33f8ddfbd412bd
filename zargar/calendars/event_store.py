"""The rows of what operators say of events and of mourning."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.db.models import Value
from django.db.models.fields import SmallIntegerField

from zargar.calendars.events import Event, Override
from zargar.calendars.models import EventDay, Mourning

_NEAR: Final = timedelta(days=400)
"""An operator's day lies within a year of the one that it replaces."""


def told(since: date, until: date) -> tuple[tuple[Override, ...], tuple[tuple[date, date], ...]]:
    """Return the operators' days of events around [since, until], and the decrees that reach into it. One statement."""
    days = EventDay.objects.filter(day__range=(since - _NEAR, until + _NEAR)).order_by()
    decrees = Mourning.objects.filter(lifted_at=None, since__lte=until, until__gte=since).order_by()
    no_year = Value(0, output_field=SmallIntegerField())
    rows = days.values_list("event", "year", "day", "day", named=False).union(
        decrees.values_list(Value(""), no_year, "since", "until"), all=True
    )
    overrides: list[Override] = []
    spans: list[tuple[date, date]] = []
    for event, year, first, last in rows:
        if event:
            overrides.append(Override(Event(event), year, first))
        else:
            spans.append((first, last))
    return tuple(overrides), tuple(spans)


def held_event_day(event: Event, year: int) -> EventDay | None:
    """Return the operator's day of an event's year, held until the transaction ends."""
    return EventDay.objects.select_for_update().filter(event=event, year=year).first()


def keep_event_day(row: EventDay) -> None:
    """Write a row."""
    row.save()


def forget_event_day(row: EventDay) -> None:
    """Remove a row, so that the rule holds again."""
    row.delete()


def keep_mourning(row: Mourning) -> None:
    """Write a row."""
    row.save()


def held_mourning(decree_id: int) -> Mourning | None:
    """Return a decree, held until the transaction ends."""
    return Mourning.objects.select_for_update().filter(id=decree_id).first()


def decrees_between(since: date, until: date) -> Sequence[Mourning]:
    """Return the decrees that reach into [since, until], those that were lifted among them."""
    return list(Mourning.objects.filter(since__lte=until, until__gte=since))
