"""`zargar calendar events|mourning|...`: feasts, days of mourning, and what operators say of both."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from zargar import clock
from zargar.calendars.days import read_day
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, table
from zargar.clock import TEHRAN
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.calendars.events import Event, Occurrence
    from zargar.calendars.models import Mourning

Since = Annotated[str, typer.Option(help="The first day, Jalali or Gregorian; today if it is left out.")]
Days = Annotated[int, typer.Option(min=1, max=3700, help="How many days.")]
EventName = Annotated[str, typer.Argument(help="An event's name, as `zargar calendar events` lists it.")]


def events(since: Since = "", *, days: Days = 366, as_json: AsJson = False) -> None:
    """List the feasts and the days of mourning ahead, by day."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    first = _first(since)
    found = [_event(one) for one in operations.events(since=first, until=first + timedelta(days=days - 1))]
    columns = ("day", "jalali", "days", "event", "year", "state", "mood", "title")
    emit([*found], as_json=as_json, human=table(columns, [[row[column] for column in columns] for row in found]))


def mourning(since: Since = "", *, days: Days = 366, as_json: AsJson = False) -> None:
    """List the days on which promotion waits, and the decrees that are behind some of them."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django
    from zargar.calendars.jalali import write_date  # noqa: PLC0415 -- as above

    first = _first(since)
    last = first + timedelta(days=days - 1)
    held = sorted(operations.mourning_days(since=first, until=last))
    decrees = [_decree(row) for row in operations.decrees(since=first, until=last)]
    data: Summary = {"days": [day.isoformat() for day in held], "decrees": [*decrees]}
    words = table(("day", "jalali"), [(day, write_date(day)) for day in held])
    if decrees:
        columns = ("id", "since", "until", "state", "name")
        words += "\n\n" + table(columns, [[row[column] for column in columns] for row in decrees])
    emit(data, as_json=as_json, human=words)


def decree(
    since: Annotated[str, typer.Argument(help="The first day, Jalali or Gregorian.")],
    name: Annotated[str, typer.Option(help="What the mourning is for.")],
    reason: Reason,
    *,
    days: Annotated[int, typer.Option(help="How many days it lasts: 3, 7, 40.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Decree mourning for all shops: promotion waits, messages about a customer's own business do not."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    first = read_day(since)
    row = operations.decree(
        since=first, until=first + timedelta(days=days - 1), name=name, actor=actor(), reason=reason, now=clock.now()
    )
    facts = _decree(row)
    emit(facts, as_json=as_json, human=f"promotion waits from {facts['since']} to {facts['until']} (decree {row.pk})")


def lift(
    decree_id: Annotated[int, typer.Argument(help="The decree's id, as `zargar calendar mourning` lists it.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Lift a decree of mourning: promotion leaves again."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    row = operations.lift(decree_id=decree_id, actor=actor(), reason=reason, now=clock.now())
    woken = _judge_again()
    human = f"decree {row.pk} is lifted; {woken} promotion(s) that waited are judged again"
    emit({**_decree(row), "judged_again": woken}, as_json=as_json, human=human)


def override(
    event: EventName,
    day: Annotated[str, typer.Argument(help="Its first day, Jalali or Gregorian.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Say on which day an event begins, in place of the rule's day; of which year follows from the day."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    row = operations.override_event(
        event=_named(event), day=read_day(day), actor=actor(), reason=reason, now=clock.now()
    )  # fmt: skip
    _judge_again()
    facts: Summary = {"event": row.event, "year": row.year, "day": row.day.isoformat()}
    emit(facts, as_json=as_json, human=f"{row.event} of {row.year} begins on {row.day}")


def forget(
    event: EventName,
    year: Annotated[int, typer.Argument(help="The event's year, as `zargar calendar events` lists it.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Forget an operator's day of an event, so that the rule holds again."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    day = operations.forget_override(event=_named(event), year=year, actor=actor(), reason=reason)
    _judge_again()
    emit(
        {"event": event, "year": year, "forgotten": day.isoformat()},
        as_json=as_json,
        human=f"{event} of {year} goes by its rule again",
    )


def _first(since: str) -> date:
    return read_day(since) if since else clock.now().astimezone(TEHRAN).date()


def _judge_again() -> int:
    """Have promotion that waits for days of mourning judged anew, since those have changed; return how many."""
    from zargar.notifications import waking  # noqa: PLC0415 -- needs Django

    return waking.judge_again(now=clock.now())


def _named(name: str) -> "Event":
    from zargar.calendars.events import Event  # noqa: PLC0415 -- `--help` need not wait for it

    if name not in set(Event):
        message = f"nobody knows an event {name!r}; known are {', '.join(Event)}"
        raise typer.BadParameter(message)
    return Event(name)


def _event(one: "Occurrence") -> Summary:
    from zargar.calendars.events import SPECS  # noqa: PLC0415 -- as above
    from zargar.calendars.jalali import write_date  # noqa: PLC0415 -- as above

    return {
        "day": one.first.isoformat(),
        "jalali": write_date(one.first),
        "days": one.days,
        "event": one.event,
        "year": one.year,
        "state": "operator" if one.by_operator else "estimated" if one.estimated else "certain",
        "mood": SPECS[one.event].mood,
        "title": SPECS[one.event].title,
    }


def _decree(row: "Mourning") -> Summary:
    return {
        "id": row.pk,
        "since": row.since.isoformat(),
        "until": row.until.isoformat(),
        "name": row.name,
        "state": "lifted" if row.lifted_at else "stands",
        "by": row.lifted_by or row.decreed_by,
    }
