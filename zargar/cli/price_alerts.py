"""`zargar prices alerts`: which alarms about prices stand, which did lately, and what of it could not be told yet.

`--json` prints a list, the open ones first: `id`, `kind`, `subject`, `severity`, `open`, `opened_at`, `gone_since`,
`closed_at`, `notices`, `notices_unsent` and `figures` (amounts in Toman per gram of 750 as strings, `null` where
nothing is known). What each kind means and when it stands: `zargar.pricing.alarms`.
"""

from datetime import datetime
from typing import Annotated

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit, table, tehran
from zargar.outcomes import JSON, Summary


def alerts(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts about prices: the open ones, then those that are over."""
    start.django()
    from zargar import mail  # noqa: PLC0415 -- needs Django
    from zargar.pricing import alerts as operations  # noqa: PLC0415 -- as above

    found = operations.listed(limit=limit)
    listed: list[JSON] = [*found]
    head = ("kind", "severity", "since (Tehran)", "until (Tehran)", "unsent", "figures")
    words = table(head, [_row(one) for one in found]) if found else "no alert was ever opened"
    note = "" if mail.configured() else "\n\nno mail is configured: nobody is told (docs/runbook.md, Mail and alerts)"
    emit(listed, as_json=as_json, human=f"{words}{note}")


def _row(one: Summary) -> tuple[object, ...]:
    figures = one["figures"]
    shown = ", ".join(f"{name} {value}" for name, value in figures.items()) if isinstance(figures, dict) else "-"
    until = "open" if one["open"] else _moment(one["closed_at"])
    return one["kind"], one["severity"], _moment(one["opened_at"]), until, one["notices_unsent"], shown


def _moment(text: JSON) -> str:
    return tehran(datetime.fromisoformat(str(text))) if text else "-"
