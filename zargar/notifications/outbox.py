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
drops the second of two, even when the first was on its way for longer than anybody waited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    State.ASKING: frozenset({State.CLAIMED, State.HELD}),
    State.AMBIGUOUS: frozenset({State.QUEUED, State.SENT, State.CANCELLED, State.HELD}),
    State.DEAD: frozenset({State.QUEUED, State.CANCELLED, State.HELD}),
    State.HELD: frozenset({State.QUEUED, State.SENT, State.CANCELLED}),
    State.SENT: frozenset(),
    State.DROPPED: frozenset(),
    State.CANCELLED: frozenset(),
})  # fmt: skip
"""From each state, where a message may go. Nothing leads out of the three that are final."""

FINAL: Final = frozenset(state for state, after in MOVES.items() if not after)
WAITING: Final = frozenset({State.QUEUED, State.ASKING})
"""What falls due by itself."""


class Attempt(StrEnum):
    """How one attempt stands in the shared journal. The values are stored."""

    TRYING = "trying"
    """The provider is called, or the caller died."""
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    ABSENT = "absent"
    """The provider was asked, and never had it."""
    GIVEN_UP = "given_up"
    """It may have left, and was sent again because a person or the shop's policy wanted it."""


GUARDING: Final = frozenset({Attempt.TRYING, Attempt.ACCEPTED, Attempt.UNKNOWN})
"""Attempts that keep another one of the same message from beginning."""

SETTLE: Final = timedelta(seconds=5)
"""How long after an answer was lost a provider is asked first: what is on its way has arrived by then."""
LONGEST_ASKING: Final = timedelta(minutes=10)
STOPPED: Final = timedelta(minutes=5)
"""When a message looks again for an account that is not stopped."""
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
    """The provider is to be asked at `at` whether it has it."""

    at: datetime
    why: str


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
    """

    wait: timedelta | None
    others: bool = False
    can_be_asked: bool = False
    ambiguous: Ambiguous = Ambiguous.ASK


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

    `within` is how long after the attempt (`tried_at`) a look-up can be believed; what was not settled by then is
    ambiguous. Until then a silent provider is asked again, ever more seldom.
    """
    age = now - tried_at
    if isinstance(said, Accepted):
        return Done()
    if within is not None and age > within:
        return _untold("the provider no longer knows what it had", case, now)
    if isinstance(said, Silence):
        return Ask(now + min(max(age, SETTLE), LONGEST_ASKING), "the provider does not say whether it has it")
    if case.wait is None:
        return Bury("it never arrived, and the attempts are used up")
    return Again(now, "it never arrived", same=True)


def _untold(words: str, case: Case, now: datetime) -> Next:
    if case.ambiguous is not Ambiguous.RESEND:
        return Park(words)
    return Bury(f"{words}; sent again as often as allowed") if case.wait is None else Again(now + case.wait, words)


def _refused(verdict: Refused, case: Case, now: datetime) -> Next:
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
