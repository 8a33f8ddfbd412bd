"""A provider that writes down what it is given, in place of a company: for development, tests and benches.

It keeps the port's promises as a company would: it notes every message it is handed before it answers, knows our
references again, and answers as it was told to. With a `file` its journal outlives the process and is shared by others:
one line for each message (`reference` and recipient), appended at once.
"""

import fcntl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from zargar.notifications.ports import Unanswered
from zargar.notifications.values import (
    Accepted,
    Channel,
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


Behaviour: TypeAlias = Mood | Refusal | Callable[[], None]
"""What befalls a call: a mood, a refusal of all of it, or something that is done after it was taken."""


@dataclass
class Recorded:
    """See the module. `next_calls` are used up one by one; a call beyond them is answered well."""

    name: str = "recorded"
    channel: Channel = Channel.SMS
    limits: Limits = Limits(most=200, can_be_asked=True, asked_within=timedelta(hours=12), most_ids=500)  # noqa: RUF009 -- frozen
    file: Path | None = None
    cost: int | None = None
    left: int | None = None
    """Credit in Rial, if it has such a thing."""
    is_silent: bool = False
    """Whether it answers no question."""
    next_calls: deque[Behaviour] = field(default_factory=deque)
    taken: list[Outgoing] = field(default_factory=list)
    calls: int = 0
    questions: int = 0
    told: list[Receipt] = field(default_factory=list)
    heard: list[Inbound] = field(default_factory=list)

    def send(self, messages: Sequence[Outgoing]) -> Sequence[Verdict]:
        """Take them, unless the next behaviour says otherwise. Raises `ValueError` for more than one call holds."""
        if len(messages) > self.limits.most:
            message = f"{len(messages)} messages in one call, {self.limits.most} at most"
            raise ValueError(message)
        self.calls += 1
        behaviour = self.next_calls.popleft() if self.next_calls else None
        match behaviour:
            case Refusal():
                return [Refused(one.reference, behaviour, behaviour.value, "as it was told to") for one in messages]
            case Mood.LOSES_THE_CALL:
                return [Unknown(one.reference, "no answer") for one in messages]
            case Mood.LOSES_THE_ANSWER:
                self._take(messages)
                return [Unknown(one.reference, "no answer") for one in messages]
            case _:
                self._take(messages)
                if behaviour is not None:
                    behaviour()
                return [Accepted(one.reference, f"{self.name}-{one.reference}", self.cost) for one in messages]

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Say which it has taken. Raises `Unanswered` where it cannot be asked, or is silent."""
        self._asked()
        if not self.limits.can_be_asked:
            message = f"{self.name} cannot be asked"
            raise Unanswered(message)
        known = {reference for reference, _ in self.journal()}
        return {
            one: Accepted(one, f"{self.name}-{one}", self.cost) if one in known else None for one in references
        }  # fmt: skip

    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Return what it was told to say of these."""
        self._asked()
        return [one for one in self.told if one.provider_id in provider_ids]

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

    def _take(self, messages: Sequence[Outgoing]) -> None:
        self.taken += messages
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as lines:
                fcntl.flock(lines, fcntl.LOCK_EX)
                lines.write("".join(f"{one.reference} {one.to}\n" for one in messages))

    def _asked(self) -> None:
        self.questions += 1
        if self.is_silent:
            message = f"{self.name} does not answer"
            raise Unanswered(message)
