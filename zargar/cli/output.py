"""How commands speak: JSON for programs, short English for people, times of day in Tehran for the latter."""

import getpass
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

import typer

from zargar.clock import TEHRAN
from zargar.outcomes import JSON

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes to the audit.")]


def emit(data: JSON, *, as_json: bool, human: str) -> None:
    """Print `data` as JSON, or the words for people."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else human)


def actor() -> str:
    """Name who acts, for the audit: the login name of the shell."""
    return f"cli {getpass.getuser()}"


def iso(moment: datetime | None) -> str | None:
    """Write a moment for JSON, in UTC."""
    return moment.isoformat() if moment else None


def tehran(moment: datetime | None) -> str:
    """Write a moment for people."""
    return f"{moment.astimezone(TEHRAN):%Y-%m-%d %H:%M:%S}" if moment else "-"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out in columns, plain enough to grep."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
