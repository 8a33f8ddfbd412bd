"""`zargar notify`: messages to customers and operators: look at them, write one, mend what did not leave.

A shop is named by its slug; `platform` stands for what operators are told. Of numbers and addresses the end is shown.
"""

from datetime import timedelta
from typing import Annotated
from uuid import uuid4

import typer

from zargar import clock
from zargar.cli import notify_bulk, notify_calendar, notify_providers, notify_recurring, notify_templates, start
from zargar.cli.output import AsJson, Reason, actor, emit, table
from zargar.notifications.kinds import Kind
from zargar.notifications.outbox import State
from zargar.notifications.values import Channel
from zargar.outcomes import JSON, Summary

app = typer.Typer(name="notify", help="Messages to customers and operators.", no_args_is_help=True)
app.add_typer(notify_bulk.app)
app.add_typer(notify_recurring.app)
app.add_typer(notify_templates.app)
app.add_typer(notify_providers.app)
app.command("calendar")(notify_calendar.dates)

Shop = Annotated[str, typer.Argument(help="The shop's slug; `platform` for messages to operators.")]
Ids = Annotated[list[int], typer.Argument(help="Numbers of messages; `zargar notify list` shows them.")]
Values = Annotated[
    list[str] | None, typer.Option("--value", help="NAME=VALUE, once for each; the kind says which there are.")
]


@app.command()
def preview(
    shop: Shop,
    kind: Annotated[Kind, typer.Argument(help="What it is about.")],
    *,
    channel: Annotated[Channel, typer.Option(help="By which way.")] = Channel.SMS,
    value: Values = None,
    as_json: AsJson = False,
) -> None:
    """Show what a kind of message says now: with these values, else the shop's newest real ones, else samples."""
    start.django()
    from zargar.notifications import desk  # noqa: PLC0415 -- needs Django
    from zargar.notifications.channels.sms import parts as sms  # noqa: PLC0415 -- as above

    seen = desk.look(shop=shop, kind=kind, channel=channel, values=desk.read_values(value) if value else None)
    text = seen.rendered.text if seen.rendered else ""
    counted = sms.parts(text, later=desk.part_of(shop=shop)) if seen.rendered and channel is Channel.SMS else None
    data: Summary = {
        "template": seen.source.id, "subject": seen.rendered.subject if seen.rendered else "", "text": text,
        "html": seen.page, "real": seen.real, "missing": [*sorted(seen.missing)],
        "complaints": [str(one) for one in seen.complaints],
        "encoding": counted.encoding.value if counted else None, "units": counted.units if counted else None,
        "parts": counted.parts if counted else None,
    }  # fmt: skip
    wrong = "".join(f"\n! {one}" for one in (*seen.complaints, *(f"missing: {name}" for name in sorted(seen.missing))))
    measure = f" ({counted.parts} part(s), {counted.units} units of {counted.encoding})" if counted else ""
    emit(data, as_json=as_json, human=f"{seen.source.id}{measure}\n\n{text}{wrong}")


