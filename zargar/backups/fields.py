"""Strict reading of a JSON object: each field once, of its type, and nothing left over. Pure."""

import re
from datetime import UTC, datetime
from typing import TypeVar, cast

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")


class MisreadError(Exception):
    """A field is missing, of another type or value, or unknown; the message names it by its path."""


class Fields:
    """An object's fields, taken out one by one. Build with `of`; every method raises `MisreadError`."""

    def __init__(self, values: dict[str, object], path: str) -> None:
        self._left = values
        self._path = path

    @classmethod
    def of(cls, value: object, path: str) -> "Fields":
        """Take a value that must be an object; `path` names it in errors."""
        if not isinstance(value, dict):
            message = f"{path} is no object"
            raise MisreadError(message)
        return cls(dict(value), path)

    def text(self, name: str) -> str:
        """Take a string."""
        return self._take(name, str)

    def text_or_none(self, name: str) -> str | None:
        """Take a string or null."""
        return None if self._null(name) else self.text(name)

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Take a string that the whole pattern matches."""
        if not pattern.fullmatch(text := self.text(name)):
            raise self._wrong(name)
        return text

    def whole(self, name: str) -> int:
        """Take an integer that is not negative."""
        if (number := self._take(name, int)) < 0:
            raise self._wrong(name)
        return number

    def time(self, name: str) -> datetime:
        """Take an ISO 8601 time in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise self._wrong(name) from None
        if moment.tzinfo != UTC:
            raise self._wrong(name)
        return moment

    def texts(self, name: str) -> tuple[str, ...]:
        """Take an array of strings."""
        values = self._take(name, list)
        if not all(type(value) is str for value in values):
            raise self._wrong(name)
        return tuple(cast("list[str]", values))

    def objects(self, name: str) -> list["Fields"]:
        """Take an array of objects."""
        return [Fields.of(value, f"{self._path}.{name}[{n}]") for n, value in enumerate(self._take(name, list))]

    def object_or_none(self, name: str) -> "Fields | None":
        """Take an object or null."""
        return None if self._null(name) else Fields.of(self._left.pop(name, None), f"{self._path}.{name}")

    def rows(self, name: str, first: type[T1], second: type[T2], third: type[T3]) -> list[tuple[T1, T2, T3]]:
        """Take an array of arrays of three values of these very types (true is no integer)."""
        rows, types = self._take(name, list), [first, second, third]
        if not all(isinstance(row, list) and [type(value) for value in row] == types for row in rows):
            raise self._wrong(name)
        return cast("list[tuple[T1, T2, T3]]", rows)

    def end(self) -> None:
        """Raise for a field that nobody took."""
        if self._left:
            message = f"{self._path} has unknown fields: {', '.join(sorted(self._left))}"
            raise MisreadError(message)

    def _take(self, name: str, kind: type[T]) -> T:
        value = self._left.pop(name, None)
        if type(value) is not kind:
            raise self._wrong(name)
        return value

    def _null(self, name: str) -> bool:
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return True
        return False

    def _wrong(self, name: str) -> MisreadError:
        return MisreadError(f"{self._path}.{name} is missing or not what it should be")
