"""The catalogue of boards, and the feeds of the world beside it: one file for each, in the order of the lists."""

from typing import Final

from zargar.pricing.board import Source
from zargar.pricing.sources import (
    bonbast,
    brsapi,
    daric,
    digikala,
    ecogold,
    goldapi,
    goldika,
    goldprice,
    melligold,
    milli,
    navasan,
    talair,
    talasea,
    technogold,
    tgju,
    tlyn,
    union,
    wallgold,
)
from zargar.refusals import InvalidError

CATALOGUE: Final = (
    Source(wallgold.BOARD, wallgold.read),
    Source(tgju.BOARD, tgju.read),
    Source(talasea.BOARD, talasea.read),
    Source(milli.BOARD, milli.read),
    Source(tlyn.BOARD, tlyn.read),
    Source(bonbast.BOARD, bonbast.read),
    Source(goldika.BOARD, goldika.read),
    Source(technogold.BOARD, technogold.read),
    Source(ecogold.BOARD, ecogold.read),
    Source(digikala.BOARD, digikala.read),
    Source(daric.BOARD, daric.read),
    Source(melligold.BOARD, melligold.read),
    Source(talair.BOARD, talair.read),
    Source(union.BOARD, union.read),
    Source(brsapi.BOARD, brsapi.read),
    Source(navasan.BOARD, navasan.read),
)

WORLD_FAMILY: Final = "world"
WORLD: Final = (Source(goldapi.BOARD, goldapi.read), Source(goldprice.BOARD, goldprice.read))
"""Feeds of the ounce in dollars: asked along with the boards and kept with each tick, never in a quorum."""


class UnknownSourceError(InvalidError):
    """No board has this name."""

    def __init__(self, name: str) -> None:
        names = ", ".join(source.board.name for source in (*CATALOGUE, *WORLD))
        super().__init__(f"no source {name!r}: one of {names}")


def known(name: str) -> Source:
    """Return the source of this name, of a board or of a feed of the world. Raises `UnknownSourceError`."""
    for source in (*CATALOGUE, *WORLD):
        if source.board.name == name:
            return source
    raise UnknownSourceError(name)


def named(name: str) -> Source:
    """Return the board of this name. Raises `UnknownSourceError`, which lists the names there are."""
    for source in CATALOGUE:
        if source.board.name == name:
            return source
    raise UnknownSourceError(name)
