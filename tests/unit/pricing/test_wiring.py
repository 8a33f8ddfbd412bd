"""What the settings make of the market's parts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from zargar.pricing import wiring
from zargar.pricing.market import Market
from zargar.pricing.politeness import MannerRules
from zargar.pricing.proxies import ProxyError
from zargar.pricing.sources import WORLD


@pytest.fixture(autouse=True)
def _built_anew() -> Iterator[None]:
    """Both are built once in a process; here they follow each test's settings."""
    for each in (wiring.choices, wiring.market):
        each.cache_clear()
    yield
    for each in (wiring.choices, wiring.market):
        each.cache_clear()


def market(**settings: object) -> Market:
    defaults = {"SANDBOX_URL": None, "PRICES_EVERY_SECONDS": None, "PRICES_SOURCES": None, "PRICES_PROXIES": ""}
    with override_settings(**{**defaults, **settings}):
        return wiring.market()


def test_in_the_world_boards_are_left_alone_for_hours_and_feeds_are_asked_along() -> None:
    built = market()
    assert built.manners == MannerRules()
    assert built.world == WORLD
    assert built.pace == timedelta(seconds=30)


@pytest.mark.parametrize(("every", "soon"), [(4, 12), (None, 15)])
def test_beside_the_sandbox_a_healed_board_is_back_within_seconds(every: int | None, soon: int) -> None:
    built = market(SANDBOX_URL="http://127.0.0.1:1", PRICES_EVERY_SECONDS=every)
    span = timedelta(seconds=soon)
    assert built.manners == MannerRules(open_for=span, forbidden=(span,), longest=span)
    assert built.pace == timedelta()


def test_without_the_feeds_none_is_asked() -> None:
    assert market(PRICES_WORLD=False).world == ()


def test_a_route_of_nobody_is_refused() -> None:
    with pytest.raises(ProxyError, match="nobody"):
        market(PRICES_PROXIES="nobody=http://u:secret@127.0.0.1:1")
    assert market(PRICES_PROXIES="world=http://127.0.0.1:1,union=http://127.0.0.1:2,*=http://127.0.0.1:3").sources
