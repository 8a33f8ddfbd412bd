"""The life of a message: its states, the moves that are allowed, and what an answer makes of it. Pure.

    queued ──due──> claimed ──accepted──> sent
      ^               │ ├──may have left──> asking ──due──> claimed, and the provider is asked:
      │               │ │                     arrived: sent; never arrived: queued, with the same reference
      │               │ ├──cannot be told──> ambiguous ──a person, or the policy──> queued
      ├──refused, may─┘ ├──refused for good, or too often──> dead ──replay──> queued
      │  pass           └──not wanted, too late──> dropped
    held (after a restore) ──release──> queued              cancelled: by a person, from any state that waits

Four rules make each message leave at most once. The attempt's own reference is committed before the provider is called.
What may have left is never sent again before the provider was asked, and said that it never arrived. Another account
is tried on proof alone (`Refused`). The shared journal takes one attempt at a time that is not proven to have failed,
for each (shop, event, recipient, channel), whatever the shop's own rows say.

What is asked again goes under the same reference to the same account, so that a provider that knows our references
drops the second of two, even when the first was on its way for longer than anybody waited. It keeps both when that
account refuses it: the refusal proves that the second call sent nothing, and the first may still be in work. It is
given up there, for another account or as a dead letter, when the provider says `LATE` after the first call that it
still has nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never

from zargar.notifications.manners import Ambiguous
from zargar.notifications.values import Accepted, Refusal, Refused, Unknown, Verdict


class State(StrEnum):
    """Where a message is. The values are stored."""

    QUEUED = "queued"
    """It waits for its time."""
    CLAIMED = "claimed"
    """A worker has it, until the lease ends."""
    ASKING = "asking"
    """It may have left; the provider is asked when it is due."""
    SENT = "sent"
    """A provider has it."""
    AMBIGUOUS = "ambiguous"
    """It may have left, and nobody can tell."""
    DEAD = "dead"
    """It has not left and will not by itself: a dead letter."""
    DROPPED = "dropped"
    """It was not to be sent: too late, not wanted, known."""
    CANCELLED = "cancelled"
    """A person took it back before it left."""
    HELD = "held"
    """The shop was restored: a person says whether it is still meant."""


MOVES: Final[Mapping[State, frozenset[State]]] = MappingProxyType({
    State.QUEUED: frozenset({State.CLAIMED, State.CANCELLED, State.HELD}),
    State.CLAIMED: frozenset({
        State.QUEUED, State.ASKING, State.SENT, State.AMBIGUOUS, State.DEAD, State.DROPPED, State.HELD,
    }),
    State.ASKING: frozenset({State.CLAIMED, State.QUEUED, State.CANCELLED, State.HELD}),
    State.AMBIGUOUS: frozenset({State.QUEUED, State.SENT, State.CANCELLED, State.HELD}),
    State.DEAD: frozenset({State.QUEUED, State.CANCELLED, State.HELD}),
    State.HELD: frozenset({State.QUEUED, State.SENT, State.AMBIGUOUS, State.CANCELLED}),
    State.SENT: frozenset(),
    State.DROPPED: frozenset(),
    State.CANCELLED: frozenset(),
})  # fmt: skip
"""From each state, where a message may go. Nothing leads out of the three that are final."""

FINAL: Final = frozenset(state for state, after in MOVES.items() if not after)


class Attempt(StrEnum):
    """How one attempt stands in the shared journal. The values are stored."""

    TRYING = "trying"
    """The provider is called, or the caller died."""
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    ABSENT = "absent"
    """The provider was asked, and never had it; since then it may have refused to take it again."""
    GIVEN_UP = "given_up"
    """It may have left, and was sent again because a person or the shop's policy wanted it."""


GUARDING: Final = frozenset({Attempt.TRYING, Attempt.ACCEPTED, Attempt.UNKNOWN})
"""Attempts that keep another one of the same message from beginning."""

