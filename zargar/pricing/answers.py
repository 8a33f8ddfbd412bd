"""What a board sent back, and strict readers for it: a field is what its source documents, or it is a `BadAnswer`.

JSON is read without loss: numbers become `int` or `Decimal`. Constants that JSON does not have (NaN, Infinity), keys
that occur twice and nesting without end make the whole answer NOT_JSON.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import NoReturn

from zargar.pricing.figures import BadFigure, positive, shown
from zargar.pricing.quotes import Rejection, Why


class BadAnswer(Exception):  # noqa: N818 -- a judgement about data, not a fault of the program
    """A field is not what the board documents. Translated into a `Rejection` where a source is read."""

    def __init__(self, why: Why, field: str = "", seen: str = "") -> None:
        super().__init__(f"{field or 'answer'}: {why} {seen}".rstrip())
        self.rejection = Rejection(field, why, seen)


@dataclass(frozen=True)
class JsonObject:
    """One object of an answer. `path` says where it stands (`result[0].marketCap`), for the names of bad fields."""

    values: dict[str, object]
    path: str = ""

    def field(self, key: str) -> str:
        """Name a field of this object by its whole path."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Say whether the key is there at all, null included."""
        return key in self.values

    def given(self, key: str) -> bool:
        """Say whether the key is there with a value other than null, for fields that a board may leave out."""
        return self.values.get(key) is not None

    def flag(self, key: str, *, absent: bool | None = None) -> bool:
        """Read a boolean. A key that is not there is `absent` where a source gives one, else MISSING."""
        if absent is not None and key not in self.values:
            return absent
        value = self._present(key)
        if not isinstance(value, bool):
            raise BadAnswer(Why.WRONG_TYPE, self.field(key), shown(value))
        return value

    def text(self, key: str) -> str:
        """Read a string, not blank."""
        value = self._present(key)
        if not isinstance(value, str):
            raise BadAnswer(Why.WRONG_TYPE, self.field(key), shown(value))
        if not value.strip():
            raise BadAnswer(Why.MISSING, self.field(key), shown(value))
        return value

    def positive_decimal(self, key: str, *, grouped: bool = False) -> Decimal:
        """Read a positive number, as string or number; `grouped` where the board documents thousands separators."""
        value = self._present(key)
        try:
            return positive(value, grouped=grouped)
        except BadFigure as bad:
            raise BadAnswer(bad.why, self.field(key), shown(value)) from bad

    def moment(self, key: str, parse: Callable[[str], datetime]) -> datetime:
        """Read a time stamp by the board's own rule; `parse` returns aware UTC and raises `ValueError`."""
        text = self.text(key)
        try:
            return parse(text)
        except ValueError as bad:
            raise BadAnswer(Why.NOT_A_TIME, self.field(key), shown(text)) from bad

    def instant(self, key: str, parse: Callable[[Decimal], datetime]) -> datetime:
        """Read a time stamp that is a number (or a string of one); `parse` as for `moment`."""
        number = self.positive_decimal(key)
        try:
            return parse(number)
        except ValueError as bad:
            raise BadAnswer(Why.NOT_A_TIME, self.field(key), shown(self.values[key])) from bad

    def child(self, key: str) -> "JsonObject":
        """Read an object."""
        value = self._present(key)
        if not isinstance(value, dict):
            raise BadAnswer(Why.WRONG_TYPE, self.field(key), shown(value))
        return JsonObject(value, self.field(key))

    def named(self, key: str, *, by: str, name: str) -> "JsonObject":
        """Find in the list at `key` the one object whose `by` equals `name`, as `prices[symbol=GOLD18]`."""
        field = f"{self.field(key)}[{by}={name}]"
        found = [item for item in self._items(key) if item.get(by) == name]
        if len(found) != 1:
            raise BadAnswer(Why.WRONG_TYPE if found else Why.MISSING, field, f"{len(found)} of them")
        return JsonObject(found[0], field)

    def names(self, key: str, *, by: str) -> set[str]:
        """Return the names (`by`) of the objects in the list at `key`."""
        return {name for item in self._items(key) if isinstance(name := item.get(by), str)}

    def _items(self, key: str) -> Iterator[dict[str, object]]:
        value = self._present(key)
        if not isinstance(value, list):
            raise BadAnswer(Why.WRONG_TYPE, self.field(key), shown(value))
        return (item for item in value if isinstance(item, dict))

    def _present(self, key: str) -> object:
        value = self.values.get(key)
        if value is None:
            raise BadAnswer(Why.MISSING, self.field(key), "null" if key in self.values else "")
        return value


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, content type, the body's bytes (bounded by the asker) and when it was complete (UTC).

    `retry_after`: how long its server asks to be left alone, counted from when it was asked.
    """

    status: int
    content_type: str
    body: bytes
    received_at: datetime
    retry_after: timedelta | None = None

    def json_object(self) -> JsonObject:
        """Read the body as one JSON object. Raises `BadAnswer`: HTTP_STATUS when not 200, else NOT_JSON."""
        text = self.text()
        try:
            value = json.loads(
                text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object_without_repeats
            )
        except (ValueError, ArithmeticError, RecursionError) as bad:
            raise BadAnswer(Why.NOT_JSON, seen=shown(text)) from bad
        if not isinstance(value, dict):
            raise BadAnswer(Why.NOT_JSON, seen=shown(text))
        return JsonObject(value)

    def text(self) -> str:
        """Read the body as UTF-8. Raises `BadAnswer`: HTTP_STATUS when not 200, else NOT_JSON."""
        if self.status != HTTPStatus.OK:
            raise BadAnswer(Why.HTTP_STATUS, seen=str(self.status))
        try:
            return self.body.decode("utf-8-sig")  # some boards' pages begin with a byte order mark
        except UnicodeDecodeError as bad:
            raise BadAnswer(Why.NOT_JSON, seen=shown(self.body[:40])) from bad


def _refuse_constant(name: str) -> NoReturn:
    message = f"JSON has no {name}"
    raise ValueError(message)


def _object_without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key occurs twice"
        raise ValueError(message)
    return found
