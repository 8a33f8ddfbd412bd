"""The mark: the one price at which things are valued now, with its identity, so that it can be used once.

It is what shops are answered (`current`): the last price that the boards agreed on, or an operator's while that is
what is answered. A tick that is held or stale makes no new mark, and a fallback is the mark of the tick it came from.
"""

from dataclasses import dataclass
from datetime import datetime

from zargar.pricing.quotes import Toman


@dataclass(frozen=True)
class Mark:
    """A price (Toman per gram of 750, unrounded) and where it is from: which tick, or which override of an operator.

    `at` (aware UTC) is when the boards agreed on it or a person set it.
    """

    by_operator: bool
    id: int
    price: Toman
    at: datetime

    def __str__(self) -> str:
        """Name it: `tick 12` or `operator 3`."""
        return f"{'operator' if self.by_operator else 'tick'} {self.id}"