SETTLE: Final = timedelta(seconds=5)
"""How long after an answer was lost a provider is asked first: what is on its way has arrived by then."""
LATE: Final = timedelta(minutes=15)
"""How long after a call that was not answered its work may still be done.

We leave after 24 seconds; a web server, its proxy and its queue go on until limits of their own, which are minutes
(nginx waits 60 seconds for what lies behind it, ASP.NET works on a request for 110). Many times that, and far less than
the 12 hours for which a look-up can be believed.
"""
LONGEST_ASKING: Final = timedelta(minutes=10)
STOPPED: Final = timedelta(minutes=5)
"""When a message looks again for an account that is not stopped."""
UNTRIED: Final = timedelta(seconds=30)
"""When a message is handed over that was not, since a call before it failed."""
MOST_LOSSES: Final = 5
"""Claims that died under a message before it is suspected of killing them."""


@dataclass(frozen=True, slots=True)
class Done:
    """A provider has it."""


@dataclass(frozen=True, slots=True)
class Again:
    """Queued again for `at`. `same`: under the same reference, to the same account. `counts`: an attempt was used."""

    at: datetime
    why: str
    same: bool = False
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """The provider is to be asked at `at` whether it has it.

    `refused`: it has refused to take it again, so that, where it still has nothing, the message leaves it. `counts`: an
    attempt was used.
    """

    at: datetime
    why: str
    refused: bool = False
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Park:
    """Ambiguous, for a person to see."""

    why: str


@dataclass(frozen=True, slots=True)
class Bury:
    """A dead letter."""

    why: str


Next: TypeAlias = Done | Again | Ask | Park | Bury

