"""What may have left: providers are asked about it, and the messages of workers that died are taken over.

A claim is dead when its lease has ended and the advisory lock of its turn is free. The lease alone would believe a
clock that jumped; the lock alone would believe a connection that broke under a worker in the middle of a call.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from django.db import transaction

from zargar.notifications import account_store, journal_store, outbox, outbox_store, turn_locks
from zargar.notifications.concluding import Tally, Turn, case_of, concluded, told_of
from zargar.notifications.journal_store import Begun, Told
from zargar.notifications.manners import Ambiguous
from zargar.notifications.outbox import Again, Ask, Attempt, Bury, Case, Done, Next, Park, Silence
from zargar.notifications.ports import Provider, Unanswered
from zargar.notifications.rows import Claimed, Outcome
from zargar.notifications.values import Accepted, Unknown


def rescue(turn: Turn, tally: Tally) -> None:
    """Take over what dead turns of this shop held, and say what becomes of it."""
    now = turn.post.clock()
    for dead, _ in outbox_store.lost(turn.table, now=now, at_most=turn.post.share):
        with turn_locks.tried(dead) as free:
            if free:
                taken = outbox_store.take_over(turn.table, dead=dead, turn=turn.number, now=now, until=turn.until)
                _after_death(turn, taken, tally)


def ask(turn: Turn, messages: Sequence[Claimed], tally: Tally) -> None:
    """Ask providers which of these arrived, and conclude them all."""
    begun = journal_store.begun(turn.shop_id, [one.reference for one in messages])
    ordered = sorted(messages, key=lambda one: one.account)
    for account, group in groupby(ordered, key=lambda one: one.account):
        provider = turn.post.providers.get(account)
        for batch in _slices(list(group), provider.limits.most_ids if provider else len(messages)):
            _conclude_asked(turn, provider, batch, begun, tally)


def _conclude_asked(
    turn: Turn, provider: Provider | None, batch: Sequence[Claimed], begun: Mapping[int, Begun], tally: Tally
) -> None:
    said = _said(provider, [one.reference for one in batch])
    now = turn.post.clock()
    outcomes: list[Outcome] = []
    told: list[Told] = []
    for message in batch:
        entry = begun.get(message.reference)
        answer = said.get(message.reference, Silence())
        since = _open_since(message, entry)
        after = _judged(turn, provider, message, entry, answer)
        outcome = replace(concluded(message, after, message.account, used=0), tried_at=since)
        if isinstance(after, Done):
            outcome = replace(outcome, sent_at=now)
        if isinstance(answer, Accepted):
            outcome = replace(outcome, provider_id=answer.provider_id, cost=answer.cost)
        outcomes.append(outcome)
        told += _told(message.reference, answer, after, never=answer is None and _believed(provider, since, now))
    with transaction.atomic():
        journal_store.tell(told, now=now)
        turn.conclude(outcomes)
    tally.count(outcomes)


def _judged(
    turn: Turn, provider: Provider | None, message: Claimed, entry: Begun | None, answer: Accepted | Silence | None
) -> Next:
    now = turn.post.clock()
    if entry is None:
        return Again(now, "the journal has no attempt of it", counts=False)
    if entry.state is Attempt.ACCEPTED:  # a receipt was faster
        return Done()
    case = Case(
        wait=turn.post.wait(failures=message.attempts, chance=turn.post.chance()),
        can_be_asked=provider is not None and provider.limits.can_be_asked,
        ambiguous=turn.policy.ambiguous,
        refused=message.account in message.tried,
    )
    within = provider.limits.asked_within if provider else None
    return outbox.after_asking(
        answer, case, tried_at=_open_since(message, entry) or entry.tried_at, within=within, now=now
    )


def _open_since(message: Claimed, entry: Begun | None) -> datetime | None:
    """Return when the last call was made that may have left: one after it that was refused is none of these."""
    if entry is None or (entry.state is Attempt.ABSENT and message.tried_at is not None):
        return message.tried_at
    return entry.tried_at


def _believed(provider: Provider | None, since: datetime | None, now: datetime) -> bool:
    if provider is None or since is None or not provider.limits.can_be_asked:
        return False
    return outbox.believed(tried_at=since, within=provider.limits.asked_within, now=now)


def _said(provider: Provider | None, references: Sequence[int]) -> Mapping[int, Accepted | None]:
    if provider is None or not provider.limits.can_be_asked:
        return {}
    try:
        return provider.look_up(references)
    except Unanswered:
        return {}


def _told(reference: int, answer: Accepted | Silence | None, after: Next, *, never: bool) -> list[Told]:
    match after:
        case Done():
            found = answer if isinstance(answer, Accepted) else Accepted(reference, "")
            return [told_of(reference, found, after)] if isinstance(answer, Accepted) else []
        case Again() | Bury() if never:
            return [Told(reference=reference, state=Attempt.ABSENT, why="the provider was asked, and never had it")]
        case Again() | Bury():
            return [Told(reference=reference, state=Attempt.GIVEN_UP, why=after.why)]
        case Ask() | Park():
            return []


# -- after a death ----------------------------------------------------------------------------------------------------


def _after_death(turn: Turn, taken: Sequence[tuple[Claimed, int]], tally: Tally) -> None:
    begun = journal_store.begun(turn.shop_id, [message.reference for message, _ in taken])
    standings = account_store.standings(turn.shop_id, turn.post.named)
    now = turn.post.clock()
    outcomes: list[Outcome] = []
    told: list[Told] = []
    for message, losses in taken:
        entry = begun.get(message.reference)
        if entry is not None and entry.state is Attempt.ACCEPTED:
            outcomes.append(replace(concluded(message, Done(), entry.account, used=0), sent_at=now))
            continue
        attempted = entry is not None and entry.state in {Attempt.TRYING, Attempt.UNKNOWN}
        provider = turn.post.providers.get(entry.account) if entry else None
        case = (
            case_of(turn, message, provider, standings)
            if provider
            else Case(wait=None, ambiguous=Ambiguous.ASK if attempted else turn.policy.ambiguous)
        )
        after = outbox.after_loss(case, attempted=attempted, losses=losses, now=now)
        account = entry.account if entry and attempted else ""
        tried_at = entry.tried_at if entry and attempted else None
        outcomes.append(replace(concluded(message, after, account, used=int(attempted)), tried_at=tried_at))
        if attempted:
            told.append(told_of(message.reference, Unknown(message.reference, "the worker died in the call"), after))
    with transaction.atomic():
        journal_store.tell(told, now=now)
        turn.conclude(outcomes)
    tally.count(outcomes)


def _slices(messages: Sequence[Claimed], most: int) -> Iterator[Sequence[Claimed]]:
    for first in range(0, len(messages), most):
        yield messages[first : first + most]
