"""What goes over the wire, for the boards' files: a call, a reply, and which path answers what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from zargar.sandbox.misbehaviour import Scene

TEHRAN: Final = ZoneInfo("Asia/Tehran")
PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@dataclass(frozen=True)
class Call:
    """A request: its form fields, its cookies, its query and its headers."""

    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer, of status 200 unless a board's guard turns the caller back first."""

    body: str
    content_type: str = "application/json"
    cookies: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """What a board answers at a path."""

    method: str
    path: str
    answer: Callable[[Scene, Call], Reply]


def tehran(at: datetime) -> datetime:
    """Return the moment on a clock in Tehran."""
    return at.astimezone(TEHRAN)


def persian(text: str) -> str:
    """Write digits as Persian ones."""
    return text.translate(PERSIAN_DIGITS)
