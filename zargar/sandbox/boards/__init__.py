"""The boards that the sandbox stands in for: one file for each, in the shape that was recorded of the real one."""

from typing import Final

from zargar.sandbox.boards import (
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

ROUTES: Final = {
    board.NAME: board.ROUTES
    for board in (
        wallgold, tgju, talasea, milli, tlyn, bonbast, goldika, technogold, ecogold, digikala, daric, melligold, talair,
        union, brsapi, navasan, goldapi, goldprice,
    )
}  # fmt: skip
