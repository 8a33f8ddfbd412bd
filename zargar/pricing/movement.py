"""Who has seen a move of the market before the others: families compared with their own earlier prices. Pure.

Boards look at the market at different moments. In the minutes after a move most of them still show what gold cost
before, agree on it, and are a majority. What tells a move from a fault is that independent families make it together:
so many of those that carried the last price, in one direction, while the price has not followed. What each family's
usual distance from the others is does not matter here, since it is compared with itself.
"""

from collections.abc import Mapping
from decimal import Decimal

from zargar.pricing.quotes import Toman
from zargar.pricing.readings import Reference
from zargar.pricing.rules import Rules


def leaders(prices: Mapping[str, Toman], price: Toman, *, last: Reference | None, rules: Rules) -> tuple[str, ...]:
    """Return the families that are ahead of `price`, sorted; none when they are fewer than `rules.leaders`.

    Ahead is who has moved by more than `rules.lead` since the last price, and by as much more than `price` has. Those
    that have not moved are behind it. A move by `rules.slip_factor` or to its inverse is a slip of a unit.
    """
    if last is None:
        return ()
    followed = price / last.price
    moved = {family: prices[family] / then for family, then in last.families.items() if family in prices}
    news = {
        family: move
        for family, move in moved.items()
        if abs(move - 1) > rules.lead
        and abs(move - followed) > rules.lead
        and 1 / rules.slip_factor < move < rules.slip_factor
    }
    for way in (1, -1):
        ahead = sorted(family for family, move in news.items() if (move - Decimal(1)) * way > 0)
        if len(ahead) >= rules.leaders:
            return tuple(ahead)
    return ()
