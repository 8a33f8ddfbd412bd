"""What a shop is answered when it asks for the price: always from something that happened, always marked with what.

`live`: the boards agree now. `fallback`: they do not, or nobody has asked lately; it is the last price they agreed on.
`operator`: likewise, but a person has set a price since. `none`: there is no price, and so no number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from zargar.pricing.karats import STANDARD, Fineness, five_karats
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

LIVE_FOR: Final = timedelta(minutes=15)
"""Three ticks of five minutes: one lost tick is not yet a stale price."""


class Standing(StrEnum):
    """What kind of answer it is. The words are stored and shown."""

    LIVE = "live"
    FALLBACK = "fallback"
    OPERATOR = "operator"
    NONE = "none"


@dataclass(frozen=True)
class Priced:
    """A price (Toman per gram of 750) and when the boards agreed on it."""

    price: Toman
    at: datetime


@dataclass(frozen=True)
class OperatorPrice:
    """A price that a person set at `at`, to be used while there is nothing newer and not after `until`."""

    price: Toman
    at: datetime
    until: datetime
    reason: str


@dataclass(frozen=True)
class LatestTick:
    """How the newest tick ended."""

    at: datetime
    state: State
    reason: str


@dataclass(frozen=True)
class Facts:
    """All that an answer is made of; this is what the cache holds, since the answer itself changes with the clock."""

    accepted: Priced | None
    override: OperatorPrice | None
    latest: LatestTick | None


@dataclass(frozen=True)
class Answered:
    """The answer. `karats` maps 14, 18, 21, 22, 24 to whole Toman per gram, and is empty when there is no price."""

    standing: Standing
    price: Toman | None
    at: datetime | None
    age: timedelta | None
    karats: dict[int, Toman]
    reason: str


def answer(facts: Facts, *, now: datetime, live_for: timedelta = LIVE_FOR, fineness: Fineness = STANDARD) -> Answered:
    """Answer from the newest of what was accepted and what an operator set, while that has not run out.

    The karats are derived here, by `fineness`, and kept nowhere: what is cached is the price alone.
    """
    accepted, override, latest = facts.accepted, facts.override, facts.latest
    if accepted and latest and latest.state is State.ACCEPTED and now - latest.at < live_for:
        return _answered(Standing.LIVE, accepted, now, latest.reason, fineness)
    if override and now < override.until and (accepted is None or override.at > accepted.at):
        why = f"set by an operator: {override.reason}"
        return _answered(Standing.OPERATOR, override, now, why, fineness)
    why = _why_not_live(latest, now)
    if accepted:
        return _answered(Standing.FALLBACK, accepted, now, why, fineness)
    return Answered(Standing.NONE, None, None, None, {}, f"no price: none was ever accepted; {why}")


def _answered(
    standing: Standing, priced: Priced | OperatorPrice, now: datetime, reason: str, fineness: Fineness
) -> Answered:
    return Answered(standing, priced.price, priced.at, now - priced.at, five_karats(priced.price, fineness), reason)


def _why_not_live(latest: LatestTick | None, now: datetime) -> str:
    if latest is None:
        return "no board was ever asked"
    if latest.state is State.ACCEPTED:
        return f"the boards were last asked {int((now - latest.at).total_seconds() // 60)} minutes ago"
    return f"the latest tick is {latest.state}: {latest.reason}"
