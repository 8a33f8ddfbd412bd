"""What an open contract is worth at the price of the day, and how much of it is still owed in gold. The rule; pure.

Price per gram. The mark (Toman for a gram of 750) becomes whole Toman for a gram of the contract's karat as everywhere
(`pricing.karats`, rounded once): what a shop shows and signs at, and what `price_per_gram` of the contract is measured
in. The contract's floor and ceiling then hold it from below and above, whichever were agreed.

Value of the gold. All grams of the contract at that price, to a Toman, half up, as its total was computed.

What is still owed. By the plan it is Toman: the total without the down payment and the payments that stand. A payment
does not say whether it is for the gold or for the fees, so it pays both in the proportion in which they make up the
total, at the price of the day of signing. The share of the gold that is not paid for is therefore outstanding / total:
the whole of it before the first Toman, none after the last, and never more than was sold. In grams it is shown to a
milligram; its worth now is computed from the exact share, and rounded once.

    10 g at 18,600,000 and 14,000,000 of fees: total 200,000,000; half is down, a quarter of the rest is paid:
    outstanding 75,000,000 -> 3.750 g; at 20,000,000 a gram the gold is worth 200,000,000, the unpaid share 75,000,000

The arithmetic is the database's (`valuation_store`), for all contracts of a shop in one statement.
"""

from dataclasses import dataclass

from zargar.pricing.karats import Fineness, five_karats
from zargar.pricing.marks import Mark


@dataclass(frozen=True)
class PriceList:
    """A mark, and what a gram of each karat costs at it in whole Toman."""

    mark: Mark
    per_gram: dict[int, int]


def price_list(mark: Mark, fineness: Fineness) -> PriceList:
    """Return the price of a gram of each karat, by what this deployment means by 18 and 24 karat."""
    return PriceList(mark, {karat: int(price) for karat, price in five_karats(mark.price, fineness).items()})
