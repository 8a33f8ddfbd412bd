"""The sandbox's HTTP server: notes each call, misbehaves if told to, and answers as the board would."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from aiohttp import web

from zargar.sandbox.boards import ROUTES
from zargar.sandbox.journal import Journal
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene, instead
from zargar.sandbox.postal import Postal
from zargar.sandbox.push import services
from zargar.sandbox.sms import companies
from zargar.sandbox.sms.desk import Speaker, plug_in
from zargar.sandbox.wire import Call, Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL: Final = "/_sandbox"
MOST_BYTES: Final = 8 << 20
"""200 long texts in one form are more than a megabyte."""


class Sandbox:
    """The state of one sandbox: its market, its journal, and which board misbehaves how."""

    def __init__(self, market: Market, journal: Journal) -> None:
        self.market = market
        self.journal = journal
        self.quirks: dict[str, Quirk] = {}
        self.stands_at: datetime | None = None
        self.companies: list[Speaker] = [*companies(), Postal(), *services()]
        self.names = [*ROUTES, *(one.name for one in self.companies)]

    def application(self) -> web.Application:
        """Return the web application: every board under its name, and the control."""
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._note])
        for board, routes in ROUTES.items():
            for route in routes:
                app.router.add_route(route.method, f"/{board}{route.path}", self._board(route))
        for company in self.companies:
            plug_in(app, company, self)
        app.router.add_post(f"{CONTROL}/misbehave", self._misbehave)
        app.router.add_get(f"{CONTROL}/market", self._show_market)
        app.router.add_post(f"{CONTROL}/market", self._move_market)
        app.router.add_post(f"{CONTROL}/clock", self._set_clock)
        app.router.add_get(f"{CONTROL}/journal", self._show_journal)
        app.router.add_delete(f"{CONTROL}/journal", self._clear_journal)
        return app

    @web.middleware
    async def _note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(CONTROL) or request.path == f"{CONTROL}/elsewhere":
            board = request.path.split("/", 2)[1]
            request["quirk"] = quirk = self.quirk_of(board)
            request["n"] = self.journal.note(
                board=board,
                method=request.method,
                path=request.path,
                query=request.query_string,
                headers=dict(request.headers),
                body=(await request.read()).decode("utf-8", "replace"),
                how=quirk.how if quirk else None,
            )
        return await handler(request)

    def _board(self, route: Route) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            quirk: Quirk | None = request["quirk"]
            if quirk is not None:
                other = await instead(request, quirk)
                if other is not None:
                    return other
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
            scene = Scene(self.market, self.moment(), quirk)
            call = Call(
                form=form, cookies=dict(request.cookies), query=dict(request.query), headers=dict(request.headers)
            )
            reply = route.answer(scene, call)
            response = web.Response(
                text=reply.body, content_type=reply.content_type, status=reply.status, headers=reply.headers
            )
            for name, value in reply.cookies.items():
                response.set_cookie(name, value)
            return response

        return answer

    async def _misbehave(self, request: web.Request) -> web.Response:
        order = await _order(request)
        board = str(order.get("board"))
        if board not in self.names:
            return _refused(f"no board {board!r}: one of {', '.join(self.names)}")
        if order.get("how") is None:
            self.quirks.pop(board, None)
            return web.json_response({"board": board, "how": None})
        if order["how"] not in set(How):
            return _refused(f"no way to misbehave {order['how']!r}: one of {', '.join(How)}")
        calls = order.get("calls")
        quirk = Quirk(
            How(order["how"]), self.moment(), float(order.get("seconds", 0)), str(order.get("code", "")),
            None if calls is None else int(calls),
        )  # fmt: skip
        self.quirks[board] = quirk
        return web.json_response({"board": board, "how": quirk.how, "seconds": quirk.seconds})

    async def _show_market(self, _: web.Request) -> web.Response:
        at = self.moment()
        return web.json_response(
            {
                "at": at.isoformat(),
                "toman_per_gram_18k": str(int(self.market.gold(at))),
                "factor": str(self.market.factor),
                "misbehaving": {board: quirk.how for board, quirk in self.quirks.items()},
            }
        )

    async def _move_market(self, request: web.Request) -> web.Response:
        order = await _order(request)
        try:
            factor = Decimal(str(order.get("factor")))
        except InvalidOperation:
            factor = Decimal(0)
        if not (factor.is_finite() and factor > 0):
            return _refused("factor must be a positive number")
        self.market.factor *= factor
        return web.json_response({"factor": str(self.market.factor)})

    async def _set_clock(self, request: web.Request) -> web.Response:
        """Have it be `at` (ISO 8601 with a zone) in this world until told otherwise; null: the real time."""
        order = await _order(request)
        try:
            at = None if order.get("at") is None else datetime.fromisoformat(str(order["at"]))
        except ValueError:
            return _refused("at must be ISO 8601")
        if at is not None and at.tzinfo is None:
            return _refused("at must name its zone")
        self.stands_at = at.astimezone(UTC) if at else None  # boards write what the clock of UTC says
        return web.json_response({"at": self.moment().isoformat()})

    def moment(self) -> datetime:
        """Return the time in this world."""
        return self.stands_at or datetime.now(UTC)

    def quirk_of(self, board: str) -> Quirk | None:
        """Return how a board misbehaves in the call that has come; where they are counted, it is one fewer now."""
        quirk = self.quirks.get(board)
        if quirk is not None and quirk.calls is not None:
            if quirk.calls > 1:
                self.quirks[board] = replace(quirk, calls=quirk.calls - 1)
            else:
                self.quirks.pop(board)
        return quirk

    async def _show_journal(self, _: web.Request) -> web.Response:
        return web.json_response(self.journal.calls())

    async def _clear_journal(self, _: web.Request) -> web.Response:
        self.journal.clear()
        return web.Response(status=204)


async def _order(request: web.Request) -> dict[str, Any]:
    try:
        order = await request.json()
    except json.JSONDecodeError:
        order = None
    return order if isinstance(order, dict) else {}


def _refused(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
