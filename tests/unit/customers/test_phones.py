"""Phone numbers as people in Iran type them."""

import pytest

from zargar.customers.phones import NotAMobileError, to_e164


@pytest.mark.parametrize(
    "typed",
    [
        "09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "٠٩١٢١٢٣٤٥٦٧", "0912 123 45 67", "۰۹۱۲-۱۲۳-۴۵۶۷", "9121234567", "+989121234567",
        "+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷", "00989121234567", "989121234567", "+98 (0) 912 123 4567", " 09121234567 ",
        "912 123 45 67", "۹۱۲۱۲۳۴۵۶۷", "98 912 123 4567", "980912 123 4567", "+98-0912-1234567", "0098 0912 1234567",
        "(0912) 1234567", "0912.123.4567", "0912/123/4567", "tel:+989121234567", "+٩٨ ٩١٢ ١٢٣ ٤٥٦٧", "۰۹۱۲ـ۱۲۳ـ۴۵۶۷",
        "\u202a+98 912 123 4567\u202c", "\u200f۰۹۱۲۱۲۳۴۵۶۷", "0912\u200c1234567", "0912\u00a0123\u202f4567",
        "\ufeff09121234567", "\uff0b\uff19\uff18\uff19\uff11\uff12\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
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
        ("0044 7400 123456", "+447400123456"),
        ("+93 70 123 4567", "+93701234567"),
        ("+964 770 123 4567", "+9647701234567"),
        ("00 90 532 123 45 67", "+905321234567"),
    ],
)
def test_a_foreign_mobile_keeps_its_country(typed: str, stored: str) -> None:
    assert to_e164(typed) == stored


@pytest.mark.parametrize("typed", ["09981234567", "09991234567", "09041234567", "09351234567", "09221234567"])
def test_every_operators_numbers_are_known(typed: str) -> None:
    assert to_e164(typed) == f"+98{typed[1:]}"


@pytest.mark.parametrize(
    "typed",
    [
        "", "سلام", "0912", "091212345678", "02188776655", "+982188776655", "+99999999999", "110", "+442079460958",
        "09121234567 ext. 5", "09121234567;ext=5", "9.12E+09", "9121234567.0", "0912 1234567 - 0935 1112233",
        "09121234567/09351112233", "09411234567", "09771234567", "+98 9121234567 (مریم)", "3000505", "۰۲۱۸۸۷۷۶۶۵۵",
    ],
)  # fmt: skip
def test_what_no_message_can_reach_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(NotAMobileError) as refused:
        to_e164(typed)
    assert str(refused.value) == NotAMobileError.__doc__
