"""`zargar backups drill`: restore shops on trial, out of what a vault really has."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit, table
from zargar.cli.progress import lines as lines_of

if TYPE_CHECKING:
    from zargar.backups.rota import Verdict


def drill(
    backup: Annotated[UUID | None, typer.Argument(help="One backup; else the newest of each shop and vault.")] = None,
    shop: Annotated[
        str | None, typer.Option(help="One shop (or `shared`, `roles`, `files.NAME`); without, all.")
    ] = None,
    vault: Annotated[str | None, typer.Option(help="One vault; without, each of them.")] = None,
    *,
    due: Annotated[bool, typer.Option("--due", help="Only those whose turn it is today.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore shops into databases of their own, compare them with what was recorded, and drop them.

    Exit 1 if one is red, broke off, or was not drilled.

    Needs the key of operations (or escrow) in ZARGAR_BACKUP_IDENTITY or ZARGAR_BACKUP_IDENTITY_FILE, and in
    ZARGAR_DRILL_DATABASE_URL a login that may create databases. A red drill makes the copy damaged.
    """
    start.django()
    from zargar.backups import drills, wiring  # noqa: PLC0415 -- needs Django

    if due and (backup or shop or vault):
        message = "--due chooses by itself: leave out BACKUP, --shop and --vault"
        raise typer.BadParameter(message)
    if due:
        period = wiring.drill_period() or drills.PERIOD
        done = drills.run_due(wiring.yard(), period=period, budget=drills.BUDGET, progress=lines_of("drills"))
    else:
        done = drills.run_named(wiring.yard(), backup=backup, shop=shop, vault=vault, progress=lines_of("drills"))
    rows = [
        (
            one.backup, one.vault, one.schema, _found(one),
            one.milliseconds, one.undecided or "; ".join(one.faults) or one.unwitnessed,
        )
        for one in done.verdicts
    ]  # fmt: skip
    lines = [table(("backup", "vault", "schema", "found", "ms", "in words"), rows)]
    lines += [f"not drilled: {words}" for words in done.unanswered]
    emit(done.summary(), as_json=as_json, human="\n".join(lines))
    if done.unanswered or any(one.faults or one.broke_off for one in done.verdicts):
        raise typer.Exit(1)


def _found(verdict: "Verdict") -> str:
    if verdict.undecided:
        return "no verdict"
    if verdict.faults:
        return "RED"
    return "proven, by one witness" if verdict.unwitnessed else "proven"
