"""What prices need from outside, and what it guarantees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board
from zargar.pricing.quotes import Rejection


@dataclass(frozen=True)
class Asked:
    """What came of asking: by board name its answer, or why there is none; how long each took, and all together."""

    answers: Mapping[str, Answer | Rejection]
    took: Mapping[str, timedelta]
    elapsed: timedelta


class Boards(Protocol):
    """The price boards of the world."""

    def ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        """Ask every board at once and return an entry for each of them.

        Guarantees: it returns within `deadline` and a little, whatever a board, its network or its name server does;
        one board's failure is that board's `Rejection` and nobody else's, and is never raised; each board gets one
        request (and its declared hand-shake), is not retried, and is not followed to where it redirects, nor by its
        name into a private network; a body is read up to a bound; no secret is in what is said of a failure.
        `now` (aware UTC) is the moment of asking, from which the answers' times are counted.
        """
        ...
