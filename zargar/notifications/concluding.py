"""What a turn writes of its messages: decisions of `outbox` as columns, answers as what the journal is told.

A `Turn` is the right to write: its number is the fence of every row that it has claimed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from zargar.notifications import outbox, outbox_store
from zargar.notifications.journal_store import Told
from zargar.notifications.manners import Policy
from zargar.notifications.outbox import Again, Ask, Attempt, Bury, Case, Done, Next, Park, State
from zargar.notifications.ports import Provider
from zargar.notifications.routing import Standing
from zargar.notifications.rows import Claimed, Outcome
from zargar.notifications.sendable import Post
from zargar.notifications.values import Accepted, Refused, Unknown, Verdict


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn: whose it is, by what it sends, its number (the fence of all its writes) and when its lease ends."""

    post: Post
    shop_id: int
    table: str
    number: int
    until: datetime
    policy: Policy

    def conclude(self, outcomes: Sequence[Outcome]) -> None:
        """Write what became of messages."""
        outbox_store.conclude(self.table, outcomes, turn=self.number)


@dataclass
class Tally:
    """How a turn, or many, went: messages by what became of them."""

    turns: int = 0
    claimed: int = 0
    states: dict[State, int] = field(default_factory=dict)
    stopped: bool = False
    """Whether an account was stopped: there is something to tell the operators."""
    receipts: int = 0
    wishes: int = 0
    silent: int = 0
    """What was heard meanwhile (`hearing.Heard`)."""

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Add outcomes."""
        for one in outcomes:
            self.states[one.state] = self.states.get(one.state, 0) + 1

    def add(self, other: "Tally") -> None:
        """Add another one."""
        self.turns += other.turns
        self.claimed += other.claimed
        self.stopped |= other.stopped
        self.receipts += other.receipts
        self.wishes += other.wishes
        self.silent += other.silent
        for state, count in other.states.items():
            self.states[state] = self.states.get(state, 0) + count


def case_of(turn: Turn, message: Claimed, provider: Provider, standings: Sequence[Standing]) -> Case:
    """Return what is known of a message that has been tried once more."""
    tried = {*message.tried, provider.name}
    return Case(
        wait=turn.post.wait(failures=message.attempts + 1, chance=turn.post.chance()),
        others=any(one.usable and one.channel is message.channel and one.name not in tried for one in standings),
        can_be_asked=provider.limits.can_be_asked,
        ambiguous=turn.policy.ambiguous,
        open_since=(message.tried_at or turn.post.clock()) if message.again else None,
        refused=message.account in message.tried,
    )


def told_of(reference: int, verdict: Verdict, after: Next) -> Told:
    """Return what the journal is told of an answer."""
    match verdict:
        case Accepted(provider_id=provider_id, cost=cost):
            return Told(reference=reference, state=Attempt.ACCEPTED, provider_id=provider_id, cost=cost)
        case Refused():
            why = f"{verdict.why} {verdict.code}: {verdict.words}"
            # What stays with its account goes there again under this number: the journal lets it begin from `absent`.
            stays = isinstance(after, Ask) or (isinstance(after, Again) and after.same)
            state = Attempt.ABSENT if stays else Attempt.REFUSED
            return Told(reference=reference, state=state, why=why, called=verdict.tried)
        case Unknown(words=words):
            state = Attempt.GIVEN_UP if isinstance(after, Again) else Attempt.UNKNOWN
            return Told(reference=reference, state=state, why=words)


def concluded(message: Claimed, after: Next, account: str, *, used: int = 1) -> Outcome:
    """Return what a decision writes.

    `account`: who has, may have, or has refused the message; "" where nobody was asked. `used`: calls of the provider
    that this decision is about and that were not counted yet.
    """
    attempts = message.attempts + used
    match after:
        case Done():
            return Outcome(id=message.id, state=State.SENT, attempts=attempts, account=account)
        case Again(at=at, why=why, same=same, counts=counts):
            tried = tuple(dict.fromkeys((*message.tried, account))) if account and not same else message.tried
            return Outcome(
                id=message.id, state=State.QUEUED, why=why, due_at=at, tried=tried,
                attempts=attempts if counts else message.attempts, account=account or message.account,
                fresh=not same and bool(account),
            )  # fmt: skip
        case Ask(at=at, why=why, refused=refused, counts=counts):
            others = tuple(one for one in message.tried if one != account)
            return Outcome(
                id=message.id, state=State.ASKING, why=why, due_at=at, tried=(*others, account) if refused else others,
                attempts=attempts if counts else message.attempts, account=account,
            )  # fmt: skip
        case Park(why=why):
            return Outcome(id=message.id, state=State.AMBIGUOUS, why=why, attempts=attempts, account=account)
        case Bury(why=why):
            return Outcome(id=message.id, state=State.DEAD, why=why, attempts=attempts, fresh=True)


def untried(message: Claimed, after: Next) -> Outcome:
    """Return what a decision writes of a message that was begun and not handed over: as if this turn had not been."""
    if message.again:
        return concluded(message, after, message.account, used=0)
    return replace(concluded(message, after, ""), tried=message.tried, fresh=True)


def waits(message: Claimed, until: datetime, why: str) -> Outcome:
    """Return what is written of a message whose hour has not come; what it was is kept."""
    return Outcome(
        id=message.id, state=State.QUEUED, why=why, due_at=until, attempts=message.attempts, tried=message.tried,
        account=message.account,
    )  # fmt: skip


def put_back(message: Claimed, account: str | None, now: datetime) -> Outcome:
    """Put back what could not be handed over in this turn, or to nobody."""
    if account is not None:
        return concluded(message, Again(now, "the turn was over", counts=False), "")
    return unplaced(message, "no account can take it", now=now)


def unplaced(message: Claimed, why: str, *, others: bool = False, now: datetime) -> Outcome:
    """Return what is written of a message that its account, or every account, cannot be handed now.

    What may still be in work at its account stays with it; `others`: what is bound to none could go by another one.
    """
    if not message.again:
        after = outbox.unplaced(why, open_since=None, others=others, now=now)
        return replace(concluded(message, after, ""), fresh=True)
    since = message.tried_at or now
    after = outbox.unplaced(why, open_since=since, now=now)
    return replace(concluded(message, after, message.account, used=0), tried_at=since)


def known(message: Claimed) -> Outcome:
    """Return what is written of a message that the journal has under another reference."""
    return Outcome(id=message.id, state=State.DROPPED, why="it has left already, or may have", fresh=True)
