"""A copy of the current facts for readers who ask often. The database is the truth; a cache that is away costs speed.

One JSON value under one key of this format's version, replaced and never emptied first, without expiry: how old a price
is, is part of the answer. Writers read the newest facts under a lock before they write, so an older tick cannot
overwrite a newer one.
"""

import json
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from zargar.pricing import store
from zargar.pricing.current import Facts, LatestTick, OperatorPrice, Priced
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

KEY: Final = "gold-price"
VERSION: Final = 1
"""Of the shape below. A new shape is a new version: during a rolling deploy both live side by side."""


class Published(StrEnum):
    """What came of writing to the cache; shown in a tick's summary."""

    REPLACED = "replaced"
    UNREACHABLE = "unreachable"


class Found(StrEnum):
    """What a clean-up found in the cache, compared with the database."""

    SAME = "same"
    MISSING = "missing"
    DIFFERENT = "different"
    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"


def publish() -> Published:
    """Replace the cached facts by the database's newest. A cache that is away is reported, not raised."""
    with store.publishing():
        value = _written(store.facts())
        try:
            cache.set(KEY, value, timeout=None, version=VERSION)
        except RedisError:
            return Published.UNREACHABLE
    return Published.REPLACED


def facts() -> Facts:
    """Return the cached facts, or the database's where the cache is away, empty or unreadable."""
    try:
        value = cache.get(KEY, version=VERSION)
    except RedisError:
        value = None
    return _read(value) or store.facts()


def inspect() -> Found:
    """Compare the cache with the database; changes nothing."""
    try:
        value = cache.get(KEY, version=VERSION)
    except RedisError:
        return Found.UNREACHABLE
    if value is None:
        return Found.MISSING
    cached = _read(value)
    if cached is None:
        return Found.UNREADABLE
    return Found.SAME if cached == store.facts() else Found.DIFFERENT


def remove_old_versions() -> int:
    """Remove what earlier versions of this format left behind; return how many values that were.

    Raises `redis.exceptions.RedisError` when the cache is away.
    """
    return sum(cache.delete(KEY, version=old) for old in range(VERSION))


def _written(known: Facts) -> str:
    accepted, override, latest = known.accepted, known.override, known.latest
    return json.dumps(
        {
            "accepted": accepted and {"price": str(accepted.price), "at": accepted.at.isoformat()},
            "override": override
            and {
                "price": str(override.price),
                "at": override.at.isoformat(),
                "until": override.until.isoformat(),
                "reason": override.reason,
            },
            "latest": latest and {"at": latest.at.isoformat(), "state": latest.state, "reason": latest.reason},
        }
    )


def _read(value: object) -> Facts | None:
    """Read what `_written` wrote; None for anything else, which the next tick or clean-up replaces."""
    if not isinstance(value, str):
        return None
    try:
        found: dict[str, Any] = json.loads(value)
        accepted, override, latest = found["accepted"], found["override"], found["latest"]
        return Facts(
            accepted=accepted and Priced(_price(accepted), _moment(accepted, "at")),
            override=override
            and OperatorPrice(
                _price(override), _moment(override, "at"), _moment(override, "until"), override["reason"]
            ),
            latest=latest and LatestTick(_moment(latest, "at"), State(latest["state"]), latest["reason"]),
        )
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return None


def _price(of: dict[str, str]) -> Toman:
    return Toman(Decimal(of["price"]))


def _moment(of: dict[str, str], key: str) -> datetime:
    return datetime.fromisoformat(of[key])
