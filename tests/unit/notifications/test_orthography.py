"""How Persian is written: what is made one, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications.templates.orthography import characters, prose, tidy


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("علي كريمي", "علی کریمی"),
        ("مبلغ 1,250,000 تومان", "مبلغ ۱٬۲۵۰٬۰۰۰ تومان"),
        ("٤٥٦ و 123", "۴۵۶ و ۱۲۳"),
        ("1405/09/10 ساعت 17:30", "۱۴۰۵/۰۹/۱۰ ساعت ۱۷:۳۰"),
        ("https://zarrin.example/a1?b=22", "https://zarrin.example/a1?b=22"),
        ("کد A12B34", "کد A12B34"),
        ("ali2@example.com", "ali2@example.com"),
        ("تلفن 021-88776655", "تلفن 021-88776655"),
        ("+989121234567 همراه", "+989121234567 همراه"),
        ("سلام\u202eدنیا\x07", "سلامدنیا"),
        ("ســـلام", "سلام"),
        ("لغو11", "لغو۱۱"),
        ("\ud800سلام", "سلام"),
    ],
)
def test_letters_and_digits_have_one_form(given_text: str, written: str) -> None:
    assert characters(given_text) == written


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("ما می رویم و نمی دانیم", "ما می‌رویم و نمی‌دانیم"),
        ("قسط های شما", "قسط‌های شما"),
        ("بزرگ ترین هدیه ها", "بزرگ‌ترین هدیه‌ها"),
        ("سلام ، خوبید ?", "سلام، خوبید؟"),
        ("« سلام »", "«سلام»"),
        ("تخفیف 20 %", "تخفیف ۲۰٪"),
        ("موی تر و هوای خوب", "موی تر و هوای خوب"),
        ("قدیمی ها", "قدیمی‌ها"),
        ("آرامی بخش", "آرامی بخش"),
        ("ای دوست", "ای دوست"),
    ],
)
def test_half_spaces_and_punctuation_are_set_where_they_are_certain(given_text: str, written: str) -> None:
    assert prose(given_text) == written


@given(st.text(alphabet=st.sampled_from("میروهات ین\u200c،,.؟?٪%0123456789۰٤كي«» \nabc/:@+-"), max_size=80))
def test_writing_twice_changes_nothing_more(text: str) -> None:
    once = tidy(characters(text), paragraphs=True)
    assert tidy(characters(once), paragraphs=True) == once


@given(st.text(max_size=80))
def test_what_is_written_can_always_be_encoded_and_hides_nothing(text: str) -> None:
    written = characters(text)
    assert written.encode().decode() == written
    assert "\u202e" not in written
    assert "\x00" not in written


def test_lines_and_spaces_are_tidied() -> None:
    assert tidy(" سلام  دنیا \n\n\n\nخوب\u200c \n ", paragraphs=True) == "سلام دنیا\n\nخوب"
    assert tidy("سلام\n\nدنیا", paragraphs=False) == "سلام\nدنیا"
