"""Which families agree with each other: the wildest is put aside until the rest lies together. Pure.

Each family is compared with the median of the *others*, so that it has no vote about itself. The one farthest out goes
first: with three families of which one slipped by ten, the two honest ones are also far from *their* others, whose mean
the wild one spoils. What is left must be more than half of all, or nobody can say which half is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from zargar.pricing.quotes import Toman


@dataclass(frozen=True)
class Agreement:
    """The families that lie together with their prices, and those that do not, with the distance to the others."""

    together: Mapping[str, Toman]
    apart: Mapping[str, Decimal]


def agree(prices: Mapping[str, Toman], limit: Decimal) -> Agreement:
    """Part the families into those within `limit` (a ratio) of the median of the others, and the rest.

    A single family has no others and stays together with itself. Two that disagree are both apart, and so is every
    family when those that agree are not a majority.
    """
    together = dict(prices)
    while True:
        far = {family: seen for family in together if (seen := distance(family, together)) > limit}
        if not far:
            break
        worst = max(_ratio(family, together) for family in far)
        for family in [family for family in far if _ratio(family, together) == worst]:
            del together[family]
    if 2 * len(together) <= len(prices):
        together = {}
    apart = {family: distance(family, prices) for family in prices if family not in together}
    return Agreement(together=together, apart=apart)


def distance(family: str, prices: Mapping[str, Toman]) -> Decimal:
    """Return how far a family is from the median of the others, as a ratio of that median; zero when it is alone."""
    others = _others(family, prices)
    return abs(prices[family] - others) / others if others else Decimal(0)


def _ratio(family: str, prices: Mapping[str, Toman]) -> Decimal:
    """Return how many times too high or too low it is: a slip to a tenth is as wild as one to the tenfold."""
    others = _others(family, prices)
    return max(prices[family] / others, others / prices[family]) if others else Decimal(1)


def _others(family: str, prices: Mapping[str, Toman]) -> Decimal | None:
    others = [price for name, price in prices.items() if name != family]
    return Decimal(median(others)) if others else None
