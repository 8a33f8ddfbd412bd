"""What is wrong with a template before it may be used: what could fail or shame later is found at saving. Pure.

Beyond what the engine refuses (`engine.used`), a template is rendered with samples, with every optional value and with
none, and what comes out must be fit to send:

- It says something, and tells what its kind exists to tell (a promotion its text, a digest its reminders).
- A text message to a customer names the shop: anonymous ones are forbidden in Iran.
- A promotional text message ends with «لغو۱۱» (the regulator's rule of 1401-06-24); no other mentions it.
- A text message has `MOST_PARTS` at most; a push is within what telephones show, in UTF-16 units.
- An e-mail, a push and an inbox message have a subject or title; a text message has none.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from zargar.notifications.channels.sms.parts import STOP, parts
from zargar.notifications.kinds import sample_values, spec
from zargar.notifications.templates import engine
from zargar.notifications.templates.sources import BadTemplateError, Complaint, Rendered, Source
from zargar.notifications.values import Channel, Purpose

MOST_PARTS: Final = 4
"""Parts of a text message with samples, on the lines where a part is shortest."""
SHORTEST_PART: Final = 66
LONGEST_PUSH_TITLE: Final = 65
LONGEST_PUSH: Final = 240
"""What Android shows of a notification when it is opened up; of the rest nobody sees anything."""

_STOP_ANYHOW: Final = re.compile(r"لغو[ \u200c]?[1۱]{2}")


def complaints(source: Source) -> tuple[Complaint, ...]:
    """Return everything that is wrong with a template; nothing: it may be used. Raises `ValueError` for no kind."""
    try:
        told = engine.used(source)
        full = engine.render(source, sample_values(source.kind))
        least = engine.render(source, sample_values(source.kind, without_optional=True))
    except BadTemplateError as bad:
        return bad.complaints
    found = chain(_untold(source, told), _unfit(source, full), _unfit(source, least))
    return tuple(dict.fromkeys(found))


def check(source: Source) -> None:
    """Raise `BadTemplateError` with everything that is wrong with a template."""
    found = complaints(source)
    if found:
        raise BadTemplateError(source.id, found)


def units(text: str) -> int:
    """Count a text as networks do: UTF-16 units, so that an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def _untold(source: Source, told: frozenset[str]) -> Iterator[Complaint]:
    kind = spec(source.kind)
    if source.channel is Channel.SMS and kind.to_customers and "shop" not in told:
        yield Complaint("text", 0, "does not name the shop ({{ shop }}): an anonymous text message is forbidden")
    for name in sorted(kind.essential - told):
        yield Complaint("text", 0, f"does not tell {{{{ {name} }}}}, for which there is this kind")


def _unfit(source: Source, made: Rendered) -> Iterator[Complaint]:
    if not made.text:
        yield Complaint("text", 0, "is empty where optional values are absent")
    match source.channel:
        case Channel.SMS:
            yield from _unfit_sms(source, made)
        case Channel.PUSH if units(made.subject) > LONGEST_PUSH_TITLE:
            yield Complaint("subject", 0, f"{units(made.subject)} units with samples, {LONGEST_PUSH_TITLE} at most")
        case Channel.PUSH if units(made.text) > LONGEST_PUSH:
            yield Complaint("text", 0, f"{units(made.text)} units with samples, {LONGEST_PUSH} at most")
        case _:
            pass
    if not made.subject and source.channel is not Channel.SMS:
        yield Complaint("subject", 0, "is empty")


def _unfit_sms(source: Source, made: Rendered) -> Iterator[Complaint]:
    if source.subject.strip():
        yield Complaint("subject", 0, "a text message has none")
    found = parts(made.text, later=SHORTEST_PART).parts
    if found > MOST_PARTS:
        yield Complaint("text", 0, f"{found} parts with samples, {MOST_PARTS} at most")
    promotion = spec(source.kind).purpose is Purpose.PROMOTION
    if promotion and not made.text.endswith(STOP):
        yield Complaint("text", 0, f"a promotional text message ends with «{STOP}»")
    if not promotion and _STOP_ANYHOW.search(made.text):
        yield Complaint("text", 0, f"«{STOP}» belongs to promotion alone")
