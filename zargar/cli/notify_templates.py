"""`zargar notify templates`: what messages say: a shop's own versions, and the defaults where it has none."""

from pathlib import Path
from typing import Annotated

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.values import Channel
from zargar.outcomes import Summary

app = typer.Typer(name="templates", help="What messages say.", no_args_is_help=True)

Shop = Annotated[str, typer.Argument(help="The shop's slug.")]
Number = Annotated[str, typer.Argument(help="As `zargar notify templates list` shows it: shop:42.")]
Way = Annotated[Channel, typer.Option(help="By which way.")]


@app.command()
def kinds(*, as_json: AsJson = False) -> None:
    """List the kinds of messages and what each can tell; what is required has a star."""
    found: list[Summary] = [
        {
            "kind": kind.value, "title": spec.title, "purpose": spec.purpose.value,
            "required": [*sorted(spec.required)], "optional": [*sorted(spec.names - spec.required)],
        }
        for kind, spec in SPECS.items()
    ]  # fmt: skip
    rows = [
        (kind.value, spec.purpose.value, " ".join(f"{one.name}{'*' if one.required else ''}" for one in spec.variables))
        for kind, spec in SPECS.items()
    ]
    emit([*found], as_json=as_json, human=table(("kind", "purpose", "variables"), rows))


@app.command("list")
def list_versions(shop: Shop, *, as_json: AsJson = False) -> None:
    """List the shop's own versions, the newest first; kinds without one are written by the defaults."""
    start.django()
    from zargar.notifications import desk, template_store  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        versions = template_store.versions()
    found: list[Summary] = [
        {
            "template": one.source.id, "kind": one.source.kind, "channel": one.source.channel.value,
            "state": one.state.value, "by": one.written_by, "written_at": iso(one.written_at),
            "published_at": iso(one.published_at), "subject": one.source.subject, "text": one.source.text,
        }
        for one in versions
    ]  # fmt: skip
    head = ("template", "kind", "channel", "state", "by")
    words = table(head, [[one[name] for name in head] for one in found]) if found else "every kind is as by default"
    emit([*found], as_json=as_json, human=words)


@app.command()
def draft(
    shop: Shop,
    kind: Annotated[Kind, typer.Argument(help="What it is about; `kinds` shows what each can tell.")],
    file: Annotated[Path, typer.Argument(help="The text, UTF-8; {{ name }} stands for a value.", dir_okay=False)],
    reason: Reason,
    *,
    channel: Way = Channel.SMS,
    subject: Annotated[str, typer.Option(help="Of an e-mail, push or inbox message.")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep a draft, in place of the one there was; refused with everything that is wrong with it."""
    start.django()
    from zargar.notifications import desk, template_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        kept = template_operations.draft(
            kind=kind, channel=channel, subject=subject, text=file.read_text("utf-8-sig"), actor=actor(),
            reason=reason, now=clock.now(),
        )  # fmt: skip
    emit({"template": kept.id}, as_json=as_json, human=f"{kept.id} is a draft: try it, then publish it")


@app.command("test")
def send_test(
    shop: Shop,
    template: Number,
    to: Annotated[str, typer.Argument(help="Your own number or address.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Send one message by a version, filled with samples, to your own number or address."""
    start.django()
    from zargar.notifications import desk, operations, template_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        sent = template_operations.send_test(
            template_id=template, to=to, enqueue=operations.enqueue, actor=actor(), reason=reason, now=clock.now()
        )
    emit({"template": template, "event": sent.event_key}, as_json=as_json, human="queued; it leaves within a minute")


@app.command()
def publish(shop: Shop, template: Number, reason: Reason, *, as_json: AsJson = False) -> None:
    """Have a draft count from now on; what waits is still written by the version that it was queued with."""
    start.django()
    from zargar.notifications import desk, template_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        done = template_operations.publish(template_id=template, actor=actor(), reason=reason, now=clock.now())
    emit({"template": done.id}, as_json=as_json, human=f"{done.id} counts from now on")


@app.command()
def withdraw(
    shop: Shop,
    kind: Annotated[Kind, typer.Argument(help="What it is about.")],
    reason: Reason,
    *,
    channel: Way = Channel.SMS,
    as_json: AsJson = False,
) -> None:
    """Go back to the default of the shop's tone."""
    start.django()
    from zargar.notifications import desk, template_operations  # noqa: PLC0415 -- needs Django

    with desk.entered(shop):
        gone = template_operations.withdraw(kind=kind, channel=channel, actor=actor(), reason=reason, now=clock.now())
    emit({"withdrawn": gone}, as_json=as_json, human=f"{gone} is retired; the default counts")
