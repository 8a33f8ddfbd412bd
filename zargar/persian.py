"""How figures are written for Persian readers: Persian digits, Persian separators, whole Toman, rounded ages.

Pure text. Reading is the easy direction: Python's `int` takes Persian and Arabic digits as they are.
"""

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

UNKNOWN: Final = "ناموجود"
"""What is shown where there is no value. A missing figure is never a zero or a dash that could be read as one."""

_TO_PERSIAN: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_TO_PERSIAN_NUMBER: Final = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")
_SPANS: Final = (
    (timedelta(days=1), "روز"),
    (timedelta(hours=1), "ساعت"),
    (timedelta(minutes=1), "دقیقه"),
    (timedelta(seconds=1), "ثانیه"),
)


def digits(text: object) -> str:
    """Write the digits of any text in Persian; everything else stays."""
    return str(text).translate(_TO_PERSIAN)


def number(value: Decimal | int) -> str:
    """Write a number with Persian digits, thousands separated by ٬ and decimals by ٫, no decimals added or dropped."""
    return (f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}").translate(_TO_PERSIAN_NUMBER)


def toman(amount: Decimal | int) -> str:
    """Write an amount in whole Toman, rounded half to even, without the unit: `۱۸٬۶۱۱٬۰۰۰`."""
    return number(int(Decimal(amount).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)))


def span(length: timedelta) -> str:
    """Write a length of time in its largest unit, rounded down: `۴۰ ثانیه`, `۳ دقیقه`. Under a second: `لحظه‌ای`."""
    for unit, name in _SPANS:
        if length >= unit:
            return f"{number(length // unit)} {name}"
    return "لحظه‌ای"


def ago(length: timedelta) -> str:
    """Write how long ago something was; what lies ahead (a clock that runs fast, a due time) is said to lie ahead."""
    if length <= -timedelta(seconds=1):
        return f"{span(-length)} دیگر"
    return f"{span(length)} پیش"
