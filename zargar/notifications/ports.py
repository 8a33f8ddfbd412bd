"""What lies outside of messaging: the providers that carry it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from zargar.notifications.values import Accepted, Channel, Inbound, Limits, Outgoing, Receipt, Verdict


class Provider(Protocol):
    """A company that carries messages, under one account of ours. Each adapter is held to one contract suite.

    An adapter never raises for what the provider does: silence, garbage, 500 and an endless answer are verdicts. It
    calls once for each call of ours, and never repeats by itself what may have arrived. Keys, numbers and texts occur
    in no error, log line or `repr`. It is used by one thread at a time and keeps its connection between calls.
    """

    @property
    def name(self) -> str:
        """The account's name in the configuration."""

    @property
    def channel(self) -> Channel:
        """What it carries."""

    @property
    def limits(self) -> Limits:
        """What one call may hold."""

    def send(self, messages: Sequence[Outgoing]) -> Sequence[Verdict]:
        """Hand over at most `limits.most` messages; return a verdict for each, in their order.

        `Unknown` whenever the bytes may have arrived and no answer proves otherwise; `Refused` only on proof.
        """

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Say which of our references the provider has: None for one that never arrived, absent where it cannot say.

        Raises `Unanswered` when the provider did not answer. Only where `limits.can_be_asked`.
        """

    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Ask what became of messages; those it cannot tell of are absent. Raises `Unanswered`."""

    def inbound(self) -> Sequence[Inbound]:
        """Read what people wrote to our lines since the last time; empty where there is no such thing. May repeat.

        Raises `Unanswered`.
        """

    def credit(self) -> int | None:
        """Return what is left of our credit in Rial, None where the provider tells none. Raises `Unanswered`."""


class Unanswered(Exception):  # noqa: N818 -- not an error of ours: the provider was asked and did not answer
    """The provider did not answer a question, or not in a way that can be believed; nothing was changed by asking."""
