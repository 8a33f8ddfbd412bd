"""What all companies that carry text messages have in common: the order of verdicts, and when to stop.

`Carrier.send` sorts what it is given into calls (a company's file says how), makes them one after another, and returns
a verdict for each message in the order in which they came.

- What a message's own content makes impossible is refused before any call (`_fault`).
- A call of many that is refused for the sake of one number or text is divided in halves until the one is found: a
  refusal proves that nothing was sent, so the rest may be handed over again. At most `MOST_CALLS` calls are made.
- After a call that had no answer, no connection, or a refusal that concerns the account or the hour, the messages that
  were not handed over yet are refused with it: no second deadline is waited for, no closed account is asked on.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from zargar.notifications.channels.http import Caller
from zargar.notifications.channels.sms.verdicts import NOT_TRIED, Code
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

MOST_CALLS: Final = 48
"""Calls in one `send` of a company that is handed many at once."""
PATIENCE: Final = timedelta(seconds=60)
"""The patience of every company."""

_DIVIDED: Final = frozenset({Refusal.RECIPIENT, Refusal.CONTENT})
_STOPS: Final = frozenset({Refusal.ACCOUNT, Refusal.BUSY})
_LATER: Final = Code(Refusal.BUSY, "not handed over: a call before it failed")


class Carrier(ABC):
    """A company under one account; see `zargar.notifications.ports.Provider` for what it guarantees.

    Args:
        name: the account's name in the configuration.
        base: scheme, host and port; the company's own paths are added.
        key: what it knows us by; in no `repr`, log or error.
        sender: the line that is written from where a message names none.
        caller: how it is called; one of its own by default.
    """

    channel: Final = Channel.SMS
    limits: Limits
    patience: timedelta = PATIENCE
    """How long one `send` goes on making further calls."""

    def __init__(self, *, name: str, base: str, key: str, sender: str, caller: Caller | None = None) -> None:
        self.name = name
        self._base = base.rstrip("/")
        self._key = key
        self._sender = sender
        self._caller = caller or Caller()

    def __repr__(self) -> str:
        """Name the account, never its key."""
        return f"{type(self).__name__}({self.name!r})"

    def send(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        """Hand over at most `limits.most` messages; see the module."""
        if len(messages) > self.limits.most:
            message = f"{len(messages)} messages in one call, {self.limits.most} at most"
            raise ValueError(message)
        faults = [self._fault(one) for one in messages]
        sound = [one for one, fault in zip(messages, faults, strict=True) if fault is None]
        found = {verdict.reference: verdict for verdict in _Round(self._one_call, self.patience).go(self._calls(sound))}
        return [fault or found[one.reference] for one, fault in zip(messages, faults, strict=True)]

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Raise `Unanswered`: most companies cannot be asked by our own number."""
        message = f"{type(self).__name__} cannot be asked for {len(references)} of our references"
        raise Unanswered(message)

    @abstractmethod
    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Ask what became of messages; see the port."""

    @abstractmethod
    def inbound(self) -> Sequence[Inbound]:
        """Read what people wrote; see the port."""

    @abstractmethod
    def credit(self) -> int | None:
        """Return what is left in Rial; see the port."""

    @abstractmethod
    def _fault(self, message: Outgoing) -> Refused | None:
        """Say why a message can never be handed over as it is, before any call."""

    @abstractmethod
    def _calls(self, messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
        """Sort messages into calls."""

    @abstractmethod
    def _one_call(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        """Make one call with what `_calls` put together, and return a verdict for each in order."""

    def _line(self, message: Outgoing) -> str:
        return message.sender or self._sender


def texts_together(messages: Sequence[Outgoing], *, line: Callable[[Outgoing], str]) -> list[list[Outgoing]]:
    """Sort messages into calls: those of one line together, each with a pattern by itself."""
    plain = sorted((one for one in messages if one.pattern is None), key=line)
    return [list(group) for _, group in groupby(plain, key=line)] + [[one] for one in messages if one.pattern]


def fault(message: Outgoing, why: Refusal, words: str) -> Refused:
    """Refuse a message before any call; the code says that the refusal is ours."""
    return Refused(message.reference, why, "ours", words)


class _Round:
    """The calls of one `send`, counted and timed; it stops as the module says."""

    def __init__(self, call: Callable[[Sequence[Outgoing]], list[Verdict]], patience: timedelta) -> None:
        self._call = call
        self._left = MOST_CALLS
        self._until = time.monotonic() + patience.total_seconds()
        self._stopped: Refused | None = None

    def go(self, calls: Sequence[Sequence[Outgoing]]) -> list[Verdict]:
        self._left = max(self._left, len(calls))
        return [verdict for messages in calls for verdict in self._hand_over(messages)]

    def _hand_over(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        if self._stopped is None and (self._left <= 0 or time.monotonic() > self._until):
            self._stopped = Refused(
                0, _LATER.why, NOT_TRIED, "not handed over: too many calls, or too slow ones, came before it"
            )
        if self._stopped is not None:
            why, code, words, after = (
                self._stopped.why, self._stopped.code, self._stopped.words, self._stopped.retry_after
            )  # fmt: skip
            return [Refused(one.reference, why, code, words, after, tried=False) for one in messages]
        self._left -= 1
        verdicts = self._call(messages)
        self._stopped = _stop(verdicts)
        half = len(messages) // 2
        if half and all(isinstance(one, Refused) and one.why in _DIVIDED for one in verdicts):
            return [*self._hand_over(messages[:half]), *self._hand_over(messages[half:])]
        return verdicts


def _stop(verdicts: Sequence[Verdict]) -> Refused | None:
    """Return how the rest is refused after a call with these verdicts; None to go on."""
    last = verdicts[-1] if verdicts else None
    if isinstance(last, Unknown):
        return Refused(0, _LATER.why, NOT_TRIED, _LATER.words)
    return last if isinstance(last, Refused) and last.why in _STOPS else None
