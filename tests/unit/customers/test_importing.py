"""A list of customers out of a CSV file: what is read, and what is told of what is wrong."""

import io
from datetime import date

import jdatetime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zargar.customers.importing import CustomerFileError, Entry, Mistake, read

TODAY = date(2026, 11, 23)
HEAD = "full_name,mobile\n"


def lines(text: str, *, encoding: str = "utf-8") -> io.TextIOWrapper:
    """Open a text as the command opens a file."""
    return io.TextIOWrapper(io.BytesIO(text.encode(encoding)), "utf-8", errors="surrogateescape", newline="")


def entries(text: str) -> list[Entry]:
    found = list(read(lines(text), today=TODAY))
    assert all(isinstance(one, Entry) for one in found), found
    return [one for one in found if isinstance(one, Entry)]


def mistakes(text: str) -> list[tuple[int, str, str]]:
    found = [one for one in read(lines(text), today=TODAY) if not isinstance(one, Entry)]
    return [(mistake.line, mistake.column, mistake.what) for several in found for mistake in several]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_as_a_spreadsheet_writes_it_is_read(mark: str, delimiter: str, end: str) -> None:
    rows = [
        ("نام و نام خانوادگی", "موبایل", "ایمیل", "تاریخ تولد", "یادداشت", "رضایت پیامک", "رضایت ایمیل"),
        ("مريم  كاظمي", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "m@example.org", "۱۳۶۵/۹/۲", "حلقه", "بله", "خیر"),
        ("نگار", "+971 50 123 4567", "", "1986-11-23", "", "", "1"),
    ]
    text = mark + end.join(delimiter.join(row) for row in rows) + end
    first, second = entries(text)
    assert (first.line, first.full_name, first.mobile, first.email) == (
        2, "مریم کاظمی", "+989121234567", "m@example.org",
    )  # fmt: skip
    assert first.birth_date == jdatetime.date(1365, 9, 2).togregorian() == date(1986, 11, 23) == second.birth_date
    assert first.given == (("sms", "promotion"),)
    assert (second.line, second.mobile, second.given) == (3, "+971501234567", (("email", "promotion"),))
    assert "مریم" not in repr(first)
    assert "1234567" not in repr(first)


def test_each_mistake_is_told_with_its_line_and_column_and_no_number_is_repeated() -> None:
    text = (
        "full_name,mobile,email,birth_date,sms_promotion\n"
        "مریم,09121234567,,,\n"
        ",0912,not an address,1403/13/1,شاید\n"
        "\n"
        '"نام\nدر دو سطر",09121234568,,,\n'
        "سارا,۰۹۱۲۱۲۳۴۵۶۷,,1500/01/01,\n"
        "لیلا,9.12E+09,,2027-01-01,yes\n"
        "کم,09121234569\n"
    )
    found = mistakes(text)
    assert [(line, column) for line, column, _ in found] == [
        (3, "full_name"), (3, "mobile"), (3, "email"), (3, "birth_date"), (3, "sms_promotion"),
        (7, "birth_date"), (7, "mobile"), (8, "mobile"), (8, "birth_date"), (9, ""),
    ]  # fmt: skip
    words = {(line, column): what for line, column, what in found}
    assert words[7, "mobile"] == "the number is on line 2 already"
    assert "spreadsheet" in words[8, "mobile"]
    assert "2 cells under 5 heads" in words[9, ""]
    assert not any("0912123" in what or "۰۹۱۲" in what for _, _, what in found)


def test_a_cell_of_several_lines_keeps_the_count_of_the_lines() -> None:
    (first, second) = entries('full_name,mobile\n"نام\nدر دو\nسطر",09121234567\nدو,09121234568\n')
    assert (first.line, first.full_name) == (2, "نام در دو سطر")
    assert second.line == 5


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("", "no column holds full_name and mobile"),
        ("full_name\n", "no column holds mobile"),
        ("full_name,mobile,shoe\n", "nobody knows what column 3 of 3 is called"),
        ("full_name,mobile,موبایل\n", "two columns hold mobile"),
        ("f\0u\0l\0l\0", "not UTF-8"),
    ],
)
def test_a_head_that_is_none_is_refused(head: str, what: str) -> None:
    with pytest.raises(CustomerFileError, match=what):
        list(read(lines(head), today=TODAY))