STATE_AFTER: Final[Mapping[type[Next], State]] = MappingProxyType({
    Done: State.SENT, Again: State.QUEUED, Ask: State.ASKING, Park: State.AMBIGUOUS, Bury: State.DEAD,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a message when an answer, or none, has come.

    `wait` is the retry policy's answer for the attempts made, this one included; None: they are used up. `others`:
    an account that has not refused it could take it now. `can_be_asked`: its provider tells which references it has.
    `open_since`: when the last call under its reference was made that may still be in work; None: there is none.
    `refused`: its account has refused to take it again since then.
    """

    wait: timedelta | None
    others: bool = False
    can_be_asked: bool = False
    ambiguous: Ambiguous = Ambiguous.ASK
    open_since: datetime | None = None
    refused: bool = False


def after_verdict(verdict: Verdict, case: Case, *, now: datetime) -> Next:
    """Say what a provider's verdict makes of a message."""
    match verdict:
        case Accepted():
            return Done()
        case Unknown(words=words):
            return Ask(now + SETTLE, words) if case.can_be_asked else _untold(words, case, now)
        case Refused():
            return _refused(verdict, case, now)
        case _:
            assert_never(verdict)


def after_loss(case: Case, *, attempted: bool, losses: int, now: datetime) -> Next:
    """Say what becomes of a message whose worker died; `losses` counts this one.

    `attempted`: the journal has the attempt, so that the call may have begun.
    """
    if attempted:
        return after_verdict(Unknown(0, "the worker died in the call"), case, now=now)
    if losses >= MOST_LOSSES:
        return Bury(f"{losses} workers died over it before it was sent")
    return Again(now, "the worker died before the call", counts=False)


@dataclass(frozen=True, slots=True)
class Silence:
    """The provider was asked and could not, or did not, say."""


def after_asking(
    said: Accepted | Silence | None, case: Case, *, tried_at: datetime, within: timedelta | None, now: datetime
) -> Next:
    """Say what a look-up makes of a message; None: the provider never had it.

    `tried_at` is when the last call was made that may have left, and `within` how long after it a look-up can be
    believed; what was not settled by then is ambiguous, as is what nobody can be asked about any more. Until then a
    silent provider is asked again, ever more seldom.
    """
    if isinstance(said, Accepted):
        return Done()
    if not case.can_be_asked:
        return _untold("the account that may have it can no longer be asked", case, now)
    if not believed(tried_at=tried_at, within=within, now=now):
        return _untold("the provider no longer knows what it had", case, now)
    if isinstance(said, Silence):
        at = now + min(max(now - tried_at, SETTLE), LONGEST_ASKING)
        return Ask(at, "the provider does not say whether it has it", refused=case.refused)
    return _absent(case, tried_at, now)


def _absent(case: Case, tried_at: datetime, now: datetime) -> Next:
    """Say what becomes of what the provider says that it does not have."""
    if case.wait is not None and not case.refused:
        return Again(now, "it never arrived", same=True)
    if now - tried_at < LATE:
        return Ask(tried_at + LATE, "it has not arrived, and may still be in work", refused=case.refused)
    if case.wait is None:
        return Bury("it never arrived, and the attempts are used up")
    return Again(now, "it never arrived, and its account did not take it again")


def believed(*, tried_at: datetime, within: timedelta | None, now: datetime) -> bool:
    """Say whether a provider's "never had it" still means something at `now`."""
    return within is None or now - tried_at <= within


def unplaced(why: str, *, open_since: datetime | None, others: bool = False, now: datetime) -> Again | Ask:
    """Say what becomes of a message that its account, or every account, cannot be handed now. It costs no attempt.

    `open_since` as in `Case`; `others`: another account could take it, where it is bound to none.
    """
    if open_since is None:
        return Again(now if others else now + STOPPED, why, counts=False)
    return _stays(Again(now + STOPPED, why, counts=False), open_since, now)


def _untold(words: str, case: Case, now: datetime) -> Next:
    if case.ambiguous is not Ambiguous.RESEND:
        return Park(words)
    return Bury(f"{words}; sent again as often as allowed") if case.wait is None else Again(now + case.wait, words)


def _refused(verdict: Refused, case: Case, now: datetime) -> Next:
    """Say what a refusal makes of a message. For its own number or text a call before it is refused, too."""
    judged = _refused_first if verdict.tried else _not_tried
    if case.open_since is None or (verdict.tried and verdict.why in {Refusal.RECIPIENT, Refusal.CONTENT}):
        return judged(verdict, case, now)
    after: Again | Bury = judged(verdict, replace(case, others=False), now)
    if isinstance(after, Again):
        return _stays(after, case.open_since, now)
    return Ask(max(now + SETTLE, case.open_since + LATE), after.why, refused=True)


def _not_tried(verdict: Refused, case: Case, now: datetime) -> Again:
    """Say when a message is handed over that was not, since a call before it failed: no fault of its own, uncounted."""
    pause = max(UNTRIED, verdict.retry_after or timedelta())
    return Again(now if case.others else now + pause, verdict.words, counts=False)


def _stays(after: Again, open_since: datetime, now: datetime) -> Again | Ask:
    """Keep a message to its account and reference until what may be in work there cannot be any more; then ask."""
    settled = open_since + LATE
    if after.at < settled:
        return replace(after, same=True)
    return Ask(max(now + SETTLE, settled), after.why, refused=True, counts=after.counts)


def _refused_first(verdict: Refused, case: Case, now: datetime) -> Again | Bury:
    why = f"{verdict.why} {verdict.code}: {verdict.words}"
    match verdict.why:
        case Refusal.RECIPIENT | Refusal.CONTENT:
            return Bury(why)
        case Refusal.ACCOUNT:
            # No fault of the message: it waits for as long as people need, uncounted.
            return Again(now if case.others else now + STOPPED, why, counts=False)
        case Refusal.BUSY | Refusal.SENDER | Refusal.OURS:
            if case.wait is None:
                return Bury(why)
            if case.others:
                return Again(now, why)
            if verdict.why is Refusal.OURS:
                return Bury(why)
            return Again(now + max(case.wait, verdict.retry_after or timedelta()), why)
        case _:
            assert_never(verdict.why)
