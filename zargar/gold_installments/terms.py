"""What the figures of a contract must be, and the plan that follows from them. Pure; Toman are whole, grams Decimal."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from zargar.calendars.jalali import add_months
from zargar.refusals import InvalidError


class TermsError(InvalidError):
    """These figures make no contract."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One instalment to come: its number from 1, when it is due, how much (Toman)."""

    sequence: int
    due_on: date
    amount: int


def total(*, grams: Decimal, price_per_gram: int, fees: int) -> int:
    """Return what the whole costs: the gold, rounded half up to a Toman as the database rounds, and the fees."""
    gold = (grams * price_per_gram).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return int(gold) + fees


def plan(*, owed: int, count: int, first_due: date) -> tuple[Planned, ...]:
    """Split `owed` into `count` instalments, one each Jalali month; the last one carries what does not divide.

    Raises `TermsError` when there is not a Toman for each.
    """
    each, rest = divmod(owed, count) if count > 0 else (0, 0)
    if each < 1:
        message = f"{owed} Toman cannot be split into {count} instalments"
        raise TermsError(message)
    amounts = [each] * (count - 1) + [each + rest]
    return tuple(
        Planned(number, add_months(first_due, number - 1), amount) for number, amount in enumerate(amounts, start=1)
    )
