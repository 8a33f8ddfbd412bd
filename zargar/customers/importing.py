"""Reading a list of customers out of a CSV file: each line judged, each mistake told by line and column. Pure.

The file is UTF-8, with or without a byte order mark, its cells separated by commas, semicolons or tabs, whichever the
first line uses. That line names the columns, in Persian or English, in any order (`COLUMNS`); a name and a mobile
number there must be. Numbers, days and hours may have Persian, Arabic or Latin digits; days of birth are Jalali or
Gregorian. A consent's column says yes or no, and says nothing where it is empty.

Arabic ye and kaf become Persian, and signs that nobody sees are dropped, so that a name is found by how it is typed.
A column that nobody knows is a mistake: what a shop wrote down shall not be lost in silence.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from zargar.calendars.days import BadDayError, read_day
from zargar.calendars.jalali import YEARS, first_and_last
from zargar.customers.people import Way
from zargar.customers.phones import NotAMobileError, to_e164
from zargar.refusals import InvalidError

LONGEST_NAME: Final = 120
LONGEST_EMAIL: Final = 254
LONGEST_NOTE: Final = 2000


class Column(StrEnum):
    """What a column holds. The words are the English heads."""

    FULL_NAME = "full_name"
    MOBILE = "mobile"
    EMAIL = "email"
    BIRTH_DATE = "birth_date"
    NOTE = "note"
    SMS_PROMOTION = "sms_promotion"
    EMAIL_PROMOTION = "email_promotion"
    PUSH_PROMOTION = "push_promotion"
    INBOX_PROMOTION = "inbox_promotion"


COLUMNS: Final[Mapping[Column, tuple[str, ...]]] = MappingProxyType({
    Column.FULL_NAME: ("نام و نام خانوادگی", "نام", "نام مشتری", "name"),
    Column.MOBILE: ("تلفن همراه", "موبایل", "شماره موبایل", "شماره همراه", "phone"),
    Column.EMAIL: ("ایمیل", "رایانامه", "e-mail"),
    Column.BIRTH_DATE: ("تاریخ تولد", "تولد", "زادروز", "birthday"),
    Column.NOTE: ("یادداشت", "توضیح"),
    Column.SMS_PROMOTION: ("رضایت پیامک", "رضایت پیامک تبلیغاتی"),
    Column.EMAIL_PROMOTION: ("رضایت ایمیل", "رضایت ایمیل تبلیغاتی"),
    Column.PUSH_PROMOTION: ("رضایت اعلان", "رضایت اعلان تبلیغاتی"),
    Column.INBOX_PROMOTION: ("رضایت صندوق پیام", "رضایت صندوق پیام تبلیغاتی"),
})  # fmt: skip
"""The heads that are read besides the English word itself."""

_WAYS: Final[Mapping[Column, Way]] = MappingProxyType({
    column: (column.value.removesuffix("_promotion"), "promotion")
    for column in Column
    if column.value.endswith("_promotion")
})  # fmt: skip
_MUST: Final = (Column.FULL_NAME, Column.MOBILE)
_YES: Final = frozenset({"yes", "y", "true", "1", "بله", "بلی", "آری", "دارد"})
_NO: Final = frozenset({"no", "n", "false", "0", "نه", "خیر", "ندارد"})
_ARABIC: Final = str.maketrans("يىكة", "ییکه")
_KEPT: Final = "\u200c"
"""The joiner that Persian is written with; other signs that nobody sees are dropped."""


class CustomerFileError(InvalidError):
    """The file cannot be read as a list of customers at all: its head, or its encoding, is not one."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, on which line of the file (1 is its head) and in which column; a number is never repeated."""

    line: int
    column: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line that is right."""

    line: int
    full_name: str = field(repr=False)
    mobile: str = field(repr=False)
    email: str = field(repr=False)
    birth_date: date | None
    note: str = field(repr=False)
    given: tuple[Way, ...]


def read(lines: Iterable[str], *, today: date) -> Iterator[Entry | tuple[Mistake, ...]]:
    """Yield each line's customer, or all that is wrong with the line. Blank lines are passed over.

    `lines` are the file's, read with `errors="surrogateescape"` and `newline=""`. A number that occurs twice is a
    mistake of the second line: only the numbers are held in memory. Raises `CustomerFileError` for a head that is none.
    """
    source = iter(lines)
    head = _decoded(next(source, ""))
    reader = csv.reader(_with(head, source), delimiter=_delimiter(head), strict=True)
    heads = _heads(next(reader, []))
    seen: dict[str, int] = {}
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as bad:
            yield (Mistake(line, "", f"the line is broken ({bad}); the rest of the file was not read"),)
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _judge(line, cells, heads, seen, today)


def _judge(
    line: int, cells: list[str], heads: tuple[Column, ...], seen: dict[str, int], today: date
) -> Entry | tuple[Mistake, ...]:  # fmt: skip
    if len(cells) != len(heads):
        return (Mistake(line, "", f"{len(cells)} cells under {len(heads)} heads: is a separator inside a cell?"),)
    values: dict[Column, object] = {}
    mistakes: list[Mistake] = []
    for column, cell in zip(heads, cells, strict=True):
        try:
            values[column] = _READERS.get(column, _consent)(_clean(cell), today)
        except ValueError as bad:
            mistakes.append(Mistake(line, column, str(bad)))
    mobile = values.get(Column.MOBILE)
    if isinstance(mobile, str) and (first := seen.setdefault(mobile, line)) != line:
        mistakes.append(Mistake(line, Column.MOBILE, f"the number is on line {first} already"))
    return tuple(mistakes) or _entry(line, values)


def _entry(line: int, values: Mapping[Column, object]) -> Entry:
    born = values.get(Column.BIRTH_DATE)
    return Entry(
        line=line,
        full_name=str(values[Column.FULL_NAME]),
        mobile=str(values[Column.MOBILE]),
        email=str(values.get(Column.EMAIL, "")),
        birth_date=born if isinstance(born, date) else None,
        note=str(values.get(Column.NOTE, "")),
        given=tuple(way for column, way in _WAYS.items() if values.get(column)),
    )


def _heads(cells: list[str]) -> tuple[Column, ...]:
    found: list[Column] = []
    for place, cell in enumerate(cells, start=1):
        column = _BY_HEAD.get(_clean(cell).casefold())
        if column is None:  # where the file has no head, this cell may be somebody's number: it is not repeated
            message = (
                f"line 1: nobody knows what column {place} of {len(cells)} is called; known are {', '.join(Column)}"
            )
            raise CustomerFileError(message)
        if column in found:
            message = f"line 1: two columns hold {column}"
            raise CustomerFileError(message)
        found.append(column)
    if missing := [column for column in _MUST if column not in found]:
        message = f"line 1: no column holds {' and '.join(missing)}"
        raise CustomerFileError(message)
    return tuple(found)


def _decoded(head: str) -> str:
    """Take off the byte order mark; refuse an encoding of which the head gives itself away."""
    head = head.removeprefix("\ufeff")
    if "\0" in head or _undecodable(head):
        message = "the file is not UTF-8: save it as «CSV UTF-8»"
        raise CustomerFileError(message)
    return head


def _delimiter(head: str) -> str:
    return max((",", ";", "\t"), key=head.count)


def _with(head: str, rest: Iterator[str]) -> Iterator[str]:
    yield head
    yield from rest


def _undecodable(text: str) -> bool:
    return any("\udc80" <= sign <= "\udcff" for sign in text)


def _clean(cell: str) -> str:
    """Write a cell as it is kept: Persian letters, single spaces, no sign that nobody sees."""
    if _undecodable(cell):
        message = "these are not UTF-8 letters: save the file as «CSV UTF-8»"
        raise InvalidError(message)
    text = unicodedata.normalize("NFC", cell).translate(_ARABIC)
    seen = (
        " " if sign.isspace() else sign
        for sign in text
        if sign == _KEPT or sign.isspace() or unicodedata.category(sign) not in {"Cf", "Cc", "Cs", "Co", "Cn"}
    )
    return " ".join("".join(seen).split()).strip(_KEPT)


def _name(text: str, _today: date) -> str:
    if not text:
        message = "there is no name"
        raise InvalidError(message)
    return _within(text, LONGEST_NAME)


def _mobile(text: str, _today: date) -> str:
    if not text:
        message = "there is no number"
        raise InvalidError(message)
    try:
        return to_e164(text)
    except NotAMobileError as bad:
        message = f"{bad}{_SPREADSHEET if 'e+' in text.casefold() else ''}"
        raise InvalidError(message) from bad


def _email(text: str, _today: date) -> str:
    if text:
        try:
            validate_email(_within(text, LONGEST_EMAIL))
        except ValidationError as bad:
            message = "this is no e-mail address"
            raise InvalidError(message) from bad
    return text


def _born(text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        born = read_day(text)
    except BadDayError as bad:
        raise InvalidError(BadDayError.__doc__) from bad
    if not first_and_last(YEARS.start)[0] <= born <= today:
        message = "nobody was born on this day: it lies ahead, or too far back"
        raise InvalidError(message)
    return born


def _note(text: str, _today: date) -> str:
    return _within(text, LONGEST_NOTE)


def _consent(text: str, _today: date) -> bool:
    word = str(int(text)) if text.isdecimal() else text.casefold()
    if word and word not in _YES | _NO:
        message = "a consent is yes or no, بله or خیر, 1 or 0, or left empty"
        raise InvalidError(message)
    return word in _YES


def _within(text: str, longest: int) -> str:
    if len(text) > longest:
        message = f"{len(text)} letters are more than {longest}"
        raise InvalidError(message)
    return text


_SPREADSHEET: Final = " A spreadsheet has rounded this one: make the column text and type it again."
_READERS: Final[Mapping[Column, Callable[[str, date], object]]] = MappingProxyType({
    Column.FULL_NAME: _name,
    Column.MOBILE: _mobile,
    Column.EMAIL: _email,
    Column.BIRTH_DATE: _born,
    Column.NOTE: _note,
})  # fmt: skip
_BY_HEAD: Final = {head: column for column, others in COLUMNS.items() for head in (column.value, *others)}
