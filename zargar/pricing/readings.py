"""What the judgement is given and what it returns: plain frozen values. Prices are Toman per gram of 750."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from zargar.pricing.quotes import Instrument, Quote, Rejection, Toman, Why


class State(StrEnum):
    """How a tick ended. The words are stored."""

    ACCEPTED = "accepted"
    HELD = "held"
    STALE = "stale"


@dataclass(frozen=True)
class Reading:
    """What one source said in this tick. `changed_at`: since when its `gold_750` shows this value; None: not known."""

    source: str
    family: str
    quotes: tuple[Quote, ...]
    rejections: tuple[Rejection, ...] = ()
    changed_at: datetime | None = None

    @property
    def gold(self) -> Quote | None:
        """Its quote of `gold_750`, the one that counts: a board derives its other prices of gold from it."""
        return next((quote for quote in self.quotes if quote.instrument is Instrument.GOLD_750), None)


@dataclass(frozen=True)
class Reference:
    """The level that a new price is compared with: the last accepted price, or an operator's if that is newer.

    `families`: what each family showed that carried it; empty for an operator's. Two levels are equal without it.
    """

    price: Toman
    at: datetime
    by_operator: bool = False
    families: Mapping[str, Toman] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class PastTick:
    """An earlier tick: its level (accepted price or held candidate, None when stale) and each used family's price."""

    at: datetime
    state: State
    level: Toman | None
    families: Mapping[str, Toman]


@dataclass(frozen=True, order=True)
class Rejected:
    """Something of a source that was not used; `field` is empty when it is the whole answer or the judged price."""

    source: str
    family: str
    field: str
    why: Why
    detail: str = ""


@dataclass(frozen=True)
class Accepted:
    """A price that enough independent families agree on. `used` names the sources that carried it."""

    price: Toman
    used: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    reason: str


@dataclass(frozen=True)
class Held:
    """Enough families agree on `candidate`, but it is too far from `last`, or from the world's price, to be believed.

    `last` is None where there has been no price yet.
    """

    candidate: Toman
    used: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    reason: str
    last: Reference | None


@dataclass(frozen=True)
class Stale:
    """Too few families agree. `last` is the level known before, `age` how old it is; None when there never was one."""

    reason: str
    rejected: tuple[Rejected, ...]
    last: Reference | None
    age: timedelta | None

    used: tuple[str, ...] = ()


Decision: TypeAlias = Accepted | Held | Stale


def state_of(decision: Decision) -> State:
    """Return the word under which a decision is stored."""
    match decision:
        case Accepted():
            return State.ACCEPTED
        case Held():
            return State.HELD
        case Stale():
            return State.STALE
