"""What somebody who writes to a line wants: 11 is believed generously, 12 strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications.channels.sms.wishes import Wish, wish


@pytest.mark.parametrize(
    "text",
    [
        "11", "۱۱", "١١", " ۱۱. ", "11\n", "۱۱!", "لغو", "لغو۱۱", "لغو 11", "لطفا لغو", "لطفاً ۱۱", "عدد ۱۱",
        "سلام لغو۱۱ ممنون", "STOP", "stop 11", "لغو\u200c۱۱", "لغو عضویت", "حراج پاییزه زرگر لغو11", "كد ١١",
    ],
)  # fmt: skip
def test_an_eleven_is_heard_in_every_form(text: str) -> None:
    assert wish(text) is Wish.OPT_OUT


@pytest.mark.parametrize("text", ["12", "۱۲", "١٢", "12.", "عضویت ۱۲", "لطفا 12"])
def test_a_twelve_is_heard_where_it_stands_alone(text: str) -> None:
    assert wish(text) is Wish.OPT_IN


@pytest.mark.parametrize(
    "text",
    [
        "", "سلام", "111", "1 1", "112", "11 12", "12 11", "ساعت ۱۱ می‌آیم", "فردا 12 باز هستید؟", "۱۲ گرم طلا دارم",
        "قرار فردا را لغو کنید لطفا", "لغو12", "لغو110", "0911", "۱۱۰", "لغوش نکن", "²²", "①①",
    ],
)  # fmt: skip
def test_a_letter_to_the_shop_is_no_wish(text: str) -> None:
    assert wish(text) is None


@given(st.text(max_size=60))
def test_every_text_has_an_answer_and_digits_of_any_script_the_same(text: str) -> None:
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    assert wish(text) is wish(text.translate(persian))
