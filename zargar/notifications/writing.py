"""Which of a turn's messages may leave, and what each says: judged in sets, then written one by one by its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zargar.notifications import recipients, texts, wrapping
from zargar.notifications.channels.sms.parts import parts, stoppable
from zargar.notifications.concluding import Turn, concluded, waits
from zargar.notifications.decency import Drop, Wait
from zargar.notifications.judging import Judged, judge
from zargar.notifications.outbox import Bury, State
from zargar.notifications.rows import Claimed, Outcome
from zargar.notifications.templates import engine
from zargar.notifications.templates.defaults import NoSuchTemplateError
from zargar.notifications.templates.sources import BadTemplateError, MissingValuesError, Rendered, Source
from zargar.notifications.values import Channel, Outgoing, Purpose


@dataclass(frozen=True, slots=True)
class Written:
    """A message that may leave, and what it says.

    `parts`: in how many on the line by which it leaves, once that is known; None where there is no such thing.
    """

    judged: Judged
    rendered: Rendered
    parts: int | None = None

    @property
    def message(self) -> Claimed:
        """The message itself."""
        return self.judged.message

    @property
    def recipient(self) -> bytes:
        """Its recipient's digest."""
        return self.judged.recipient


def write(turn: Turn, messages: Sequence[Claimed], now: datetime) -> tuple[list[Written], list[Outcome]]:
    """Judge and write each message; return those that may leave, and what becomes of the others."""
    key = turn.post.key
    judged = judge(
        turn.shop_id, [(one, recipients.digest(key, one.to)) for one in messages], key=key, policy=turn.policy, now=now
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
                    written.append(Written(one, rendered))
    return written, aside


def still_decent(
    written: Sequence[Written], *, now: datetime, longest: timedelta
) -> tuple[list[Written], list[Outcome]]:
    """Judge messages again right before the call that takes them; return those that may leave, and the others' ends.

    A turn goes on for minutes, and one call for as long as `longest`: what would have to wait before it has surely
    ended waits from now on, so that the last of a call is not handed over when the hours are over.
    """
    going: list[Written] = []
    aside: list[Outcome] = []
    for one in written:
        match one.judged.at(now), one.judged.at(now + longest):
            case (Drop(why=why), _):
                aside.append(Outcome(id=one.message.id, state=State.DROPPED, why=why, fresh=True))
            case (Wait(until=until, why=why), _) | (_, Wait(until=until, why=why)):
                aside.append(waits(one.message, until, why))
            case _:
                going.append(one)
    return going, aside


def _rendered(message: Claimed, sources: Mapping[str, Source]) -> Rendered:
    source = sources.get(message.template)
    if source is None:
        words = f"there is no template {message.template!r}"
        raise NoSuchTemplateError(words)
    rendered = engine.render(source, message.values)
    if message.channel is Channel.SMS and message.purpose is Purpose.PROMOTION:
        return replace(rendered, text=stoppable(rendered.text))
    return rendered


def counted(written: Sequence[Written], *, part: int) -> list[Written]:
    """Count text messages for a line of which each of several parts holds `part` units. Pure."""
    return [
        replace(one, parts=parts(one.rendered.text, later=part).parts) if one.message.channel is Channel.SMS else one
        for one in written
    ]


def outgoing(turn: Turn, one: Written) -> Outgoing:
    """Return a message as a provider is given it."""
    return wrapping.outgoing(
        one.message, one.rendered, shop_id=turn.shop_id, recipient=one.recipient, public_url=turn.post.public_url
    )
