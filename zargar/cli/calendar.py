"""`zargar calendar`: the days on which Tehran's trade rests, and (`calendar_events`) feasts and mourning.

Days are written Jalali (1405/09/02) or Gregorian (2026-11-23). A closed day lengthens the silence that boards are
allowed, as a Friday does; prices are asked for all the same.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from zargar import clock
from zargar.calendars.closures import Closure, Kind
from zargar.calendars.days import read_day
from zargar.cli import calendar_events, start
from zargar.cli.output import AsJson, Reason, actor, emit, table
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.calendars.models import ClosedDay

app = typer.Typer(name="calendar", help="Closed days, feasts and days of mourning.", no_args_is_help=True)
for command in (
    calendar_events.events, calendar_events.mourning, calendar_events.decree, calendar_events.lift,
    calendar_events.override, calendar_events.forget,
):  # fmt: skip
    app.command()(command)

Day = Annotated[str, typer.Argument(help="A day, Jalali (1405/09/02) or Gregorian (2026-11-23).")]
Year = Annotated[int, typer.Argument(help="A Jalali year, such as 1405.")]
Whose = Annotated[Kind, typer.Option("--kind", help="The state's holiday, or the bazaar's.")]


@app.command("list")
def list_days(
    year: Annotated[int | None, typer.Argument(help="A Jalali year; this one if it is left out.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the closed days of a Jalali year; one that was opened again is listed as open."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django
    from zargar.calendars.jalali import year_of  # noqa: PLC0415 -- as above

    rows = [_facts(row) for row in operations.listed(year=year or year_of(clock.now()))]
    emit([*rows], as_json=as_json, human=_in_words(rows))


@app.command()
def seed(year: Year, *, reason: Reason = "the closed days of a year", as_json: AsJson = False) -> None:
    """Propose the closed days of a Jalali year: official ones, and the bazaar's in Muharram as an estimate.

    What is known already stays as it is, opened again or not.
    """
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    added = operations.seed(year=year, actor=actor(), reason=reason, now=clock.now())
    emit({"year": year, "added": added}, as_json=as_json, human=f"{added} closed day(s) of {year} are new")


@app.command()
def close(
    day: Day,
    name: Annotated[str, typer.Option(help="What people call it.")],
    reason: Reason,
    *,
    kind: Whose = Kind.OFFICIAL,
    as_json: AsJson = False,
) -> None:
    """Say that a day is closed, or that an estimated one is indeed."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    closure = Closure(read_day(day), kind, name, estimated=False)
    row = _facts(operations.close_day(closure=closure, actor=actor(), reason=reason, now=clock.now()))
    emit(row, as_json=as_json, human=_in_words([row]))


@app.command("open")
def open_again(
    day: Day,
    reason: Reason,
    *,
    kind: Annotated[Kind | None, typer.Option(help="Only the one of these; both if it is left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say that a day is not closed after all; no seed closes it again."""
    start.django()
    from zargar.calendars import operations  # noqa: PLC0415 -- needs Django

    rows = [
        _facts(row)
        for row in operations.open_day(
            day=read_day(day), kind=kind, actor=actor(), reason=reason, now=clock.now()
        )
    ]  # fmt: skip
    emit([*rows], as_json=as_json, human=_in_words(rows))


def _facts(row: "ClosedDay") -> Summary:
    from zargar.calendars.jalali import write_date  # noqa: PLC0415 -- `--help` need not wait for it

    return {
        "day": row.day.isoformat(),
        "jalali": write_date(row.day),
        "kind": row.kind,
        "name": row.name,
        "state": "open" if row.opened_at else "estimated" if row.estimated else "closed",
        "source": row.source,
        "by": row.opened_by or row.added_by,
    }


def _in_words(rows: list[Summary]) -> str:
    columns = ("day", "jalali", "kind", "state", "source", "name")
    return table(columns, [[row[column] for column in columns] for row in rows])
