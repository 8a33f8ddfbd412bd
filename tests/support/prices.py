"""A market of two boards that show what a test gives them."""

from datetime import datetime, timedelta

from zargar.clock import TEHRAN
from zargar.pricing.answers import Answer
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.market import Market
from zargar.pricing.rules import Rules
from zargar.pricing.sources import named


def market_of(*, wallgold: int, tgju: int, now: datetime) -> Market:
    """Both boards answer at `now`; prices in Toman per gram of 750."""
    clock = f"{now.astimezone(TEHRAN):%Y-%m-%d %H:%M:%S}"
    bodies = {
        "wallgold": f'{{"result": [{{"symbol": "GLD_18C_750TMN", "marketCap": {{"lastPrice": "{wallgold}"}}}}]}}',
        "tgju": f'{{"current": {{"geram18": {{"p": "{tgju * 10:,}", "ts": "{clock}"}}}}}}',
    }
    answers = {name: Answer(200, "application/json", body.encode(), now) for name, body in bodies.items()}
    return Market(
        GivenBoards(answers), (named("wallgold"), named("tgju")), Rules(), timedelta(seconds=1), pace=timedelta()
    )
