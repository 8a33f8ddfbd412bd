"""The real parts from the settings, built once, for tasks, commands and the console."""

from datetime import timedelta
from functools import cache

from django.conf import settings

from zargar.pricing.boards import HttpBoards
from zargar.pricing.operations import Market
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE


@cache
def market() -> Market:
    """Return the market of this deployment. Beside a sandbox there is no pace to keep: it is ours and bans nobody."""
    pace = timedelta() if settings.SANDBOX_URL else max(source.board.at_most_every for source in CATALOGUE)
    return Market(
        boards=HttpBoards(sandbox=settings.SANDBOX_URL),
        sources=CATALOGUE,
        rules=Rules(quorum=settings.PRICES_QUORUM, agreement=settings.PRICES_AGREEMENT),
        deadline=settings.PRICES_DEADLINE,
        pace=pace,
    )
