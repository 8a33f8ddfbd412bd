"""`zargar notify recurring`: messages that a shop sends again and again, by rules of the Jalali calendar."""

from typing import TYPE_CHECKING, Annotated

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.notify_calendar import hour
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table
from zargar.notifications.kinds import Kind
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.notifications.shop.models import Recurring

app = typer.Typer(name="recurring", help="Messages that come again.", no_args_is_help=True)

Shop = Annotated[str, typer.Argument(help="The shop's slug.")]
Name = Annotated[str, typer.Argument(help="The name that the message was given.")]


@app.command()
def add(
    shop: Shop,
    name: Name,
    rule: Annotated[str, typer.Argument(help='As `zargar notify calendar` previews it: "monthly 1".')],
    kind: Annotated[Kind, typer.Argument(help="What it is about.")],
    reason: Reason,
    *,
    at: Annotated[str, typer.Option(help="The hour of Tehran, HH:MM.")] = "10:00",
    value: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, once for each.")] = None,
    audience: Annotated[str, typer.Option(help="everybody, debtors or settled; of these, who agreed.")] = "everybody",
    hours: Annotated[int, typer.Option(min=1, max=336, help="Good for so long; what was not sent is left out.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Keep a recurring message; it leaves at the next date of its rule."""
    start.django()
    from zargar.notifications import bulk_desk, desk, recurring_operations  # noqa: PLC0415 -- needs Django

    wish = recurring_operations.Wish(
        name=name, rule=rule, at=hour(at), kind=kind, values=desk.read_values(value or ()),
        audience=bulk_desk.audience(audience), good_for_hours=hours,
    )  # fmt: skip
    with desk.entered(shop):
        row = recurring_operations.add(wish, actor=actor(), reason=reason, now=clock.now())
    emit(_facts(row), as_json=as_json, human=f"{row.name}: {row.rule} at {row.at:%H:%M}")


@app.command("list")
def list_recurring(shop: Shop, *, as_json: AsJson = False) -> None:
    """List a shop's recurring messages."""
    start.django()
    from zargar.notifications import desk, recurring_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        rows = recurring_operations.listed()
    head = ("name", "rule", "at", "kind", "audience", "paused", "seen_until")
    found = [_facts(row) for row in rows]
    words = table(head, [[one[name] for name in head] for one in found]) if found else "there is none"
    emit([*found], as_json=as_json, human=words)


@app.command()
def pause(shop: Shop, name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Send it no more until it is resumed."""
    _switch(shop, name, paused=True, reason=reason, as_json=as_json)


@app.command()
def resume(shop: Shop, name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Send it again from its next date on; what fell due meanwhile is not made up."""
    _switch(shop, name, paused=False, reason=reason, as_json=as_json)


@app.command()
def remove(shop: Shop, name: Name, reason: Reason, *, as_json: AsJson = False) -> None:
    """Remove it; what it queued is sent all the same."""
    start.django()
    from zargar.notifications import desk, recurring_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        recurring_operations.remove(name=name, actor=actor(), reason=reason)
    emit({"name": name, "removed": True}, as_json=as_json, human=f"{name} is removed")


def _switch(shop: str, name: str, *, paused: bool, reason: str, as_json: bool) -> None:
    start.django()
    from zargar.notifications import desk, recurring_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        row = recurring_operations.set_paused(name=name, paused=paused, actor=actor(), reason=reason, now=clock.now())
    emit(_facts(row), as_json=as_json, human=f"{name} is {'paused' if paused else 'resumed'}")


def _facts(row: "Recurring") -> Summary:
    return {
        "name": row.name, "rule": row.rule, "at": f"{row.at:%H:%M}", "kind": row.kind, "audience": row.audience,
        "values": {**row.values}, "good_for_hours": row.good_for_hours, "paused": row.paused,
        "seen_until": iso(row.seen_until), "sending": iso(row.doing),
    }  # fmt: skip
