"""Messages as the stores hand them out: the columns that judging and sending need, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zargar.notifications.outbox import State
from zargar.notifications.values import Channel, Purpose

PLATFORM: Final = 0
"""The shop of the platform's own outbox, in the due index and in the journal."""
EAR: Final = -1
"""In the due index: the row by which providers are heard (`hearing`). No shop has this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that a turn has. `was` is the state that it was claimed from: queued, or to be asked for.

    `again`: its reference is in the journal already, and it may only go to `account`.
    """

    id: int
    kind: str
    event_key: str
    to: str
    channel: Channel
    purpose: Purpose
    values: Mapping[str, str]
    template: str
    customer_id: int | None
    due_at: datetime
    expires_at: datetime | None
    attempts: int
    reference: int
    account: str
    tried: tuple[str, ...]
    tried_at: datetime | None
    was: State

    @property
    def again(self) -> bool:
        """Whether an attempt under its reference has been begun before."""
        return self.account != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a turn makes of one of its messages; None leaves a column as it is.

    `reference` and `account` are forgotten where `fresh` is said: the next attempt is a new one.
    """

    id: int
    state: State
    why: str = ""
    due_at: datetime | None = None
    attempts: int = 0
    tried: tuple[str, ...] = ()
    account: str = ""
    fresh: bool = False
    tried_at: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str = ""
    cost: int | None = None
    parts: int | None = None
