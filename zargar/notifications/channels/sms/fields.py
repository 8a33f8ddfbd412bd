"""Reads what companies put into their JSON: numbers as digits, moments as seconds, lists that may be none. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

_LONGEST: Final = 19
"""Digits of a 63-bit number."""
_LAST_SECOND: Final = 4_102_444_800
"""2100: what is larger is no time in seconds."""


def whole(value: object) -> int | None:
    """Return a whole number that came as a number or as ASCII digits; None for everything else (true is no number)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    digits = str(value).removeprefix("-")
    return int(value) if digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST else None


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Return the objects of a list; nothing of what is no list."""
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def moment(value: object) -> datetime | None:
    """Return a moment that came as seconds of Unix time; None for what is none."""
    seconds = whole(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < _LAST_SECOND else None


def figure(value: object) -> Decimal | None:
    """Return a number with or without a point, which came as a number or as text; None for everything else."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    plain = text.replace(".", "", 1).removeprefix("-")
    return Decimal(text) if plain.isascii() and plain.isdigit() and len(plain) <= _LONGEST else None


def rial(value: object, *, unit: int | None) -> int | None:
    """Return an amount in Rial, rounded down: `unit` is how many Rial one of it is, None where nobody knows."""
    amount = figure(value)
    return None if amount is None or unit is None else int(amount * unit)
