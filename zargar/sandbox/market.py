"""A gold market that moves like the real one: a pure function of a seed and the time, so that restarts agree.

Smooth noise of three lengths is added up, so that the price moves by about 0.05 % in twelve minutes and by 1 % in a
day, as measured on a public board. It trades around the clock, since a demo may be watched at night.
"""

import hashlib
import math
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

TOMAN_PER_GRAM: Final = 18_530_000
"""The level around which the walk goes: the median of fifteen venues on 2026-08-06."""
DOLLARS_PER_OUNCE: Final = 4_260
TOMAN_PER_DOLLAR: Final = 187_000
WAVES: Final = ((6 * 3600, 0.008), (45 * 60, 0.0015), (4 * 60, 0.0003))
"""Length in seconds and height as a ratio."""


@dataclass
class Market:
    """Prices by time. `factor` moves the level of gold; it is the only thing that can be changed."""

    seed: int
    factor: Decimal = field(default=Decimal(1))

    def gold(self, at: datetime) -> Decimal:
        """Return Toman for one gram of 750."""
        return self._walk("gold", at, TOMAN_PER_GRAM) * self.factor

    def ounce(self, at: datetime) -> Decimal:
        """Return US dollars for one troy ounce of pure gold."""
        return self._walk("ounce", at, DOLLARS_PER_OUNCE)

    def dollar(self, at: datetime) -> Decimal:
        """Return Toman for one US dollar."""
        return self._walk("dollar", at, TOMAN_PER_DOLLAR)

    def _walk(self, what: str, at: datetime, level: int) -> Decimal:
        moved = sum(height * self._noise(f"{what} {length}", at.timestamp() / length) for length, height in WAVES)
        return Decimal(level) * Decimal(repr(math.exp(moved)))

    def _noise(self, of: str, position: float) -> float:
        """Return a number in [-1, 1] that changes smoothly with the position."""
        before = math.floor(position)
        share = position - before
        eased = share * share * (3 - 2 * share)
        return self._point(of, before) * (1 - eased) + self._point(of, before + 1) * eased

    def _point(self, of: str, index: int) -> float:
        digest = hashlib.blake2b(f"{self.seed} {of} {index}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / (1 << 63) - 1
