"""Time stamps as boards write them, read into aware UTC. A wrong shape raises `ValueError`; no format is guessed."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from zargar.calendars import jalali
from zargar.clock import TEHRAN
from zargar.refusals import InvalidError

_CLOCK: Final = re.compile(r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])")
_NUMERIC_DAY: Final = re.compile(r"(?<![0-9])([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(?![0-9])")
_NAMED_DAY: Final = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}})\s+({'|'.join(jalali.MONTHS)})\s+(?:ماه\s+)?([0-9]{{4}})(?![0-9])"
)
_EPOCH_2020: Final = 1_577_836_800
_EPOCH_2100: Final = 4_102_444_800


def tehran_with_space(text: str) -> datetime:
    """Read `2026-08-06 07:38:39`, Tehran local time (TGJU)."""
    return _exactly(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=TEHRAN).astimezone(UTC)


def tehran_with_t(text: str) -> datetime:
    """Read `2026-08-06T07:38:39`, Tehran local time without saying so (Milli)."""
    return _exactly(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=TEHRAN).astimezone(UTC)


def english_utc(text: str) -> datetime:
    """Read `August 06, 2026 04:46`, UTC without saying so (Bonbast)."""
    return _exactly(text, "%B %d, %Y %H:%M").replace(tzinfo=UTC)


def iso_with_zone(text: str) -> datetime:
    """Read ISO 8601 that names its zone: `2026-08-06T03:53:36.767606Z` (Tlyn). Raises `ValueError` without one."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        message = "the stamp names no zone"
        raise ValueError(message)
    return found.astimezone(UTC)


def epoch_seconds(number: Decimal) -> datetime:
    """Read seconds since 1970 (Navasan, BrsApi, Melligold, tala.ir). Raises `ValueError` outside of 2020 to 2100.

    Boards have sent a thousandth of it (`1656484.352`, a day of 1970): what is not of our time is no stamp.
    """
    if not _EPOCH_2020 <= number < _EPOCH_2100:
        message = "not a second of our time"
        raise ValueError(message)
    return datetime.fromtimestamp(int(number), UTC)


def jalali_tehran(text: str) -> datetime | None:
    """Find a Jalali day and a time of Tehran among other words: `1405/05/15 - 11:42`, `15 مرداد 1405 ساعت 11:42`.

    Digits are ASCII. None where only a valid day or only a time is told; `ValueError` for digits that are neither.
    """
    clock = _CLOCK.search(text)
    rest = _CLOCK.sub(" ", text, count=1)
    if not re.search(r"[0-9]", rest):
        return None
    try:
        moment = jalali.read_moment(f"{_jalali_day(rest)} {clock[0] if clock else '0:00'}")
    except InvalidError as bad:
        message = "no Jalali day"
        raise ValueError(message) from bad
    return moment if clock else None


def _jalali_day(text: str) -> str:
    """Return the one day in the text as `1405/5/15`, or what it holds where there is none."""
    if found := _NUMERIC_DAY.search(text):
        return "/".join(found.groups())
    if found := _NAMED_DAY.search(text):
        return f"{found[3]}/{jalali.MONTHS.index(found[2]) + 1}/{found[1]}"
    return text


def _exactly(text: str, form: str) -> datetime:
    found = datetime.strptime(text, form)  # noqa: DTZ007 -- both callers name the zone in the same expression
    if found.strftime(form) != text:  # strptime alone takes unpadded fields and digits of other scripts
        message = f"not in the form {form}"
        raise ValueError(message)
    return found
