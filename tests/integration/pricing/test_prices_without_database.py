"""What remains of prices when the database is away: a failure that says so and is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from zargar.outcomes import Retryable
from zargar.pricing import operations
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.market import Market
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_tick_that_cannot_be_stored_is_to_be_tried_again() -> None:
    market = Market(GivenBoards({}), CATALOGUE, Rules(), timedelta(seconds=1), pace=timedelta())
    with pytest.raises(Retryable, match="could not be stored: OperationalError"):
        operations.update_prices(market=market, now=NOW)
