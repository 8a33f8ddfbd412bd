"""Numbers as boards write them, read strictly: what is not exactly a positive decimal is refused, not repaired.

Refused: booleans, NaN and infinities, exponents, signs other than a minus (which is then not positive), blanks, digits
of other scripts, more than 18 significant digits, nine decimals or fifteen digits before the point. Within these
bounds a unit's scale, the mid of two sides and the mean of two mids are exact, in the default decimal context and in
the database's columns.
"""

import re
from decimal import Decimal
from typing import Final

from zargar.pricing.quotes import Why

MOST_DIGITS: Final = 18
MOST_DECIMALS: Final = 9
MOST_WHOLE_DIGITS: Final = 15
_LONGEST: Final = 60
_SHOWN: Final = 100
_PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_GROUPED: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


class BadFigure(Exception):  # noqa: N818 -- a judgement about data, not a fault of the program
    """It is no positive number; `why` says in which way."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def escaped(text: str) -> str:
    """Return text from outside, short and without what a text column refuses (NUL, lone surrogates)."""
    safe = repr(text)[1:-1]
    return safe if len(safe) <= _SHOWN else f"{safe[:_SHOWN]}…"


def shown(value: object) -> str:
    """Return a value as it was seen, with its type visible (`'0'` is not `0`), short and safe as `escaped`."""
    return f"'{escaped(value)}'" if isinstance(value, str) else escaped(repr(value))


def positive(value: object, *, grouped: bool = False) -> Decimal:
    """Read a JSON value (string, int or Decimal) as a positive number; `grouped` allows `180,421,000`.

    Raises `BadFigure` with MISSING (null), NOT_A_NUMBER or NOT_POSITIVE.
    """
    if value is None:
        raise BadFigure(Why.MISSING)
    number = _from_text(value, grouped=grouped) if isinstance(value, str) else _from_number(value)
    if number <= 0:
        raise BadFigure(Why.NOT_POSITIVE)
    if not _representable(number):
        raise BadFigure(Why.NOT_A_NUMBER)
    return number


def _representable(number: Decimal) -> bool:
    whole, _, decimals = f"{number:f}".partition(".")
    whole, decimals = whole.lstrip("0"), decimals.rstrip("0")
    return (
        len(whole) <= MOST_WHOLE_DIGITS and len(decimals) <= MOST_DECIMALS and len(whole) + len(decimals) <= MOST_DIGITS
    )


def _from_text(text: str, *, grouped: bool) -> Decimal:
    if len(text) > _LONGEST:
        raise BadFigure(Why.NOT_A_NUMBER)
    if grouped and _GROUPED.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    raise BadFigure(Why.NOT_A_NUMBER)


def _from_number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadFigure(Why.NOT_A_NUMBER)
    if isinstance(value, int):
        return Decimal(value)
    exponent = value.as_tuple().exponent  # of JSON's `1.5e9`, which no board writes, and which may be of any size
    if not isinstance(exponent, int) or not -_LONGEST <= exponent <= 0:
        raise BadFigure(Why.NOT_A_NUMBER)
    return value
