"""One turn's messages on their way: each is written, given to an account, and its answer stored.

The order is what keeps a message from leaving twice: the attempt is committed to the journal, then the provider is
called, then its verdicts are stored. Whoever dies between the first and the last leaves an attempt without an answer,
and `asking` takes it over. Nothing here runs inside a transaction of the caller's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from django.db import connection, transaction

from zargar.notifications import account_store, journal_store, outbox, wrapping
from zargar.notifications.concluding import Tally, Turn, case_of, concluded, known, put_back, told_of, unplaced, untried
from zargar.notifications.outbox import Next
from zargar.notifications.ports import Provider
from zargar.notifications.routing import FULL, Standing, choose
from zargar.notifications.rows import Claimed, Outcome
from zargar.notifications.values import Accepted, Channel, Refusal, Refused, Unknown, Verdict
from zargar.notifications.writing import Written, counted, outgoing, still_decent, write


class InTransactionError(RuntimeError):
    """Sending was begun inside a transaction: a roll-back would forget what has left."""


def outside_transactions() -> None:
    """Raise `InTransactionError` inside a transaction."""
    if connection.in_atomic_block:
        raise InTransactionError(InTransactionError.__doc__)


def deliver(turn: Turn, messages: Sequence[Claimed], tally: Tally) -> None:
    """Send what may leave of these, and conclude them all."""
    outside_transactions()
    now = turn.post.clock()
    written, set_aside = write(turn, messages, now)
    turn.conclude(set_aside)
    tally.count(set_aside)
    standings = account_store.standings(turn.shop_id, turn.post.named)
    written.sort(key=lambda one: one.message.channel)
    for channel, group in groupby(written, key=lambda one: one.message.channel):
        _by_channel(turn, channel, list(group), standings, tally)


# -- to whom it is given ----------------------------------------------------------------------------------------------


def _by_channel(
    turn: Turn, channel: Channel, written: Sequence[Written], standings: Sequence[Standing], tally: Tally
) -> None:
    """Give messages of one channel to accounts, in calls of what each takes at once."""
    standing = list(standings)
    for account, batch in _given(turn, channel, written, standing):
        now = turn.post.clock()
        if account is None or turn.until - now < turn.post.margin:
            _finish(turn, [put_back(one.message, account, now) for one in batch], tally)
            continue
        standing = _hand_over(turn, turn.post.providers[account], batch, standing, tally)


def _given(
    turn: Turn, channel: Channel, written: Sequence[Written], standings: Sequence[Standing]
) -> Iterator[tuple[str | None, Sequence[Written]]]:
    """Yield (account, messages for one call): one by chance for all that are new, its own for what is sent again."""
    chance = turn.post.chance()
    usable = {one.name for one in standings if one.usable}
    by_account: dict[str | None, list[Written]] = {}
    for one in written:
        message = one.message
        if message.again:
            chosen = message.account if message.account in usable else None
        else:
            found = choose(standings, channel, chance=chance, tried=message.tried)
            chosen = found.name if found else None
        by_account.setdefault(chosen, []).append(one)
    for account, group in by_account.items():
        most = turn.post.providers[account].limits.most if account else len(group)
        for first in range(0, len(group), most):
            yield account, group[first : first + most]


# -- the call ---------------------------------------------------------------------------------------------------------


def _hand_over(
    turn: Turn, provider: Provider, batch: Sequence[Written], standings: list[Standing], tally: Tally
) -> list[Standing]:
    """Begin, call, store. Returns the accounts as they stand after it."""
    post = turn.post
    stopped = next((one.stopped for one in standings if one.name == provider.name), "")
    if stopped:
        _finish(turn, [unplaced(one.message, stopped, now=post.clock()) for one in batch], tally)
        return standings
    batch, aside = still_decent(batch, now=post.clock(), longest=provider.limits.longest)
    _finish(turn, aside, tally)
    if not batch:
        return standings
    batch, price = counted(batch, part=post.part_of(provider.name)), post.price_of(provider.name)
    reserved = price * sum(one.parts or 0 for one in batch)
    if reserved and not account_store.reserve(provider.name, rial=reserved):
        why = f"credit: less is left than the {reserved} Rial that {len(batch)} messages cost"
        return _stopped(turn, provider, why, batch, standings=standings, tally=tally)
    tried_at = post.clock()
    begun = _begin(turn, provider.name, batch, tried_at, price=price or None)
    left = [one for one in batch if one.message.reference not in begun]
    going = [one for one in batch if one.message.reference in begun]
    _finish(turn, [known(one.message) for one in left], tally)
    verdicts = provider.send([outgoing(turn, one) for one in going]) if going else []
    _store(turn, provider, going, verdicts, standings=standings, tried_at=tried_at, tally=tally)
    if reserved:
        spent = sum(
            (verdict.cost if verdict.cost is not None else price * (one.parts or 0))
            for one, verdict in zip(going, verdicts, strict=True)
            if isinstance(verdict, Accepted)
        )
        account_store.settle(provider.name, reserved=reserved, spent=spent)
    return _judged(turn, provider, verdicts, standings, tally)


def _begin(turn: Turn, account: str, batch: Sequence[Written], now: datetime, *, price: int | None) -> set[int]:
    messages = [(one.message, one.recipient, one.parts) for one in batch]
    with transaction.atomic():
        return journal_store.begin(turn.shop_id, messages, account=account, now=now, price=price)


def _store(
    turn: Turn, provider: Provider, going: Sequence[Written], verdicts: Sequence[Verdict], *,
    standings: Sequence[Standing], tried_at: datetime, tally: Tally,
) -> None:  # fmt: skip
    now = turn.post.clock()
    outcomes, told = [], []
    for one, verdict in zip(going, verdicts, strict=True):
        case = case_of(turn, one.message, provider, standings)
        after = outbox.after_verdict(verdict, case, now=now)
        outcomes.append(_after(one, verdict, after, provider.name, tried_at=tried_at, now=now))
        told.append(told_of(one.message.reference, verdict, after))
    with transaction.atomic():
        journal_store.tell(told, now=now)
        turn.conclude(outcomes)
        wrapping.forget_gone(turn.shop_id, provider.channel, [one.message for one in going], verdicts)
    tally.count(outcomes)


def _judged(
    turn: Turn, provider: Provider, verdicts: Sequence[Verdict], standings: list[Standing], tally: Tally
) -> list[Standing]:
    """Draw from verdicts what they say of the account itself."""
    now = turn.post.clock()
    closed = [one for one in verdicts if isinstance(one, Refused) and one.why is Refusal.ACCOUNT]
    if closed:
        tally.stopped |= account_store.stop(
            provider.name, provider.channel, why=f"{closed[0].code}: {closed[0].words}", now=now
        )
        return _without(standings, provider.name, closed[0].words)
    # What was not handed over, since a call before it failed, says nothing of the account: neither call nor failure.
    called = [one for one in verdicts if not isinstance(one, Refused) or one.tried]
    failures = sum(isinstance(one, Unknown) or (isinstance(one, Refused) and one.why is Refusal.BUSY) for one in called)
    weak = any(one.name == provider.name and one.weight < FULL for one in standings)
    if failures or (called and weak):
        account_store.note(provider.name, provider.channel, calls=len(called), failures=failures, now=now)
    elif called:
        account_store.note_well(provider.name, provider.channel, calls=len(called), now=now)
    return standings


def _stopped(
    turn: Turn, provider: Provider, why: str, batch: Sequence[Written], *, standings: list[Standing], tally: Tally
) -> list[Standing]:
    """Stop an account before a call, and put back what was meant for it."""
    now = turn.post.clock()
    tally.stopped |= account_store.stop(provider.name, provider.channel, why=why, now=now)
    left = _without(standings, provider.name, why)
    others = any(one.usable and one.channel is provider.channel for one in left)
    _finish(turn, [unplaced(one.message, why, others=others, now=now) for one in batch], tally)
    return left


def _without(standings: Sequence[Standing], name: str, why: str) -> list[Standing]:
    return [replace(one, stopped=why or "stopped") if one.name == name else one for one in standings]


def _finish(turn: Turn, outcomes: Sequence[Outcome], tally: Tally) -> None:
    turn.conclude(outcomes)
    tally.count(outcomes)


def _after(one: Written, verdict: Verdict, after: Next, account: str, *, tried_at: datetime, now: datetime) -> Outcome:
    if isinstance(verdict, Refused) and not verdict.tried:
        return untried(one.message, after)
    if one.message.again and isinstance(verdict, Refused):
        tried_at = one.message.tried_at or tried_at  # of the call that may still be in work, not of this one
    found = replace(concluded(one.message, after, account), tried_at=tried_at, parts=one.parts)
    if isinstance(verdict, Accepted):
        return replace(found, sent_at=now, provider_id=verdict.provider_id, cost=verdict.cost)
    return found
