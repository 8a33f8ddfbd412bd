"""`zargar backups report`: how backups stand, in Persian or as JSON."""

import enum
from typing import Annotated, cast

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, emit
from zargar.outcomes import Summary


class Kind(enum.StrEnum):
    """How long a time the report is about."""

    DAILY = "daily"
    WEEKLY = "weekly"


def report(
    kind: Annotated[Kind, typer.Argument(help="What the last day, or the last seven, brought.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what the day or week up to now brought, and how each vault and shop stands; nothing is kept or mailed."""
    start.django()
    from zargar.backups import jobs, report_words  # noqa: PLC0415 -- needs Django

    body = jobs.report_now(kind=kind.value, now=clock.now())
    emit(cast("Summary", body), as_json=as_json, human=report_words.plain_text(report_words.story(body)))
