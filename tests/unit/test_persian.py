"""Figures as Persian readers expect them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from zargar import persian


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal(18_611_000), "۱۸٬۶۱۱٬۰۰۰"),
        (Decimal("18611000.500000000000"), "۱۸٬۶۱۱٬۰۰۰"),
        (Decimal("18611001.5"), "۱۸٬۶۱۱٬۰۰۲"),
        (999, "۹۹۹"),
        (0, "۰"),
    ],
)
def test_an_amount_is_whole_toman_with_persian_digits_and_separators(amount: Decimal | int, written: str) -> None:
    assert persian.toman(amount) == written


def test_a_weight_keeps_the_decimals_it_has() -> None:
    assert persian.number(Decimal("1234.500")) == "۱٬۲۳۴٫۵۰۰"


def test_only_the_digits_of_a_text_change() -> None:
    assert persian.digits("drop 10, keep a-b") == "drop ۱۰, keep a-b"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(milliseconds=300), "لحظه‌ای پیش"),
        (timedelta(seconds=40), "۴۰ ثانیه پیش"),
        (timedelta(seconds=119), "۱ دقیقه پیش"),
        (timedelta(hours=23, minutes=59), "۲۳ ساعت پیش"),
        (timedelta(days=1000), "۱٬۰۰۰ روز پیش"),
        (-timedelta(minutes=5), "۵ دقیقه دیگر"),
    ],
)
def test_an_age_is_told_in_its_largest_unit_and_what_lies_ahead_is_not_called_past(
    length: timedelta, said: str
) -> None:
    assert persian.ago(length) == said
