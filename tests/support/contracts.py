"""A contract that is right in every figure, for tests that then get one of them wrong."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from zargar.customers.models import Customer
from zargar.gold_installments import operations
from zargar.gold_installments.models import Contract

PRICE: Final = 18_600_000
TOTAL: Final = 10 * PRICE + 14_000_000
"""Ten grams and the fees: 200,000,000 Toman."""


def customer(mobile: str = "+989121234567") -> Customer:
    """Keep a customer of the shop that is entered."""
    return Customer.objects.create(full_name="مریم رضایی", mobile=mobile)


def figures(**different: Any) -> dict[str, Any]:  # noqa: ANN401 -- the fields of a contract
    """Return the fields of a contract of 200 million Toman, half of it down, the rest in four instalments."""
    right = {
        "number": "۱۴۰۵/۱۰۱",
        "signed_on": date(2026, 11, 22),
        "grams": Decimal("10.000"),
        "karat": 18,
        "price_per_gram": PRICE,
        "fees": 14_000_000,
        "total": TOTAL,
        "down_payment": TOTAL // 2,
        "instalment_count": 4,
        "first_due_on": date(2026, 12, 22),
    }
    return right | different


def signed(**different: Any) -> Contract:  # noqa: ANN401 -- the fields of a contract
    """Sign a contract in the shop that is entered, with a customer unless one is given."""
    who = different.pop("customer", None) or customer()
    return operations.sign(Contract(customer=who, **figures(**different)))
