"""Prices to value contracts at, and what a contract is worth by the rule, computed again in fractions."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from tests.support.prices import market_of
from zargar.gold_installments.models import Contract, Valuation
from zargar.pricing import operations


def accept(price: int, *, now: datetime) -> None:
    """Have both boards agree on a price, Toman per gram of 750."""
    ticked = operations.update_prices(market=market_of(wallgold=price, tgju=price, now=now), now=now)
    assert ticked.answered.price == price


def set_by_operator(price: str, *, now: datetime, for_: timedelta = timedelta(hours=2)) -> None:
    """Have an operator set a price."""
    operations.set_override(value=price, until=now + for_, reason="منابع در دسترس نیستند", actor="test", now=now)


def worth(contract: Contract, *, toman_750: int, paid: int, of_24: Fraction = Fraction(1)) -> dict[str, object]:
    """Value a contract in exact fractions, by the words of `gold_installments.valuation` and none of its code."""
    fineness = of_24 if contract.karat == 24 else Fraction(contract.karat, 24)
    market = round(toman_750 * fineness / Fraction(3, 4))
    price = market
    if contract.ceiling_price is not None:
        price = min(price, contract.ceiling_price)
    if contract.floor_price is not None:
        price = max(price, contract.floor_price)
    grams = Fraction(contract.grams)
    outstanding = contract.total - contract.down_payment - paid
    unpaid = grams * outstanding / contract.total
    return {
        "market_price": market,
        "price": price,
        "bound": "none" if price == market else "floor" if price > market else "ceiling",
        "gold_value": half_up(grams * price),
        "outstanding": outstanding,
        "outstanding_grams": Decimal(half_up(unpaid * 1000)) / 1000,
        "outstanding_value": half_up(unpaid * price),
    }


def kept(valuation: Valuation) -> dict[str, object]:
    """Return the same figures as they are in the database."""
    return {
        name: getattr(valuation, name)
        for name in (
            "market_price", "price", "bound", "gold_value", "outstanding", "outstanding_grams", "outstanding_value",
        )
    }  # fmt: skip


def half_up(amount: Fraction) -> int:
    """Round a positive fraction half up."""
    return floor(amount + Fraction(1, 2))
