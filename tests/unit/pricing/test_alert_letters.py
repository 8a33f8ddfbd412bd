"""What the letters of alerts say: every kind has its words, figures are Persian, and nothing in them is markup."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from zargar.outcomes import Summary
from zargar.pricing.alarms import Kind
from zargar.pricing.alert_changes import NoticeKind
from zargar.pricing.alert_letters import ADVICE, COMMANDS, NAMES, Told, letter, lines

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HELD: Summary = {
    "since": AT.isoformat(), "minutes": 25, "state": "held", "candidate": "20000000.5",
    "reason": "<script>-24.1 %</script>", "last_price": "18000000", "last_price_at": AT.isoformat(),
    "session_minutes": 75,
}  # fmt: skip
TOLD = Told(
    notice=7, what=NoticeKind.OPENED, made_at=AT, kind=Kind.PRICE_HELD, severity="critical", opened_at=AT,
    closed_at=None, figures=HELD,
)  # fmt: skip
TO = ("operator@shop.example",)


def test_every_kind_has_a_name_an_advice_and_a_command() -> None:
    assert set(NAMES) == set(ADVICE) == set(COMMANDS) == set(Kind)


def test_the_subject_says_what_and_since_when_in_tehran() -> None:
    assert letter(TOLD, to=TO).subject == "زرگر | هشدار: قیمت تازه‌ای پذیرفته نمی‌شود، از ۱۴۰۵/۰۹/۰۲ ۱۱:۳۰:۰۰"


def test_figures_are_persian_amounts_and_the_judge_s_own_words_stay() -> None:
    assert [(line.value, line.ltr) for line in lines(Kind.PRICE_HELD, HELD)] == [
        ("۱۴۰۵/۰۹/۰۲ ۱۱:۳۰:۰۰", False),
        ("۲۵", False),
        ("نگه داشته شده", False),
        ("۲۰٬۰۰۰٬۰۰۰", False),
        ("<script>-24.1 %</script>", True),
        ("۱۸٬۰۰۰٬۰۰۰", False),
        ("۱۴۰۵/۰۹/۰۲ ۱۱:۳۰:۰۰", False),
        ("۱ ساعت", False),
    ]


def test_what_a_board_or_the_judge_says_is_text_in_the_page_and_not_markup() -> None:
    made = letter(TOLD, to=TO)
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    assert "<script>" in made.text


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("what", NoticeKind)
def test_a_figure_that_is_not_there_is_left_out_and_never_a_zero(kind: Kind, what: NoticeKind) -> None:
    made = letter(replace(TOLD, kind=kind, what=what, figures={}, closed_at=AT + timedelta(hours=2)), to=TO)
    assert NAMES[kind] in made.text
    assert "None" not in made.text + made.html
    assert lines(kind, {}) == []


def test_a_fall_and_a_rise_are_told_in_words() -> None:
    told = {sign: lines(Kind.JUMP, {"per_cent": f"{sign}3.5"})[0].value for sign in ("", "-")}
    assert told == {"": "۳٫۵ درصد افزایش", "-": "۳٫۵ درصد کاهش"}


def test_a_recovery_says_how_long_it_lasted_and_asks_for_nothing() -> None:
    made = letter(replace(TOLD, what=NoticeKind.RECOVERED, closed_at=AT + timedelta(hours=2)), to=TO)
    assert "پس از ۲ ساعت برطرف شد" in made.text
    assert "zargar " not in made.text


def test_the_same_notice_has_the_same_key_and_another_has_not() -> None:
    keys = [letter(told, to=TO).key for told in (TOLD, TOLD, replace(TOLD, notice=8))]
    assert keys[0] == keys[1] != keys[2]