def test_a_file_without_a_head_is_refused_without_its_first_persons_number() -> None:
    with pytest.raises(CustomerFileError) as refused:
        list(read(lines("مریم احمدی,09121234567\n"), today=TODAY))
    assert "column 1 of 2" in str(refused.value)
    with pytest.raises(CustomerFileError) as refused:
        list(read(lines("name,۰۹۱۲۱۲۳۴۵۶۷\n"), today=TODAY))
    assert "۰۹۱۲" not in str(refused.value)
    assert "0912" not in str(refused.value)


def test_a_file_in_another_encoding_is_told_so() -> None:
    arabic = "نام,موبایل\nمریم,09121234567\n"
    with pytest.raises(CustomerFileError, match="not UTF-8"):
        list(read(lines("نام,موبايل\n", encoding="cp1256"), today=TODAY))
    with pytest.raises(CustomerFileError, match="not UTF-8"):
        list(read(lines(arabic, encoding="utf-16"), today=TODAY))
    latin = io.TextIOWrapper(
        io.BytesIO(b"full_name,mobile\nJos\xe9,09121234567\n"), "utf-8", errors="surrogateescape", newline=""
    )
    (found,) = read(latin, today=TODAY)
    assert found == (Mistake(2, "full_name", "these are not UTF-8 letters: save the file as «CSV UTF-8»"),)


def test_a_broken_line_ends_the_reading_and_says_where() -> None:
    found = mistakes(HEAD + 'مریم,09121234567\n"نیمه"باز,09121234568\nسارا,09121234569\n')
    assert [(line, column) for line, column, _ in found] == [(3, "")]
    assert "the rest of the file was not read" in found[0][2]


@pytest.mark.parametrize("born", ["1403/12/30", "۱۴۰۳/۱۲/۳۰", "2025-03-20", "1403-12-30"])
def test_a_leap_day_of_birth_is_one_day_in_either_calendar(born: str) -> None:
    (one,) = entries(f"full_name,mobile,birth_date\nآذر,09121234567,{born}\n")
    assert one.birth_date == date(2025, 3, 20)


@pytest.mark.parametrize("born", ["1404/12/30", "65/9/2", "2026-11-24", "1100/01/01", "1899-01-01", "امروز"])
def test_a_day_on_which_nobody_was_born_is_refused(born: str) -> None:
    ((line, column, _),) = mistakes(f"full_name,mobile,birth_date\nآذر,09121234567,{born}\n")
    assert (line, column) == (2, "birth_date")


@pytest.mark.parametrize(
    ("word", "given"),
    [("بله", True), ("YES", True), ("۱", True), ("1", True), ("خیر", False), ("0", False), ("۰", False), ("", False)],
)
def test_a_consent_is_yes_or_no_or_not_said(word: str, given: bool) -> None:  # noqa: FBT001 -- a column of the table
    (one,) = entries(f"full_name,mobile,sms_promotion\nآذر,09121234567,{word}\n")
    assert bool(one.given) is given


def test_a_name_keeps_its_joiner_and_loses_what_nobody_sees() -> None:
    (one,) = entries(HEAD + "\u202bعلی\u200cرضا\u00a0 \u200f\u0643ريمي\u202c\u200c,09121234567\n")
    assert one.full_name == "علی\u200cرضا کریمی"


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0"), max_size=200))
def test_no_text_breaks_the_reader(body: str) -> None:
    for one in read(lines(HEAD + body.encode("utf-8", "replace").decode()), today=TODAY):
        if isinstance(one, Entry):
            assert one.full_name.strip()
            assert one.mobile.startswith("+")
        else:
            assert all(mistake.line >= 2 for mistake in one)
