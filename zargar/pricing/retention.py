"""How long ticks and quotes stay, purely: what the judge or an answer may still look at stays for ever.

A quote is the evidence of a tick and may go before it; the tick keeps what was decided. Whatever a later judgement
could refer to is never touched, however old it is: a price after retention is the price that would have been without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long ticks stay, and how long what each board said in them. Raises `ValueError` for a period too short.

    A day at least, to look into what went wrong; and quotes no longer than the ticks that they belong to.
    """

    ticks: timedelta
    quotes: timedelta

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        if not SHORTEST <= self.quotes <= self.ticks:
            message = f"not {SHORTEST} <= quotes <= ticks: got {self.quotes}, {self.ticks}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """The ids of the ticks that a judgement or an answer may still look at.

    Attributes:
        latest: the newest ones, as many as the judge is shown: the candidates that are held are among them.
        accepted: the newest accepted one, the reference of the next and the price that is answered.
        last_said: those that hold a board's newest price of an instrument, from which "unchanged since" is carried on.
        unchanged_since: those in which such a price was first seen, with which the others' moves are compared.
    """

    latest: Sequence[int]
    accepted: int | None
    last_said: Sequence[int]
    unchanged_since: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What may go: ticks before `ticks`, quotes of ticks before `quotes`; neither of a tick in `never` (ids)."""

    ticks: datetime
    quotes: datetime
    never: frozenset[int]


def may_go(keep: Keep, referred: Referred, *, now: datetime) -> Going:
    """Say what may go."""
    accepted = () if referred.accepted is None else (referred.accepted,)
    never = frozenset((*referred.latest, *accepted, *referred.last_said, *referred.unchanged_since))
    return Going(ticks=now - keep.ticks, quotes=now - keep.quotes, never=never)
