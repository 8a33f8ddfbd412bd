"""What is done with messages: business enqueues them, people cancel, replay, release and resend them.

`enqueue` belongs into the transaction of what has happened: the message exists if and only if that has. Everything that
a person does is audited in its own transaction. Sending is elsewhere (`turns`), and never inside a transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from zargar.audit import operations as audit
from zargar.notifications import (
    account_store,
    due_store,
    journal_store,
    optout_store,
    outbox_store,
    policy_store,
    recipients,
    texts,
    wiring,
)
from zargar.notifications.journal_store import Told
from zargar.notifications.manners import Ambiguous
from zargar.notifications.outbox import Attempt, State
from zargar.notifications.rows import PLATFORM
from zargar.notifications.templates import engine
from zargar.notifications.templates.defaults import NoSuchTemplateError
from zargar.notifications.templates.sources import MissingValuesError, Source
from zargar.notifications.values import Channel, Draft, Purpose
from zargar.refusals import RefusedError
from zargar.tenancy import entered_shop, in_tenant


class NotInTransactionError(RuntimeError):
    """Messages are queued inside a shop and inside the transaction of what they tell about, or not at all."""


class NotMovableError(RefusedError):
    """A message is not in a state from which that can be done; `zargar notify show` says in which it is."""


@dataclass(frozen=True, slots=True)
class Enqueued:
    """How many messages are new, and how many were known: queued before, or sent, or perhaps sent."""

    queued: int
    known: int


def enqueue(drafts: Sequence[Draft], *, now: datetime) -> Enqueued:
    """Queue messages of the shop that is entered, in the caller's transaction.

    Raises `NotInTransactionError`, `MissingValuesError` where a draft lacks what its template needs (nothing is queued
    then), `ValueError` for a kind that is none.
    """
    shop_id = entered_shop()
    if shop_id is None:
        raise NotInTransactionError(NotInTransactionError.__doc__)
    return _enqueue(shop_id, drafts, now=now)


def enqueue_platform(drafts: Sequence[Draft], *, now: datetime) -> Enqueued:
    """Queue messages of the platform itself to operators, in the caller's transaction. Raises as `enqueue`."""
    if entered_shop() is not None:
        raise NotInTransactionError("messages of the platform are queued in the shared schema")  # noqa: EM101, TRY003 -- the class has the other half
    return _enqueue(PLATFORM, drafts, now=now)


def _enqueue(shop_id: int, drafts: Sequence[Draft], *, now: datetime) -> Enqueued:
    if not connection.in_atomic_block:
        raise NotInTransactionError(NotInTransactionError.__doc__)
    if not drafts:
        return Enqueued(0, 0)
    pinned = _pinned(shop_id, drafts)
    key = wiring.recipients_key()
    account_store.open_sending(recipients.mark(key))
    names = [(one.event_key, recipients.digest(key, one.to), one.channel) for one in drafts]
    left = journal_store.known(shop_id, names)
    fresh = [(one, template) for one, template, name in zip(drafts, pinned, names, strict=True) if name not in left]
    due = outbox_store.insert(outbox_store.table_of(shop_id), fresh, now=now) if fresh else []
    if due:
        due_store.due_by(shop_id, max(min(due), now))
    return Enqueued(queued=len(due), known=len(drafts) - len(due))


def _pinned(shop_id: int, drafts: Sequence[Draft]) -> list[str]:
    """Return the id of the template that each draft is written by, after it was found to tell all that it needs."""
    kinds: dict[Channel, set[str]] = defaultdict(set)
    for one in drafts:
        kinds[one.channel].add(one.kind)
    sources: Mapping[Channel, Mapping[str, Source]] = {
        channel: texts.current(shop_id, some, channel) for channel, some in kinds.items()
    }
    named = texts.pinned(shop_id, {one.template for one in drafts if one.template})
    found = []
    for one in drafts:
        source = _named(named, one) if one.template else sources[one.channel][one.kind]
        missing = engine.missing(source, one.values)
        if missing:
            raise MissingValuesError(source.id, missing)
        found.append(source.id)
    return found


def _named(named: Mapping[str, Source], draft: Draft) -> Source:
    """Return the version that a draft names: it was counted by it, or is a test of it.

    Raises `NoSuchTemplateError`, also for another kind.
    """
    source = named.get(draft.template)
    if source is None or (source.kind, source.channel) != (draft.kind, draft.channel):
        message = f"there is no template {draft.template!r} for {draft.kind} by {draft.channel}"
        raise NoSuchTemplateError(message)
    return source


# -- by people --------------------------------------------------------------------------------------------------------


_CANCELLED: Final = frozenset({State.QUEUED, State.ASKING, State.AMBIGUOUS, State.DEAD, State.HELD})
"""What a person can end. The journal keeps what may have left."""


