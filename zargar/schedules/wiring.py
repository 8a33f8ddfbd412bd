"""The catalogue as this deployment's settings have it."""

from datetime import datetime
from functools import cache

from django.conf import settings

from zargar import names
from zargar.schedules.cadence import next_slot
from zargar.schedules.catalogue import Entry, catalogue


@cache
def entries() -> tuple[Entry, ...]:
    """Return the 18 entries. Raises `ValueError` where a setting contradicts the contract."""
    if settings.PRICES_EVERY_SECONDS is not None and settings.SANDBOX_URL is None:
        message = (
            "ZARGAR_PRICES_EVERY_SECONDS is for the sandbox only: real boards are asked every 5 minutes. "
            "Unset it, or set ZARGAR_SANDBOX_URL"
        )
        raise ValueError(message)
    return catalogue(
        prices_open=settings.PRICES_OPEN,
        prices_close=settings.PRICES_CLOSE,
        prices_every=settings.PRICES_EVERY_SECONDS,
    )


def next_price(after: datetime) -> datetime:
    """Return the first slot of the price schedule after a moment (aware), in UTC, paused or not."""
    [prices] = [entry for entry in entries() if entry.task == names.UPDATE_GOLD_PRICES]
    return next_slot(prices.cadence, after)
