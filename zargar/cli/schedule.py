"""`zargar schedule`: see, run, pause and resume the 18 entries, and see what was missed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran

if TYPE_CHECKING:
    from zargar.schedules.catalogue import Entry

app = typer.Typer(name="schedule", help="The beat entries.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The entry's name, as `zargar schedule list` shows it.")]


@app.command("list")
def list_entries(*, as_json: AsJson = False) -> None:
    """List the entries: when, next, last, paused or not; an entry whose task does not exist yet is not live."""
    live = _live()
    from zargar.schedules import operations, wiring  # noqa: PLC0415 -- needs Django

    lines = operations.overview(wiring.entries(), live=live, now=clock.now())
    emit(
        [
            {
                "entry": line.entry.name, "task": line.entry.task, "when": str(line.entry.cadence), "live": line.live,
                "policy": line.entry.policy.value, "next_due": iso(line.next_due), "last_slot": iso(line.last_slot),
                "last_state": line.last_state, "paused_at": iso(line.paused_at), "paused_by": line.paused_by,
                "paused_because": line.paused_because,
            }
            for line in lines
        ],
        as_json=as_json,
        human=table(
            ("entry", "when (Tehran)", "catch-up", "next", "last", "state"),
            [
                (
                    line.entry.name, line.entry.cadence, line.entry.policy,
                    tehran(line.next_due), tehran(line.last_slot),
                    "not built" if not line.live else "paused" if line.paused_at else line.last_state or "waiting",
                )
                for line in lines
            ],
        ),
    )  # fmt: skip


@app.command()
def run(name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Run an entry now, outside its schedule."""
    live = _live()
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django

    opened = uuid4()
    operations.run_now(live, name, run=opened, actor=actor(), reason=reason)
    emit({"entry": name, "run": str(opened)}, as_json=as_json, human=f"run {opened} is due; a beat rings for it")


@app.command()
def pause(name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Stop ringing an entry until it is resumed."""
    live = _live()
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django

    operations.pause(live, name, actor=actor(), reason=reason, now=clock.now())
    emit({"entry": name, "paused": True}, as_json=as_json, human=f"{name} is paused")


@app.command()
def resume(name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Ring a paused entry again, from its next slot on."""
    live = _live()
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django

    operations.resume(live, name, actor=actor(), reason=reason)
    emit({"entry": name, "paused": False}, as_json=as_json, human=f"{name} is resumed")


@app.command()
def missed(*, as_json: AsJson = False) -> None:
    """List the slots that no beat lived to fill and that were not caught up."""
    start.django()
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django

    gaps = operations.missed()
    emit(
        [
            {"entry": gap.entry, "count": gap.count, "first": iso(gap.first_due_at), "last": iso(gap.last_due_at)}
            for gap in gaps
        ],
        as_json=as_json,
        human=table(
            ("entry", "count", "first", "last"),
            [(gap.entry, gap.count, tehran(gap.first_due_at), tehran(gap.last_due_at)) for gap in gaps],
        ),
    )


def _live() -> "Sequence[Entry]":
    start.django()
    from zargar.celery import app as celery  # noqa: PLC0415 -- needs Django
    from zargar.engine.beat import live_entries  # noqa: PLC0415 -- needs Django

    return live_entries(celery)
