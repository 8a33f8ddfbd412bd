"""`zargar notify calendar`: when a recurring message would leave, before anybody keeps it."""

from datetime import time
from typing import Annotated

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, emit, iso, tehran
from zargar.refusals import InvalidError


def dates(
    rule: Annotated[str, typer.Argument(help='Such as "monthly 1", "monthly last thursday" or "before yalda 3".')],
    *,
    at: Annotated[str, typer.Option(help="The hour of Tehran, HH:MM.")] = "10:00",
    count: Annotated[int, typer.Option(min=1, max=100, help="How many dates.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show the next dates of a rule, Jalali and Tehran's hour."""
    start.django()
    from zargar.calendars.jalali import write_date  # noqa: PLC0415 -- needs Django
    from zargar.clock import TEHRAN  # noqa: PLC0415 -- as above
    from zargar.notifications import recurring_operations  # noqa: PLC0415 -- as above

    moments = recurring_operations.next_dates(rule=rule, at=hour(at), now=clock.now(), count=count)
    days = [(one, write_date(one.astimezone(TEHRAN).date())) for one in moments]
    emit(
        {"rule": rule, "dates": [{"at": iso(moment), "jalali": jalali} for moment, jalali in days]},
        as_json=as_json,
        human="\n".join(f"{jalali}  {tehran(moment)}" for moment, jalali in days),
    )


def hour(text: str) -> time:
    """Read an hour of Tehran. Raises `InvalidError`."""
    try:
        return time.fromisoformat(text)
    except ValueError as bad:
        message = f"an hour is written HH:MM, as 10:00; got {text!r}"
        raise InvalidError(message) from bad
