"""What the ledger needs from outside: somebody to ring."""

from collections.abc import Sequence
from typing import Protocol

from zargar.ledger.values import Ring


class Doorbell(Protocol):
    """Tells workers to look at runs. A ring may be lost, late or doubled: the ledger rings again and lets one claim.

    Call it after the commit that made the rows. It never raises for a broker that is away: it returns what it could
    not send, within seconds, and nothing is lost by that.
    """

    def ring(self, rings: Sequence[Ring]) -> Sequence[Ring]:
        """Send each ring; return those that were not sent."""
        ...
