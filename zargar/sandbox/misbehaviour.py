"""The ways in which a board goes wrong: in what it says, or in how it speaks HTTP. Each has been seen or is easy to do.

`says` changes the number before the board's own format is made; the rest is done to the connection, by the byte.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import Final

from aiohttp import web

from zargar.sandbox.market import Market


class How(StrEnum):
    """What a board does wrong, or, for the five from `zero` on, says wrong.

    The last are those of who is handed something, as a company that carries messages: it refuses by a code of its own,
    or does what it was asked and the answer goes wrong on its way.
    """

    SILENT = "silent"
    DRIP = "drip"
    ENDLESS_HEADERS = "endless_headers"
    ENDLESS_BODY = "endless_body"
    REFUSE = "refuse"
    DELAY = "delay"
    HTML = "html"
    ERROR_500 = "error500"
    ERROR_403 = "error403"
    REDIRECT = "redirect"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_INWARD = "redirect_inward"
    EMPTY = "empty"
    ERROR_IN_200 = "error_in_200"
    BUSY = "busy"
    TOKEN_STALE = "token_stale"  # noqa: S105 -- a way to misbehave, not a secret
    SUSPENDED = "suspended"
    CLOCK = "clock"
    ZERO = "zero"
    NULL = "null"
    TIMES_TEN = "times_ten"
    TENTH = "tenth"
    FROZEN = "frozen"
    REFUSAL = "refusal"
    REFUSAL_IN_200 = "refusal_in_200"
    LOST_ANSWER = "lost_answer"
    SILENT_AFTER = "silent_after"
    SLOW_ANSWER = "slow_answer"
    HUGE_ANSWER = "huge_answer"
    GARBAGE_ANSWER = "garbage_answer"
    ERROR_500_AFTER = "error500_after"
    WORKS_LATER = "works_later"
    """It begins its work `seconds` later and does it, whether or not who asked is still there to hear the answer."""


@dataclass(frozen=True)
class Quirk:
    """A misbehaviour since a moment.

    `seconds` is the wait of `delay`, `slow_answer` and `works_later`, the shift of `clock` (negative: behind), what
    `busy` asks to be left alone for. `code` is what `refusal` refuses by. `calls` is how many calls it is for; None:
    until healed.
    """

    how: How
    since: datetime
    seconds: float = 0
    code: str = ""
    calls: int | None = None


@dataclass(frozen=True)
class Scene:
    """What a board shows at a moment: the market, as far as its quirk lets it."""

    market: Market
    at: datetime
    quirk: Quirk | None

    def has(self, how: How) -> bool:
        """Say whether the board misbehaves in this way now."""
        return self.quirk is not None and self.quirk.how is how

    @property
    def clock(self) -> datetime:
        """The time on the board's own clock."""
        return self.at + timedelta(seconds=self.quirk.seconds if self.quirk and self.has(How.CLOCK) else 0)

    def gold(self, at: datetime) -> Decimal | None:
        """Return Toman for one gram of 750 as this board shows it; None where it shows null."""
        if self.quirk is None:
            return self.market.gold(at)
        if self.quirk.how is How.NULL:
            return None
        if self.quirk.how is How.FROZEN:
            return self.market.gold(self.quirk.since)
        return self.market.gold(at) * _FACTORS.get(self.quirk.how, Decimal(1))

    def ounce(self, at: datetime) -> float | None:
        """Return dollars for one ounce as a feed of the world shows it, to a tenth of a cent; None where it shows null.

        A number in JSON, as those feeds write it: the boards of Tehran show the market's ounce themselves.
        """
        if self.has(How.NULL):
            return None
        seen = self.quirk.since if self.quirk and self.has(How.FROZEN) else at
        factor = _FACTORS.get(self.quirk.how, Decimal(1)) if self.quirk else Decimal(1)
        return round(float(self.market.ounce(seen) * factor), 3)


_FACTORS: Final = {How.ZERO: Decimal(0), How.TIMES_TEN: Decimal(10), How.TENTH: Decimal("0.1")}
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHALLENGE: Final = "<!doctype html><html><head><title>Just a moment...</title></head><body></body></html>"


async def instead(request: web.Request, quirk: Quirk) -> web.StreamResponse | None:
    """Misbehave on the connection; None when this way of misbehaving ends in the board's own answer.

    What does not end by itself is cancelled when the other side leaves (the server's `handler_cancellation`); work that
    goes on after that is `works_later`, which whoever does the work sees to.
    """
    if quirk.how is How.DELAY:
        await asyncio.sleep(quirk.seconds)
    if quirk.how is How.BUSY:
        return web.Response(status=429, text="Too Many Requests", headers={"Retry-After": str(int(quirk.seconds))})
    if quirk.how is How.REDIRECT_LOOP:
        return web.Response(status=302, headers={"Location": str(request.url)})
    if quirk.how in _PAGES:
        status, text, headers = _PAGES[quirk.how]
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)
    if quirk.how in _CONNECTIONS:
        return await _CONNECTIONS[quirk.how](request)
    return None


async def _silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _refuse(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _drip(request: web.Request) -> web.StreamResponse:
    """One byte a second, from the first byte of the status line on."""
    for byte in _HEAD + b'Content-Length: 16\r\n\r\n{"patience": 1}\n':
        _write(request, bytes([byte]))
        await asyncio.sleep(1)
    return await _refuse(request)


async def _endless_headers(request: web.Request) -> web.StreamResponse:
    _write(request, _HEAD)
    for number in count():
        _write(request, f"X-Header-{number}: and one more\r\n".encode())
        await asyncio.sleep(0.05)
    return web.Response()


async def _endless_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


def _write(request: web.Request, piece: bytes) -> None:
    """Write past aiohttp, which knows no way to be this slow or this wrong."""
    if request.transport is not None and not request.transport.is_closing():
        request.transport.write(piece)


_PAGES: Final[dict[How, tuple[int, str, dict[str, str]]]] = {
    How.HTML: (200, CHALLENGE, {}),
    How.ERROR_500: (500, "Internal Server Error", {}),
    How.ERROR_403: (403, CHALLENGE, {}),
    How.REDIRECT: (302, "", {"Location": "/_sandbox/elsewhere"}),
    How.REDIRECT_INWARD: (302, "", {"Location": "http://169.254.169.254/latest/meta-data/"}),
    How.EMPTY: (200, "", {}),
    How.ERROR_IN_200: (200, '{"error": {"code": 500, "message": "internal error"}}', {}),
}
_CONNECTIONS: Final = {
    How.SILENT: _silent,
    How.REFUSE: _refuse,
    How.DRIP: _drip,
    How.ENDLESS_HEADERS: _endless_headers,
    How.ENDLESS_BODY: _endless_body,
}
