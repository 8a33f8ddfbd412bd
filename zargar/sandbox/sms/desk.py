"""Between the sandbox's server and the companies: calls in, misbehaviour, answers out, and the control.

A call is noted by the server before anything else; then, in this order, the company misbehaves instead of answering
(`misbehaviour.instead`), refuses by the code that the order names, or does its work; what it took is written into the
journal's file as `{"of": n of the call, "board", "accepted": [[reference, receptor, id], …], "again": [reference, …]}`
(`again`: recognised and not sent again); and only then the answer leaves, or, by order, is lost on its way. By
`works_later` it begins its work later, and does it also when the caller has left.

- `POST /_sandbox/sms/{company}` `{"credit": 0, "blacklist": […], …}` sets what `company.Rules` has.
- `GET /_sandbox/sms/{company}` counts: `accepted`, `twice` (references taken more than once), `credit`, `misbehaving`.
- `GET /_sandbox/sms/{company}/accepted?by=receptor|reference` counts each.
- `POST /_sandbox/sms/{company}/inbound` `{"sender", "line", "text"}` has somebody write.
- `DELETE /_sandbox/sms/{company}` begins anew.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from aiohttp import web

from zargar.sandbox.journal import Journal
from zargar.sandbox.misbehaviour import How, Quirk, instead
from zargar.sandbox.sms.company import Company

PATH: Final = "/_sandbox/sms"
HUGE: Final = 10 << 20
"""Bytes of an answer that is far too long."""


@dataclass(frozen=True)
class Ask:
    """A call as a protocol reads it. `at` is in seconds of Unix time; `document` is the JSON of the body, or None."""

    at: float
    path: Mapping[str, str]
    fields: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Told:
    """An answer: JSON, and the status of HTTP. `again` are the references that were recognised and not sent again."""

    document: Any
    status: int = 200
    again: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Speaker(Protocol):
    """A company with its protocol."""

    @property
    def name(self) -> str:
        """Its name, which is the first segment of its paths."""

    @property
    def company(self) -> Company:
        """What it is without its protocol."""

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered, by method (`*`: any) and path, in which `{name}` stands for a segment."""

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by the company's own code, in its own shape; `status` overrides that of HTTP."""


class House(Protocol):
    """What the desk needs of the sandbox."""

    journal: Journal

    def quirk_of(self, name: str) -> Quirk | None:
        """Return how it misbehaves in this call."""

    def moment(self) -> datetime:
        """Return the time in this world."""


def plug_in(app: web.Application, speaker: Speaker, house: House) -> None:
    """Add a company's addresses and its control to the web application."""
    desk = _Desk(speaker, house)
    for (method, path), answer in speaker.routes().items():
        app.router.add_route(method, f"/{speaker.name}{path}", desk.serve(answer))
    app.router.add_get(f"{PATH}/{speaker.name}", desk.show)
    app.router.add_post(f"{PATH}/{speaker.name}", desk.change)
    app.router.add_delete(f"{PATH}/{speaker.name}", desk.forget)
    app.router.add_get(f"{PATH}/{speaker.name}/accepted", desk.accepted)
    app.router.add_post(f"{PATH}/{speaker.name}/inbound", desk.write)


class _Desk:
    def __init__(self, speaker: Speaker, house: House) -> None:
        self._speaker = speaker
        self._company = speaker.company
        self._house = house
        self._working: set[asyncio.Task[Told]] = set()
        """What is in work for callers who may have left: nobody else keeps such a task."""

    def serve(self, answer: Callable[[Ask], Told]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def served(request: web.Request) -> web.StreamResponse:
            quirk = request.get("quirk")
            if quirk is not None:
                other = await instead(request, quirk)
                if other is not None:
                    return other
                if quirk.how in {How.REFUSAL, How.REFUSAL_IN_200}:
                    ok = HTTPStatus.OK if quirk.how is How.REFUSAL_IN_200 else None
                    return _response(self._speaker.refusal(quirk.code, status=ok))
            ask = await self._ask(request)
            if quirk is not None and quirk.how is How.WORKS_LATER:
                return _response(await self._later(request, answer, ask, quirk.seconds))
            return await _after(request, quirk, _response(self._work(request, answer, ask)))

        return served

    def _work(self, request: web.Request, answer: Callable[[Ask], Told], ask: Ask) -> Told:
        told = answer(ask)
        self._note(request, told)
        return told

    async def _later(self, request: web.Request, answer: Callable[[Ask], Told], ask: Ask, seconds: float) -> Told:
        """Do the work in a task of its own, which does not end when who asked leaves."""

        async def late() -> Told:
            await asyncio.sleep(seconds)
            return self._work(request, answer, replace(ask, at=self._house.moment().timestamp()))

        work = asyncio.create_task(late())
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        return await asyncio.shield(work)

    async def _ask(self, request: web.Request) -> Ask:
        at = self._house.moment().timestamp()
        fields = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        document = None
        if request.content_type == "application/json":
            try:
                document = await request.json()
            except json.JSONDecodeError:
                document = None
        return Ask(at, dict(request.match_info), fields, document, request.headers, await request.read())

    def _note(self, request: web.Request, told: Told) -> None:
        news = self._company.news()
        if news or told.again:
            self._house.journal.add(
                of=request.get("n"),
                board=self._speaker.name,
                accepted=[[one.reference, one.receptor, one.id] for one in news if not one.blocked],
                again=list(told.again),
            )

    # -- the control --------------------------------------------------------------------------------------------------

    async def show(self, _: web.Request) -> web.Response:
        twice = sum(times > 1 for times in self._company.by_reference.values())
        return web.json_response(
            {"accepted": self._company.accepted, "twice": twice, "credit": self._company.rules.credit}
        )

    async def change(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(self._company.change(await request.json()))
        except (TypeError, json.JSONDecodeError) as bad:
            return web.json_response({"error": str(bad)}, status=400)

    async def forget(self, _: web.Request) -> web.Response:
        self._company.forget()
        return web.Response(status=204)

    async def accepted(self, request: web.Request) -> web.Response:
        by = request.query.get("by")
        counts: Mapping[Any, int] = self._company.by_reference if by == "reference" else self._company.by_receptor
        return web.json_response({str(name): times for name, times in counts.items()})

    async def write(self, request: web.Request) -> web.Response:
        try:
            order = await request.json()
            one = self._company.written(
                sender=order["sender"], line=order["line"], text=order["text"], at=self._house.moment().timestamp()
            )
        except (TypeError, KeyError, json.JSONDecodeError):
            return web.json_response({"error": "sender, line and text"}, status=400)
        return web.json_response({"id": one.id})


def _response(told: Told) -> web.Response:
    text = json.dumps(told.document, ensure_ascii=False)
    return web.Response(text=text, status=told.status, content_type="application/json", headers=told.headers)


async def _after(request: web.Request, quirk: Quirk | None, response: web.Response) -> web.StreamResponse:
    """Let the answer go, or have it go wrong on its way: the work is done either way."""
    how = quirk.how if quirk else None
    if how is How.LOST_ANSWER and request.transport is not None:
        request.transport.abort()
    if how is How.SILENT_AFTER:
        await asyncio.Event().wait()
    if how is How.SLOW_ANSWER and quirk is not None:
        await asyncio.sleep(quirk.seconds)
    if how is How.HUGE_ANSWER:
        return web.Response(body=b" " * HUGE, content_type="application/json")
    if how is How.GARBAGE_ANSWER:
        return web.Response(body=b'{"return": {"status": 2\xff', content_type="application/json")
    if how is How.ERROR_500_AFTER:
        return web.Response(status=500, text="Internal Server Error")
    return response
