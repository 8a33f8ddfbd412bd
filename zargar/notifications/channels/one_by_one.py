"""What mail and push have in common: one message a call, no credit, and no question about what has arrived."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from zargar.notifications.channels.sms.verdicts import UNREACHABLE
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

PATIENCE: Final = timedelta(seconds=60)
"""The patience of most: with one more call over HTTP (24 seconds) a `send` ends within `Limits.longest`."""


class OneByOne(ABC):
    """Whoever is handed one message at a time; see `zargar.notifications.ports.Provider` for what it guarantees.

    After a call that had no answer, found nobody, or concerns the account, the rest is refused with it and not handed
    over: no second deadline is waited for, no closed account is asked on.
    """

    name: str
    channel: Channel
    patience: timedelta = PATIENCE
    """How long one `send` goes on making further calls."""
    limits: Limits = Limits(most=50, can_be_asked=False)

    def __repr__(self) -> str:
        """Name the account, never its key."""
        return f"{type(self).__name__}({self.name!r})"

    def send(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        """Hand over at most `limits.most` messages, one call each."""
        if len(messages) > self.limits.most:
            message = f"{len(messages)} messages in one call, {self.limits.most} at most"
            raise ValueError(message)
        until = time.monotonic() + self.patience.total_seconds()
        closed: Refused | None = None
        found: list[Verdict] = []
        for one in messages:
            if closed is None and time.monotonic() > until:
                closed = Refused(one.reference, Refusal.BUSY, "slow", "the calls before it took too long")
            verdict = self._one(one) if closed is None else _with(one, closed)
            closed = closed or _closes(verdict)
            found.append(verdict)
        return found

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Raise `Unanswered`: there is no such question."""
        del references
        message = "there is no question about what was taken"
        raise Unanswered(message)

    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Know nothing: what becomes of a message is told by a webhook, or by nobody."""
        del provider_ids
        return ()

    def inbound(self) -> Sequence[Inbound]:
        """Read nothing: nobody answers here."""
        return ()

    def credit(self) -> int | None:
        """Return None: there is none."""
        return None

    @abstractmethod
    def _one(self, message: Outgoing) -> Verdict:
        """Judge one message, and hand it over by one call at most."""


def _closes(verdict: Verdict) -> Refused | None:
    """Return by what the rest is refused after this verdict; None: the rest is handed over."""
    match verdict:
        case Unknown(reference=reference):
            return Refused(reference, Refusal.BUSY, UNREACHABLE, "a call before it had no answer")
        case Refused(why=Refusal.ACCOUNT) | Refused(code="unreachable" | "greeting" | "login"):
            return verdict
        case _:
            return None


def _with(message: Outgoing, closed: Refused) -> Refused:
    return Refused(message.reference, closed.why, closed.code, f"not handed over: {closed.words}", tried=False)
