"""`zargar notify bulk`: one message to many customers: counted first, and sent once somebody confirms the count."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.notifications.kinds import Kind
from zargar.notifications.values import Channel
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.notifications.shop.models import Bulk

app = typer.Typer(name="bulk", help="One message to many customers.", no_args_is_help=True)

Shop = Annotated[str, typer.Argument(help="The shop's slug.")]
Number = Annotated[int, typer.Argument(help="The number of the bulk.")]


@app.command()
def prepare(
    shop: Shop,
    kind: Annotated[Kind, typer.Argument(help="What it is about; `promotion` for a text of your own.")],
    reason: Reason,
    *,
    value: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, once for each; promotion needs text=…")] = None,
    audience: Annotated[str, typer.Option(help="everybody, debtors or settled; of these, who agreed.")] = "everybody",
    channel: Annotated[list[Channel] | None, typer.Option(help="A way, the preferred first; else the shop's.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=336, help="Good for so long; what has not left is dropped.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Count a bulk: to how many, in how many parts, at what cost. Nothing is sent before `confirm`."""
    start.django()
    from zargar.notifications import bulk_desk, desk  # noqa: PLC0415 -- needs Django
    from zargar.notifications.audiences.bulks import Wish  # noqa: PLC0415 -- as above

    wish = Wish(
        kind=kind, values=desk.read_values(value or ()), audience=bulk_desk.audience(audience),
        channels=tuple(channel or ()), good_for=timedelta(hours=hours),
    )  # fmt: skip
    row = bulk_desk.prepare(shop=shop, wish=wish, actor=actor(), reason=reason, now=clock.now())
    funds = bulk_desk.funds(shop=shop, now=clock.now())
    cost = "at a cost that no account's price= tells" if row.cost is None else f"for {row.cost:,} Rial"
    credit = "" if funds.credit is None else (
        f"Of credit {funds.credit:,} Rial are left, {funds.reserved:,} of them reserved for other bulks.\n"
    )  # fmt: skip
    emit(
        {**_facts(row), "credit_rial": funds.credit, "reserved_rial": funds.reserved},
        as_json=as_json,
        human=f"bulk {row.pk}: {row.messages} message(s), {row.parts} part(s) of text (at most {row.most_parts} each), "
        f"{cost}; {row.unreached} customer(s) have no way that they agreed to.\n"
        f"{credit}To send it: zargar notify bulk confirm {shop} {row.pk} --messages {row.messages} --reason ...",
    )


@app.command()
def confirm(
    shop: Shop,
    bulk: Number,
    reason: Reason,
    *,
    messages: Annotated[int, typer.Option(help="The number of messages that `prepare` has counted.")],
    as_json: AsJson = False,
) -> None:
    """Send a bulk that was counted. The credit that providers tell, less what other bulks reserve, must suffice."""
    start.django()
    from zargar.notifications import bulk_desk  # noqa: PLC0415 -- needs Django

    row = bulk_desk.confirm(
        shop=shop, bulk_id=bulk, messages=messages, run=uuid4(), actor=actor(), reason=reason, now=clock.now()
    )
    emit(_facts(row), as_json=as_json, human=f"bulk {bulk} is being sent to {row.messages}")


@app.command()
def cancel(shop: Shop, bulk: Number, reason: Reason, *, as_json: AsJson = False) -> None:
    """Take a bulk back; what has left has left."""
    start.django()
    from zargar.notifications import bulk_desk  # noqa: PLC0415 -- needs Django

    taken = bulk_desk.cancel(shop=shop, bulk_id=bulk, actor=actor(), reason=reason, now=clock.now())
    emit({"bulk": bulk, "taken_back": taken}, as_json=as_json, human=f"bulk {bulk}: {taken} message(s) do not leave")


@app.command("list")
def list_bulks(shop: Shop, *, as_json: AsJson = False) -> None:
    """List the newest bulks of a shop."""
    start.django()
    from zargar.notifications import bulk_desk  # noqa: PLC0415 -- needs Django

    rows = bulk_desk.listed(shop=shop)
    emit(
        [_facts(row) for row in rows],
        as_json=as_json,
        human=table(
            ("bulk", "kind", "state", "messages", "queued", "parts", "cost (Rial)", "prepared", "by"),
            [
                (
                    row.pk, row.kind, row.state, row.messages, row.queued, row.parts,
                    "-" if row.cost is None else row.cost, tehran(row.prepared_at), row.prepared_by,
                )
                for row in rows
            ],
        ),
    )  # fmt: skip


def _facts(row: "Bulk") -> Summary:
    return {
        "bulk": row.pk, "kind": row.kind, "state": row.state, "audience": row.audience, "channels": [*row.channels],
        "messages": row.messages, "unreached": row.unreached, "parts": row.parts, "most_parts": row.most_parts,
        "cost_rial": row.cost, "queued": row.queued, "expires_at": iso(row.expires_at),
        "prepared_by": row.prepared_by, "confirmed_by": row.confirmed_by, "confirmed_at": iso(row.confirmed_at),
    }  # fmt: skip
