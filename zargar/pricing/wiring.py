"""The real parts from the settings, built once, for tasks, commands and the console."""

from datetime import timedelta
from functools import cache

from django.conf import settings

from zargar.pricing.boards import HttpBoards
from zargar.pricing.choice import Choice, choose
from zargar.pricing.operations import Market
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE


@cache
def choices() -> tuple[Choice, ...]:
    """Return every board with whether this deployment asks it, and why. Raises as `choose` does."""
    return choose(names=settings.PRICES_SOURCES, keys=_keys(), sandbox=settings.SANDBOX_URL is not None)


@cache
def market() -> Market:
    """Return the market of this deployment. Beside a sandbox there is no pace to keep: it is ours and bans nobody."""
    pace = timedelta() if settings.SANDBOX_URL else min(source.board.at_most_every for source in CATALOGUE)
    return Market(
        boards=HttpBoards(sandbox=settings.SANDBOX_URL, keys=_keys()),
        sources=tuple(choice.source for choice in choices() if choice.asked),
        rules=Rules(quorum=settings.PRICES_QUORUM, agreement=settings.PRICES_AGREEMENT),
        deadline=settings.PRICES_DEADLINE,
        pace=pace,
    )


def _keys() -> dict[str, str]:
    """Return the boards' keys. The sandbox, whose journal notes what it is asked, is never told a real one."""
    if settings.SANDBOX_URL:
        return {source.board.name: "sandbox" for source in CATALOGUE if source.board.key}
    return {name: key for name, key in settings.PRICES_KEYS.items() if key}
