"""The clock. Entry points read it once and hand `now` down; nothing below them asks for the time."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

TEHRAN: Final = ZoneInfo("Asia/Tehran")
"""What people and schedules mean by a time of day. UTC+03:30 all year since 2022; a test watches tzdata."""


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)
