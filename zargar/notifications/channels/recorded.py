"""A provider that writes down what it is given, in place of a company: for development, tests and benches.

It keeps the port's promises as a company would, and is held to the same contract suite: it notes every message it is
handed before it answers, knows our references again, counts its credit down, and answers as it was told to. With a
`file` its journal outlives the process and is shared by others: one line for each message (`reference` and recipient),
appended at once.
"""

import fcntl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from zargar.notifications.channels.sms.verdicts import UNREACHABLE
from zargar.notifications.ports import Unanswered
from zargar.notifications.values import (
    Accepted,
    Channel,
    Delivery,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    Refusal,
    Refused,
    Unknown,
    Verdict,
)


class Mood(StrEnum):
    """How a call is answered other than well."""

    LOSES_THE_ANSWER = "loses the answer"
    """It takes the messages, and nobody hears of it."""
    LOSES_THE_CALL = "loses the call"
    """It never gets them, and nobody hears of that."""
    IS_NOT_THERE = "is not there"
    """There is no connection to it."""


Behaviour: TypeAlias = Mood | Refusal | Refused | Callable[[], None]
"""What befalls a call: a mood, a refusal of all of it (by its kind or in full), or something that is done after it was
taken."""

_GONE: Final = Refused(0, Refusal.ACCOUNT, "credit", "not enough credit")
_WRONG: Final = Refused(0, Refusal.RECIPIENT, "recipient", "the recipient is not accepted")


@dataclass(repr=False)
class Recorded:
    """See the module.

    `next_calls` befall what is handed over, one by one, and `next_exchanges` whatever comes next, questions too; beyond
    them it answers well.
    """

    name: str = "recorded"
    channel: Channel = Channel.SMS
    limits: Limits = Limits(most=200, can_be_asked=True, asked_within=timedelta(hours=12), most_ids=500)  # noqa: RUF009 -- frozen
    file: Path | None = None
    cost: int | None = None
    left: int | None = None
    """Credit in Rial, if it has such a thing; `cost` is taken off it, and without enough nothing more is taken."""
    wrong: frozenset[str] = frozenset()
    """Recipients that it never takes."""
    is_silent: bool = False
    """Whether it answers no question."""
    before_answer: Callable[[], None] | None = None
    """What is done before it answers a question: time may pass."""
    next_calls: deque[Behaviour] = field(default_factory=deque)
    next_exchanges: deque[Behaviour] = field(default_factory=deque)
    taken: list[Outgoing] = field(default_factory=list)
    calls: int = 0
    questions: int = 0
    look_ups: int = 0
    told: list[Receipt] = field(default_factory=list)
    untold: Delivery | None = None
    """What it says of messages that `told` does not have; None: nothing."""
    heard: list[Inbound] = field(default_factory=list)

    def __repr__(self) -> str:
        """Name the account; what it was handed is numbers and texts of people."""
        return f"{type(self).__name__}({self.name!r})"

    def send(self, messages: Sequence[Outgoing]) -> Sequence[Verdict]:
        """Take them, unless the next behaviour says otherwise. Raises `ValueError` for more than one call holds."""
        if len(messages) > self.limits.most:
            message = f"{len(messages)} messages in one call, {self.limits.most} at most"
            raise ValueError(message)
        if not messages:
            return []
        self.calls += 1
        behaviours = self.next_exchanges or self.next_calls
        return self._answered(messages, behaviours.popleft() if behaviours else None)

    def _answered(self, messages: Sequence[Outgoing], behaviour: Behaviour | None) -> Sequence[Verdict]:
        match behaviour:
            case Refusal():
                return _all_refused(messages, Refused(0, behaviour, behaviour.value, "as it was told to"))
            case Refused():
                return _all_refused(messages, behaviour)
            case Mood.IS_NOT_THERE:
                return _all_refused(messages, Refused(0, Refusal.BUSY, UNREACHABLE, "as it was told to"))
            case Mood.LOSES_THE_CALL:
                return [Unknown(one.reference, "no answer") for one in messages]
            case Mood.LOSES_THE_ANSWER:
                self._take(messages)
                return [Unknown(one.reference, "no answer") for one in messages]
            case _:
                verdicts = self._take(messages)
                if behaviour is not None:
                    behaviour()
                return verdicts

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Say which it has taken. Raises `Unanswered` where it cannot be asked, or is silent."""
        self.look_ups += 1
        self._asked()
        if not self.limits.can_be_asked:
            message = f"{self.name} cannot be asked"
            raise Unanswered(message)
        known = {reference for reference, _ in self.journal()}
        return {
            one: Accepted(one, self._id(one), self.cost) if one in known else None for one in references
        }  # fmt: skip

    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Return what it was told to say of these."""
        self._asked()
        told = [one for one in self.told if one.provider_id in provider_ids]
        if self.untold is None:
            return told
        left = {*provider_ids} - {one.provider_id for one in told}
        known = {self._id(reference) for reference, _ in self.journal()}
        return told + [Receipt(one, self.untold) for one in provider_ids if one in left & known]

    def inbound(self) -> Sequence[Inbound]:
        """Return what it was told to have heard."""
        self._asked()
        return list(self.heard)

    def credit(self) -> int | None:
        """Return what is left."""
        self._asked()
        return self.left

    def journal(self) -> list[tuple[int, str]]:
        """Return everything it was ever handed, in order, repetitions included: (reference, recipient)."""
        if self.file is None:
            return [(one.reference, one.to) for one in self.taken]
        if not self.file.exists():
            return []
        lines = self.file.read_text(encoding="utf-8").splitlines()
        return [(int(reference), to) for reference, _, to in (line.partition(" ") for line in lines)]

    def _take(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        verdicts = [self._verdict(one) for one in messages]
        taken = [one for one, verdict in zip(messages, verdicts, strict=True) if isinstance(verdict, Accepted)]
        self.taken += taken
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as lines:
                fcntl.flock(lines, fcntl.LOCK_EX)
                lines.write("".join(f"{one.reference} {one.to}\n" for one in taken))
        return verdicts

    def _verdict(self, message: Outgoing) -> Verdict:
        if message.to in self.wrong:
            return replace(_WRONG, reference=message.reference)
        if self.left is not None and self.cost is not None:
            if self.left < self.cost:
                return replace(_GONE, reference=message.reference)
            self.left -= self.cost
        return Accepted(message.reference, self._id(message.reference), self.cost)

    def _id(self, reference: int) -> str:
        return f"{self.name}-{reference}"

    def _asked(self) -> None:
        self.questions += 1
        if self.before_answer is not None:
            self.before_answer()
        if self.next_exchanges:
            self.next_exchanges.popleft()
            message = f"{self.name} did not answer"
            raise Unanswered(message)
        if self.is_silent:
            message = f"{self.name} does not answer"
            raise Unanswered(message)


def _all_refused(messages: Sequence[Outgoing], by: Refused) -> list[Verdict]:
    return [replace(by, reference=one.reference) for one in messages]
