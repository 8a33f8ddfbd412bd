"""Asks all boards at once over HTTP, under one deadline that holds against everything a server can do wrong.

Silence, one byte a second, headers or a body without end, a name server that never answers, a refused connection, a bad
certificate: each costs that board its answer and the tick nothing more than the deadline. Names are resolved without
threads (aiodns), because a thread stuck in `getaddrinfo` cannot be cancelled and would outlive any deadline.

Bodies are asked for uncompressed (`Accept-Encoding: identity`): a bound on bytes read is then a bound on memory.
Redirects are not followed; a price that has moved is a change for a person to look at. A board whose guard sets a
cookie with a 307 is asked once more at its own address.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp
from aiohttp.resolver import AsyncResolver

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.board import Board
from zargar.pricing.figures import escaped
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Rejection, Why

MOST_BYTES: Final = 1 << 20
"""The largest real answer is TGJU's, 179 kB."""
HEADERS: Final = {
    "User-Agent": f"zargar/{version('zargar')} (+gold price engine)",
    "Accept": "application/json, text/html;q=0.5",
    "Accept-Encoding": "identity",
}


class _Refused(Exception):  # noqa: N818 -- carries data to the one place that returns it
    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(why)
        self.rejection = Rejection("", why, detail)


class HttpBoards:
    """The port `Boards` over HTTP.

    Args:
        sandbox: where a stand-in listens (`http://127.0.0.1:8080`). Every board is then asked there, at
            `<sandbox>/<board name>/<its own path and query>`, and nothing leaves this machine.
        nameservers: `address[:port]` of the name servers to use instead of the system's.
        keys: by board name, what is sent where a board needs a key. In no log, no detail and no `repr`.
        most_bytes: the longest body that is read.
    """

    def __init__(
        self,
        *,
        sandbox: str | None = None,
        nameservers: Sequence[str] | None = None,
        keys: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._keys = dict(keys or {})
        self._sandbox = sandbox.rstrip("/") if sandbox else None
        self._nameservers = nameservers
        self._most_bytes = most_bytes

    def ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        """Ask every board at once; see the port for what is guaranteed. Must not be called inside a running loop."""
        return asyncio.run(self._ask_all(boards, deadline=deadline, now=now))

    async def _ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        loop = asyncio.get_running_loop()
        began = loop.time()
        until = began + deadline.total_seconds()
        resolver = AsyncResolver(nameservers=self._nameservers)
        connector = aiohttp.TCPConnector(resolver=resolver, limit=0, force_close=True)
        try:
            replies = await asyncio.gather(
                *(self._ask_in_time(board, connector, until=until, began=began, now=now) for board in boards)
            )
        finally:
            await connector.close(abort_ssl=True)
            await resolver.close()
        names = [board.name for board in boards]
        return Asked(
            answers={name: answer for name, (answer, _) in zip(names, replies, strict=True)},
            took={name: timedelta(seconds=took) for name, (_, took) in zip(names, replies, strict=True)},
            elapsed=timedelta(seconds=loop.time() - began),
        )

    async def _ask_in_time(
        self, board: Board, connector: aiohttp.TCPConnector, *, until: float, began: float, now: datetime
    ) -> tuple[Answer | Rejection, float]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(until):
                status, content_type, body = await self._ask(board, connector, now=now)
        except (_Refused, BadAnswer) as refused:
            return self._discreet(board, refused.rejection), loop.time() - began
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one of the latter
            failure = Rejection("", _why(error), escaped(str(error)) or type(error).__name__)
            return self._discreet(board, failure), loop.time() - began
        took = loop.time() - began
        return Answer(status, content_type, body, received_at=now + timedelta(seconds=took)), took

    async def _ask(self, board: Board, connector: aiohttp.TCPConnector, *, now: datetime) -> tuple[int, str, bytes]:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=connector,
                    connector_owner=False,
                    cookie_jar=aiohttp.CookieJar(
                        unsafe=True
                    ),  # a jar of its own for each board: an address may set one
                    headers=HEADERS,
                    auto_decompress=False,
                    timeout=aiohttp.ClientTimeout(total=None),  # the deadline of the tick, and no other
                )
            )
            if board.handshake is None:
                return await self._exchange(session, board, board.url, again=board.cookie_first)
            page = await self._exchange(session, board, board.handshake.url)
            form = board.handshake.form(Answer(*page, received_at=now))
            return await self._exchange(session, board, board.url, form=form, headers=board.handshake.headers)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        board: Board,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> tuple[int, str, bytes]:
        method = "GET" if form is None else "POST"
        address = self._address(board, url)
        async with session.request(method, address, data=form, headers=headers, allow_redirects=False) as response:
            if again and response.status == HTTPStatus.TEMPORARY_REDIRECT and response.cookies:
                return await self._exchange(session, board, url)  # never where it points, only with what it set
            if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
                raise _Refused(Why.REDIRECTED, f"{response.status} to {escaped(response.headers.get('Location', ''))}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._most_bytes:
                    raise _Refused(Why.TOO_LARGE, f"more than {self._most_bytes} bytes")
            return response.status, response.content_type, bytes(body)

    def _address(self, board: Board, url: str) -> str:
        parts = urlsplit(url)
        secret = {board.key.parameter: self._keys.get(board.name, "")} if board.key else {}
        query = urlencode([*parse_qsl(parts.query), *secret.items()])
        if self._sandbox is None:
            return urlunsplit(parts._replace(query=query)) if secret else url
        return f"{self._sandbox}/{board.name}{parts.path}{f'?{query}' if query else ''}"

    def _discreet(self, board: Board, rejection: Rejection) -> Rejection:
        """Take the board's key out of what is said about its failure: an error may repeat the address."""
        key = self._keys.get(board.name)
        if not key or board.key is None:
            return rejection
        named = rf"(\b{re.escape(board.key.parameter)}=)[^&#\s'\"]*"
        return replace(rejection, detail=re.sub(named, r"\1...", rejection.detail.replace(key, "...")))


def _why(error: Exception) -> Why:
    if isinstance(error, TimeoutError):
        return Why.TIMEOUT
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Why.TLS
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return Why.NOT_HTTP
    return Why.UNREACHABLE