@app.command()
def send(
    shop: Shop,
    kind: Annotated[Kind, typer.Argument(help="What it is about.")],
    *,
    customer: Annotated[int, typer.Option(help="The number of the customer.")],
    value: Values = None,
    channel: Annotated[Channel | None, typer.Option(help="By which way; else the shop's first that is open.")] = None,
    event: Annotated[str, typer.Option(help="Its name: the same message under the same name is sent once.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=336, help="Dropped if it has not left by then.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Write to one customer, at once; consent, hours and days of mourning hold as for every message."""
    start.django()
    from zargar.notifications import desk  # noqa: PLC0415 -- needs Django

    note = desk.Note(
        customer_id=customer, kind=kind, values=desk.read_values(value or ()), event=event or uuid4().hex,
        channel=channel, good_for=timedelta(hours=hours),
    )  # fmt: skip
    done = desk.send(shop=shop, note=note, run=uuid4(), now=clock.now())
    word = "is queued" if done["queued"] else "was known: nothing is sent twice"
    emit(done, as_json=as_json, human=f"message {done['messages']} by {done['channel']} {word}")


@app.command("list")
def list_messages(
    shop: Shop,
    *,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only those of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest messages of a shop, and how many there are in each state."""
    start.django()
    from zargar.notifications import desk  # noqa: PLC0415 -- needs Django

    found = desk.listed(shop=shop, state=state, kind=kind, limit=limit)
    head = ("id", "kind", "to", "channel", "state", "account", "delivery", "why")
    rows = [[one[name] for name in head] for one in _dicts(found["messages"])]
    counts = ", ".join(f"{name} {count}" for name, count in _dict(found["counts"]).items()) or "no message"
    emit(found, as_json=as_json, human=f"{counts}\n\n{table(head, rows)}" if rows else counts)


@app.command()
def show(
    shop: Shop, message: Annotated[int, typer.Argument(help="The number of the message.")], *, as_json: AsJson = False
) -> None:
    """Show one message, and every attempt at it."""
    start.django()
    from zargar.notifications import desk  # noqa: PLC0415 -- needs Django

    found = desk.shown(shop=shop, message_id=message)
    facts = "\n".join(f"{name:12} {value}" for name, value in found.items() if name != "tried")
    head = ("tried_at", "account", "state", "calls", "delivery", "why")
    tried = [[one[name] for name in head] for one in _dicts(found["tried"])]
    emit(found, as_json=as_json, human=f"{facts}\n\n{table(head, tried)}" if tried else facts)


@app.command()
def retry(shop: Shop, messages: Ids, reason: Reason, *, as_json: AsJson = False) -> None:
    """Queue dead letters again, their attempts forgiven."""
    _mend("replay", shop, messages, reason, as_json=as_json)


@app.command()
def cancel(shop: Shop, messages: Ids, reason: Reason, *, as_json: AsJson = False) -> None:
    """Take messages back that have not left."""
    _mend("cancel", shop, messages, reason, as_json=as_json)


@app.command()
def resend(shop: Shop, messages: Ids, reason: Reason, *, as_json: AsJson = False) -> None:
    """Send again what may have left already (state `ambiguous`): the customer may read it twice."""
    _mend("resend", shop, messages, reason, as_json=as_json)


@app.command()
def release(
    shop: Shop,
    reason: Reason,
    messages: Annotated[
        list[int] | None, typer.Argument(help="Numbers of messages; all that are held, if none.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Queue what was held because the shop was restored; what has left meanwhile does not leave again."""
    _mend("release", shop, messages, reason, as_json=as_json)


@app.command()
def pause(reason: Reason, *, as_json: AsJson = False) -> None:
    """Let nothing leave, of any shop, until `resume`."""
    start.django()
    from zargar.notifications import house, wiring  # noqa: PLC0415 -- needs Django

    house.pause(actor=actor(), reason=reason, key=wiring.recipients_key(), now=clock.now())
    emit({"sending": False}, as_json=as_json, human="nothing leaves until `zargar notify resume`")


@app.command()
def resume(reason: Reason, *, as_json: AsJson = False) -> None:
    """Let messages leave again; also the word that a restored system waits for."""
    start.django()
    from zargar.notifications import house, wiring  # noqa: PLC0415 -- needs Django

    house.resume(actor=actor(), reason=reason, key=wiring.recipients_key())
    emit({"sending": True}, as_json=as_json, human="messages leave again")


def _mend(verb: str, shop: str, ids: list[int] | None, reason: str, *, as_json: bool) -> None:
    start.django()
    from zargar.notifications import desk, operations  # noqa: PLC0415 -- needs Django

    shop_id, now = desk.number_of(shop), clock.now()
    if verb == "release":
        moved = operations.release(shop_id=shop_id, ids=ids, actor=actor(), reason=reason, now=now)
    else:
        verbs = {"replay": operations.replay, "cancel": operations.cancel, "resend": operations.resend}
        moved = verbs[verb](shop_id=shop_id, ids=ids or (), actor=actor(), reason=reason, now=now)
    emit({"shop": shop, "verb": verb, "moved": moved}, as_json=as_json, human=f"{moved} message(s): {verb}")


def _dict(value: JSON) -> Summary:
    return value if isinstance(value, dict) else {}


def _dicts(value: JSON) -> list[Summary]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
