"""Time stamps as boards write them, read into aware UTC. A wrong shape raises `ValueError`; no format is guessed."""

from datetime import UTC, datetime

from zargar.clock import TEHRAN


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


def _exactly(text: str, form: str) -> datetime:
    found = datetime.strptime(text, form)  # noqa: DTZ007 -- both callers name the zone in the same expression
    if found.strftime(form) != text:  # strptime alone takes unpadded fields and digits of other scripts
        message = f"not in the form {form}"
        raise ValueError(message)
    return found
