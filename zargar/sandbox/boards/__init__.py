"""The boards that the sandbox stands in for: one file for each, in the shape that was recorded of the real one."""

from typing import Final

from zargar.sandbox.boards import bonbast, milli, talasea, tgju, tlyn, wallgold

ROUTES: Final = {board.NAME: board.ROUTES for board in (wallgold, tgju, talasea, milli, tlyn, bonbast)}