def cancel(*, shop_id: int, ids: Collection[int], actor: str, reason: str, now: datetime) -> int:
    """Take messages back that have not left, or may not have; return how many.

    Raises `NotMovableError` where none of them can be.
    """
    return _moved("cancel", shop_id, ids, since=_CANCELLED, to=State.CANCELLED, actor=actor, reason=reason, now=now)


def cancel_entered(shop_id: int, ids: Collection[int], *, actor: str, reason: str, now: datetime) -> int:
    """Take messages back as `cancel` does, in the shop that is entered and in the caller's transaction."""
    return _move("cancel", shop_id, ids, since=_CANCELLED, to=State.CANCELLED, actor=actor, reason=reason, now=now)


def replay_entered(shop_id: int, ids: Collection[int], *, actor: str, reason: str, now: datetime) -> int:
    """Queue dead letters again as `replay` does, in the shop that is entered and in the caller's transaction."""
    return _move("replay", shop_id, ids, since={State.DEAD}, to=State.QUEUED, actor=actor, reason=reason, now=now)


def replay(*, shop_id: int, ids: Collection[int], actor: str, reason: str, now: datetime) -> int:
    """Queue dead letters again, their attempts forgiven. Raises `NotMovableError`."""
    return _moved("replay", shop_id, ids, since={State.DEAD}, to=State.QUEUED, actor=actor, reason=reason, now=now)


def release(*, shop_id: int, ids: Collection[int] | None, actor: str, reason: str, now: datetime) -> int:
    """Queue what was held after a restore (None: all of it); what has left meanwhile is dropped when its turn comes."""
    return _moved("release", shop_id, ids, since={State.HELD}, to=State.QUEUED, actor=actor, reason=reason, now=now)


def resend(*, shop_id: int, ids: Collection[int], actor: str, reason: str, now: datetime) -> int:
    """Send again what may have left: a person says so, also while the provider is still being asked.

    Raises `NotMovableError`, also where the policy is `leave`.
    """
    since = {State.AMBIGUOUS, State.ASKING}
    return _moved("resend", shop_id, ids, since=since, to=State.QUEUED, actor=actor, reason=reason, now=now)


def _moved(
    verb: str, shop_id: int, ids: Collection[int] | None, *, since: Collection[State], to: State, actor: str,
    reason: str, now: datetime,
) -> int:  # fmt: skip
    if shop_id == PLATFORM:
        return _move(verb, shop_id, ids, since=since, to=to, actor=actor, reason=reason, now=now)
    with in_tenant(shop_id):
        return _move(verb, shop_id, ids, since=since, to=to, actor=actor, reason=reason, now=now)


def _move(
    verb: str, shop_id: int, ids: Collection[int] | None, *, since: Collection[State], to: State, actor: str,
    reason: str, now: datetime,
) -> int:  # fmt: skip
    table = outbox_store.table_of(shop_id)
    if verb == "resend" and shop_id != PLATFORM and policy_store.current().ambiguous is Ambiguous.LEAVE:
        message = "this shop's policy leaves what may have left as it is: `zargar notify` does not send it again"
        raise NotMovableError(message)
    with transaction.atomic():
        due_store.due_by(shop_id, now)
        references = outbox_store.references(table, ids) if verb == "resend" else []
        moved = outbox_store.move(
            table, ids=ids, since=since, to=to, why=f"{verb}: {reason}", now=now, forgive=to is State.QUEUED
        )
        if ids is not None and not moved:
            message = f"none of the {len(ids)} messages can be moved by {verb}"
            raise NotMovableError(message)
        given_up = [Told(reference=one, state=Attempt.GIVEN_UP, why=f"sent again: {reason}") for one in references]
        journal_store.tell(given_up, now=now)
        audit.record(
            actor=actor, action=f"message.{verb}", subject=f"shop {shop_id}", reason=reason, after={"ids": [*moved]}
        )
    return len(moved)


# -- what people do not want ------------------------------------------------------------------------------------------


def opt_out(*, shop_id: int, to: str, channel: Channel, purpose: Purpose, source: str, now: datetime) -> bool:
    """Keep that whoever reads at `to` declines a purpose by a channel; False when he had. It outlives any restore."""
    digest = recipients.digest(wiring.recipients_key(), to)
    return optout_store.opt_out(shop_id, digest, channel, purpose, source=source, now=now)


def opt_in(*, shop_id: int, to: str, channel: Channel, purpose: Purpose, now: datetime) -> bool:
    """Forget that whoever reads at `to` had declined until `now`, as by «۱۲»; False when he had not."""
    digest = recipients.digest(wiring.recipients_key(), to)
    return optout_store.opt_in(shop_id, digest, channel, purpose, until=now)


def declined(*, shop_id: int, to: str, channel: Channel, purpose: Purpose) -> bool:
    """Say whether whoever reads at `to` has declined, and has not taken it back."""
    digest = recipients.digest(wiring.recipients_key(), to)
    return (digest, channel, purpose) in optout_store.opted_out(shop_id, [digest])
