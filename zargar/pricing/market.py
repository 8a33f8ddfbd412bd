"""The parts that a round of asking needs."""

from dataclasses import dataclass, field
from datetime import timedelta

from zargar.pricing.board import Source
from zargar.pricing.karats import STANDARD, Fineness
from zargar.pricing.politeness import MannerRules
from zargar.pricing.ports import Boards
from zargar.pricing.rules import Rules


@dataclass(frozen=True)
class Market:
    """The port to the boards, which of them to ask, and by which limits.

    `pace` is the least time between two rounds of asking, since boards ban those who ask more often; a board whose own
    cadence is slower is left out of the rounds between. No pace (a sandbox): everybody is asked every time. `manners`:
    when a board is left alone for what it did. `world` are the feeds of the world's ounce: asked along, never judged.
    `fineness`: what 18 and 24 karat mean in the answer.
    """

    boards: Boards
    sources: tuple[Source, ...]
    rules: Rules
    deadline: timedelta
    pace: timedelta
    manners: MannerRules = field(default_factory=MannerRules)
    world: tuple[Source, ...] = ()
    fineness: Fineness = STANDARD

    @property
    def quick(self) -> tuple[Source, ...]:
        """The boards that a tick asks."""
        return tuple(source for source in self.sources if source.board.patience is None)

    @property
    def slow(self) -> tuple[Source, ...]:
        """The boards that only the hourly check has the patience for."""
        return tuple(source for source in self.sources if source.board.patience is not None)
