"""Phone numbers as people in Iran type them."""

import pytest

from zargar.customers.phones import NotAMobileError, to_e164


@pytest.mark.parametrize(
    "typed",
    [
        "09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "٠٩١٢١٢٣٤٥٦٧", "0912 123 45 67", "۰۹۱۲-۱۲۳-۴۵۶۷", "9121234567", "+989121234567",
        "+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷", "00989121234567", "989121234567", "+98 (0) 912 123 4567", " 09121234567 ",
    ],
)  # fmt: skip
def test_every_way_to_write_an_iranian_mobile_is_the_same_number(typed: str) -> None:
    assert to_e164(typed) == "+989121234567"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+971 50 123 4567", "+971501234567"),
        ("00905321234567", "+905321234567"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+۴۴۷۴۰۰۱۲۳۴۵۶", "+447400123456"),
    ],
)
def test_a_foreign_mobile_keeps_its_country(typed: str, stored: str) -> None:
    assert to_e164(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", "سلام", "0912", "091212345678", "02188776655", "+982188776655", "+99999999999", "110", "+442079460958",
        "09121234567 ext. 5", "09121234567;ext=5",
    ],
)  # fmt: skip
def test_what_no_message_can_reach_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(NotAMobileError) as refused:
        to_e164(typed)
    assert str(refused.value) == NotAMobileError.__doc__
