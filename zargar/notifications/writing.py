"""Which of a turn's messages may leave, and what each says: judged in sets, then written one by one by its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from zargar.notifications import recipients, texts, wrapping
from zargar.notifications.channels.sms.parts import parts, stoppable
from zargar.notifications.concluding import Turn, concluded, waits
from zargar.notifications.decency import Drop, Wait
from zargar.notifications.judging import judge
from zargar.notifications.outbox import Bury, State
from zargar.notifications.rows import Claimed, Outcome
from zargar.notifications.templates import engine
from zargar.notifications.templates.defaults import NoSuchTemplateError
from zargar.notifications.templates.sources import BadTemplateError, MissingValuesError, Rendered, Source
from zargar.notifications.values import Channel, Outgoing, Purpose


@dataclass(frozen=True, slots=True)
class Written:
    """A message that may leave: what it says, to whom, and how many parts it has (None: it has no such thing)."""

    message: Claimed
    recipient: bytes
    rendered: Rendered
    parts: int | None


def write(turn: Turn, messages: Sequence[Claimed], now: datetime) -> tuple[list[Written], list[Outcome]]:
    """Judge and write each message; return those that may leave, and what becomes of the others."""
    key = turn.post.key
    judged = judge(
        turn.shop_id, [(one, recipients.digest(key, one.to)) for one in messages], policy=turn.policy, now=now
    )
    sources = texts.pinned(turn.shop_id, {one.template for one in messages})
    written: list[Written] = []
    aside: list[Outcome] = []
    for one in judged:
        match one.decency:
            case Wait(until=until, why=why):
                aside.append(waits(one.message, until, why))
            case Drop(why=why):
                aside.append(Outcome(id=one.message.id, state=State.DROPPED, why=why, fresh=True))
            case _:
                try:
                    rendered = _rendered(one.message, sources)
                except (BadTemplateError, MissingValuesError, NoSuchTemplateError) as error:
                    aside.append(concluded(one.message, Bury(f"template: {error}"), "", used=0))
                else:
                    written.append(Written(one.message, one.recipient, rendered, _parts(one.message, rendered)))
    return written, aside


def _rendered(message: Claimed, sources: Mapping[str, Source]) -> Rendered:
    source = sources.get(message.template)
    if source is None:
        words = f"there is no template {message.template!r}"
        raise NoSuchTemplateError(words)
    rendered = engine.render(source, message.values)
    if message.channel is Channel.SMS and message.purpose is Purpose.PROMOTION:
        return replace(rendered, text=stoppable(rendered.text))
    return rendered


def _parts(message: Claimed, rendered: Rendered) -> int | None:
    return parts(rendered.text).parts if message.channel is Channel.SMS else None


def outgoing(turn: Turn, one: Written) -> Outgoing:
    """Return a message as a provider is given it."""
    return wrapping.outgoing(
        one.message, one.rendered, shop_id=turn.shop_id, recipient=one.recipient, public_url=turn.post.public_url
    )
