"""What people do with a shop's templates: draft, look, try, publish, go back. Each act is audited in its transaction.

All of them run inside `in_tenant(shop)` and outside of a transaction, but `preview`, which changes nothing. `actor` is
who does it, `reason` why; `now` is aware UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.audit import operations as audit
from zargar.notifications import template_store
from zargar.notifications.kinds import Kind, sample_values
from zargar.notifications.templates import engine, lint
from zargar.notifications.templates.page import page
from zargar.notifications.templates.sources import BadTemplateError, Complaint, Rendered, Source
from zargar.notifications.values import Channel, Draft, Purpose
from zargar.refusals import RefusedError

TEST_LIVES: Final = timedelta(hours=1)
"""How long a test message may wait to leave before it is dropped."""


class NotADraftError(RefusedError):
    """Only a draft can be published: what was published once never changes, and is no draft again."""


class NothingPublishedError(RefusedError):
    """The shop has no version of its own of this kind and channel: the default counts already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a template makes of values, and what is wrong with it. `rendered` is None where it cannot be filled.

    `units` counts the text as networks do; `page` is the whole HTML of an e-mail, else empty; `real` says whether the
    values were the shop's own, of its newest message of the kind, rather than samples.
    """

    source: Source
    rendered: Rendered | None
    units: int
    page: str
    complaints: Sequence[Complaint]
    missing: frozenset[str]
    real: bool


def draft(*, kind: Kind, channel: Channel, subject: str, text: str, actor: str, reason: str, now: datetime) -> Source:
    """Keep a draft, in place of the one that there was. Raises `BadTemplateError` with everything that is wrong."""
    source = Source("", kind.value, channel, subject.strip(), text.strip())
    lint.check(source)
    with transaction.atomic():
        kept = template_store.keep_draft(source, by=actor, now=now)
        _note("template.draft", kept, actor=actor, reason=reason)
    return kept


def publish(*, template_id: str, actor: str, reason: str, now: datetime) -> Source:
    """Have a draft count from now on; what waits is still written by the version that it is pinned to.

    Raises `NoSuchTemplateError`, `NotADraftError`, and `BadTemplateError` where the rules have become stricter.
    """
    with transaction.atomic():
        source = template_store.version(template_id).source
        lint.check(source)
        if not template_store.promote(template_id, now=now):
            raise NotADraftError(NotADraftError.__doc__)
        _note("template.publish", source, actor=actor, reason=reason)
    return source


def withdraw(*, kind: Kind, channel: Channel, actor: str, reason: str, now: datetime) -> str:
    """Go back to the default of the shop's tone; return the id of what counted. Raises `NothingPublishedError`."""
    with transaction.atomic():
        retired = template_store.retire(kind, channel, now=now)
        if retired is None:
            raise NothingPublishedError(NothingPublishedError.__doc__)
        _note("template.withdraw", template_store.version(retired).source, actor=actor, reason=reason)
    return retired


def preview(source: Source, values: Mapping[str, str] | None = None) -> Preview:
    """Fill a template, saved or not, with `values`, else with those of the shop's newest message of its kind, else with
    samples. Raises `ValueError` for a kind that is none.
    """  # noqa: D205 -- one sentence
    kind = Kind(source.kind)
    given = values if values is not None else template_store.last_values(kind)
    filling = sample_values(kind) if given is None else given
    wrong = lint.complaints(source)
    absent = engine.missing(source, filling)
    rendered = None if absent else _rendered(source, filling)
    return Preview(
        source=source,
        rendered=rendered,
        units=lint.units(rendered.text) if rendered else 0,
        page=page(title=rendered.subject, body=rendered.html) if rendered and rendered.html else "",
        complaints=wrong,
        missing=absent,
        real=given is not None,
    )


def send_test(
    *, template_id: str, to: str, enqueue: Callable[..., object], actor: str, reason: str, now: datetime
) -> Draft:
    """Queue one message by a version, drafts too, to the operator's own number or address, filled with samples.

    `enqueue` is `operations.enqueue`. What a test says is never a customer's: samples alone; and it waits for no
    consent and no hour, since it is its reader's own business. Raises
    `NoSuchTemplateError`, and what `enqueue` raises.
    """
    (source,) = template_store.pinned([template_id]).values()
    lint.check(source)
    test = Draft(
        kind=source.kind, event_key=f"template_test:{template_id}:{now.isoformat()}", to=to, channel=source.channel,
        purpose=Purpose.TRANSACTIONAL, values=sample_values(source.kind), due_at=now, expires_at=now + TEST_LIVES,
        template=template_id,
    )  # fmt: skip
    with transaction.atomic():
        enqueue([test], now=now)
        _note("template.test", source, actor=actor, reason=reason)
    return test


def _rendered(source: Source, values: Mapping[str, str]) -> Rendered | None:
    try:
        return engine.render(source, values)
    except BadTemplateError:
        return None  # `complaints` tell why


def _note(action: str, source: Source, *, actor: str, reason: str) -> None:
    subject = f"{source.kind} {source.channel} {source.id}"
    audit.record(actor=actor, action=action, subject=subject, reason=reason, after={"template": source.id})
