"""`zargar backups schedule`: backups of a shop or of everything at times of your own, besides the daily and weekly."""

from typing import TYPE_CHECKING, Annotated

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.backups.models import BackupSchedule

app = typer.Typer(name="schedule", help="Backups at times of your own.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The schedule's number; `zargar backups schedule list` shows them.")]


@app.command()
def add(
    cron: Annotated[str, typer.Argument(help='Five fields, Tehran time: "30 14 * * 6" is Saturdays 14:30.')],
    reason: Reason,
    shop: Annotated[str | None, typer.Argument(help="One shop; everything if it is left out.")] = None,
    *,
    weekly: Annotated[bool, typer.Option("--weekly", help="Keep it as long as a weekly one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Schedule backups of a shop, or of everything."""
    start.django()
    from zargar.backups import scheduled  # noqa: PLC0415 -- needs Django

    made = scheduled.add(shop=shop, cron=cron, weekly=weekly, by=actor(), reason=reason, now=clock.now())
    emit(_facts(made), as_json=as_json, human=f"schedule {made.pk}: first at {tehran(made.next_due)}")


@app.command("list")
def list_schedules(*, as_json: AsJson = False) -> None:
    """List the schedules: of what, when, and when next."""
    start.django()
    from zargar.backups import scheduled  # noqa: PLC0415 -- needs Django

    rows = scheduled.listed()
    emit(
        [_facts(row) for row in rows],
        as_json=as_json,
        human=table(
            ("schedule", "shop", "kind", "when (Tehran)", "next", "by", "why"),
            [
                (
                    row.pk, row.shop.schema_name if row.shop else "everything", row.kind, row.cron,
                    tehran(row.next_due) if row.enabled else "paused", row.made_by, row.reason,
                )
                for row in rows
            ],
        ),
    )  # fmt: skip


@app.command()
def remove(schedule: Number, reason: Reason, *, as_json: AsJson = False) -> None:
    """Remove a schedule; what it has made stays."""
    start.django()
    from zargar.backups import scheduled  # noqa: PLC0415 -- needs Django

    scheduled.remove(schedule, by=actor(), reason=reason)
    emit({"schedule": schedule, "removed": True}, as_json=as_json, human=f"schedule {schedule} is removed")


@app.command()
def pause(schedule: Number, reason: Reason, *, as_json: AsJson = False) -> None:
    """Make no backups by a schedule until it is resumed."""
    _switch(schedule, enabled=False, reason=reason, as_json=as_json)


@app.command()
def resume(schedule: Number, reason: Reason, *, as_json: AsJson = False) -> None:
    """Take a schedule up again from its next time on."""
    _switch(schedule, enabled=True, reason=reason, as_json=as_json)


def _switch(schedule: int, *, enabled: bool, reason: str, as_json: bool) -> None:
    start.django()
    from zargar.backups import scheduled  # noqa: PLC0415 -- needs Django

    scheduled.switch(schedule, enabled=enabled, by=actor(), reason=reason, now=clock.now())
    word = "resumed" if enabled else "paused"
    emit({"schedule": schedule, "enabled": enabled}, as_json=as_json, human=f"schedule {schedule} is {word}")


def _facts(row: "BackupSchedule") -> Summary:
    return {
        "schedule": row.pk,
        "shop": row.shop.schema_name if row.shop else None,
        "kind": row.kind,
        "cron": row.cron,
        "enabled": row.enabled,
        "next_due": iso(row.next_due),
        "by": row.made_by,
        "reason": row.reason,
    }
