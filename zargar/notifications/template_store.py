"""The templates that messages are written by: the shop's published versions, else the defaults of its tone.

Every function works in the shop that is entered; none opens a transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from zargar.notifications import policy_store
from zargar.notifications.kinds import Kind
from zargar.notifications.shop.models import Message, TemplateState, TemplateVersion
from zargar.notifications.templates.defaults import NoSuchTemplateError, current_default, default_of, is_default
from zargar.notifications.templates.sources import Source
from zargar.notifications.values import Channel

_PREFIX: Final = "shop:"


@dataclass(frozen=True, slots=True)
class Version:
    """A version as pages and commands show it. `source.id` names it."""

    source: Source
    state: TemplateState
    written_by: str
    written_at: datetime
    published_at: datetime | None
    retired_at: datetime | None


def current(kinds: Collection[str], channel: Channel) -> Mapping[str, Source]:
    """Return, by kind, what messages are written by from now on. Raises `ValueError` for a kind that is none.

    One statement for the versions, and one more for the tone where a default is needed.
    """
    rows = TemplateVersion.objects.filter(kind__in=list(kinds), channel=channel, state=TemplateState.PUBLISHED)
    found = {row.kind: _source(row) for row in rows}
    rest = [kind for kind in kinds if kind not in found]
    if rest:
        tone = policy_store.current().tone
        found |= {kind: current_default(Kind(kind), channel, tone) for kind in rest}
    return found


def pinned(ids: Collection[str]) -> Mapping[str, Source]:
    """Return versions by their ids, whatever their state. Raises `NoSuchTemplateError` for one that there is not."""
    found = {one: default_of(one) for one in ids if is_default(one)}
    numbers = {_number(one): one for one in ids if not is_default(one)}
    if numbers:
        found |= {numbers[row.id]: _source(row) for row in TemplateVersion.objects.filter(id__in=list(numbers))}
    gone = [one for one in ids if one not in found]
    if gone:
        message = f"there is no template {gone[0]!r} in this shop"
        raise NoSuchTemplateError(message)
    return found


def version(template_id: str) -> Version:
    """Return one of the shop's own versions. Raises `NoSuchTemplateError`."""
    row = TemplateVersion.objects.filter(id=_number(template_id)).first()
    if row is None:
        message = f"there is no template {template_id!r} in this shop"
        raise NoSuchTemplateError(message)
    return _version(row)


def versions(kind: Kind | None = None, channel: Channel | None = None) -> Sequence[Version]:
    """Return the shop's own versions, the newest first."""
    wanted = Q(**({"kind": kind} if kind else {}), **({"channel": channel} if channel else {}))
    return [_version(row) for row in TemplateVersion.objects.filter(wanted).order_by("-id")]


def keep_draft(source: Source, *, by: str, now: datetime) -> Source:
    """Write the draft of a kind and channel, in place of the one that there was; return it with its id."""
    row, _ = TemplateVersion.objects.update_or_create(
        kind=source.kind, channel=source.channel, state=TemplateState.DRAFT,
        defaults={"subject": source.subject, "text": source.text, "written_by": by, "written_at": now},
    )  # fmt: skip
    return _source(row)


def promote(template_id: str, *, now: datetime) -> bool:
    """Make a draft the version that counts, and retire the one that did; False where it is no draft (any more)."""
    row = TemplateVersion.objects.select_for_update().filter(id=_number(template_id)).first()
    if row is None or row.state != TemplateState.DRAFT:
        return False
    retire(Kind(row.kind), Channel(row.channel), now=now)
    TemplateVersion.objects.filter(id=row.id).update(state=TemplateState.PUBLISHED, published_at=now)
    return True


def retire(kind: Kind, channel: Channel, *, now: datetime) -> str | None:
    """Retire the version that counts and return its id; None where there is none, and the default counts already."""
    row = TemplateVersion.objects.filter(kind=kind, channel=channel, state=TemplateState.PUBLISHED).first()
    if row is None:
        return None
    TemplateVersion.objects.filter(id=row.id).update(state=TemplateState.RETIRED, retired_at=now)
    return f"{_PREFIX}{row.id}"


def last_values(kind: Kind) -> Mapping[str, str] | None:
    """Return what the shop's newest message of a kind was filled with; None where it never had one."""
    row = Message.objects.filter(kind=kind).order_by("-id").values_list("values", flat=True).first()
    return None if row is None else {str(name): str(value) for name, value in row.items()}


def _number(template_id: str) -> int:
    """Return the row's number. Raises `NoSuchTemplateError` where the id is of another shape."""
    number = template_id.removeprefix(_PREFIX)
    if not (template_id.startswith(_PREFIX) and number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 -- bigint
        message = f"there is no template {template_id!r}: default:KIND:CHANNEL:TONE@VERSION or shop:NUMBER"
        raise NoSuchTemplateError(message)
    return int(number)


def _source(row: TemplateVersion) -> Source:
    return Source(f"{_PREFIX}{row.id}", row.kind, Channel(row.channel), row.subject, row.text)


def _version(row: TemplateVersion) -> Version:
    return Version(
        _source(row), TemplateState(row.state), row.written_by, row.written_at, row.published_at, row.retired_at
    )
