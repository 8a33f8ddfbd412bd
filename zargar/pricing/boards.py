"""Asks all boards at once over HTTP, under one deadline that holds against everything a server can do wrong.

Silence, one byte a second, headers or a body without end, a name server that never answers, a refused connection, a bad
certificate: each costs that board its answer and the tick nothing more than the deadline. Names are resolved without
threads (aiodns), because a thread stuck in `getaddrinfo` cannot be cancelled and would outlive any deadline, and never
to a private address (`resolver`).

Bodies are asked for uncompressed (`Accept-Encoding: identity`): a bound on bytes read is then a bound on memory.
Redirects are not followed; a price that has moved is a change for a person to look at. A board whose guard sets a
cookie with a 307 is asked once more at its own address. A hand-shake and what follows it share one connection, as a
browser's would; between boards and between rounds nothing is shared, since five idle minutes outlive no keep-alive.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp

from zargar.pricing import proxies as routes
from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.board import Board
from zargar.pricing.figures import escaped
from zargar.pricing.politeness import retry_after
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.resolver import PrivateAddress, PublicResolver

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
        self.why = why
        self.detail = detail


@dataclass(frozen=True)
class _Asking:
    """One board in one round: its connections, its route, and when the round began (by the loop's and by our clock)."""

    board: Board
    connector: aiohttp.TCPConnector
    proxy: str | None
    began: float
    now: datetime

    def took(self) -> float:
        return asyncio.get_running_loop().time() - self.began


class HttpBoards:
    """The port `Boards` over HTTP.

    Args:
        sandbox: where a stand-in listens (`http://127.0.0.1:8080`). Every board is then asked there, at
            `<sandbox>/<board name>/<its own path and query>`, and nothing leaves this machine.
        nameservers: `address[:port]` of the name servers to use instead of the system's.
        keys: by board name, what is sent where a board needs a key. In no log, no detail and no `repr`.
        proxies: by board name, family or `*`, the proxy that it is asked through (`proxies.read`). As discreet.
        most_bytes: the longest body that is read.
    """

    def __init__(
        self,
        *,
        sandbox: str | None = None,
        nameservers: Sequence[str] | None = None,
        keys: Mapping[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._keys = dict(keys or {})
        self._proxies = dict(proxies or {})
        self._sandbox = sandbox.rstrip("/") if sandbox else None
        self._nameservers = nameservers
        self._most_bytes = most_bytes
        self._tls = ssl.create_default_context()

    def ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        """Ask every board at once; see the port for what is guaranteed. Must not be called inside a running loop."""
        return asyncio.run(self._ask_all(boards, deadline=deadline, now=now))

    async def _ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        loop = asyncio.get_running_loop()
        began = loop.time()
        resolver = PublicResolver(nameservers=self._nameservers, trusted=self._trusted())
        connectors = [
            aiohttp.TCPConnector(resolver=resolver, ssl=self._tls, limit=0, use_dns_cache=False) for _ in boards
        ]
        each = [
            _Asking(board, connector, self._proxy(board), began, now)
            for board, connector in zip(boards, connectors, strict=True)
        ]
        try:
            replies = await asyncio.gather(
                *(self._ask_in_time(one, until=began + deadline.total_seconds()) for one in each)
            )
        finally:
            for connector in connectors:
                await connector.close(abort_ssl=True)
            await resolver.close()
        names = [board.name for board in boards]
        return Asked(
            answers={name: answer for name, (answer, _) in zip(names, replies, strict=True)},
            took={name: timedelta(seconds=took) for name, (_, took) in zip(names, replies, strict=True)},
            elapsed=timedelta(seconds=loop.time() - began),
        )

    async def _ask_in_time(self, one: _Asking, *, until: float) -> tuple[Answer | Rejection, float]:
        try:
            async with asyncio.timeout_at(until):
                answer = await self._ask(one)
        except BadAnswer as bad:
            return bad.rejection, one.took()
        except _Refused as refused:
            return self._refusal(one, refused.why, refused.detail), one.took()
        except PrivateAddress as private:
            return self._refusal(one, Why.PRIVATE_ADDRESS, str(private)), one.took()
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one of the latter
            return self._refusal(one, _why(error), _words(error)), one.took()
        return answer, one.took()

    async def _ask(self, one: _Asking) -> Answer:
        board = one.board
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=one.connector,
                    connector_owner=False,
                    cookie_jar=aiohttp.CookieJar(
                        unsafe=True
                    ),  # a jar of its own for each board: an address may set one
                    headers={**HEADERS, **board.headers},
                    auto_decompress=False,
                    timeout=aiohttp.ClientTimeout(total=None),  # the deadline of the tick, and no other
                )
            )
            if board.handshake is None:
                return await self._exchange(session, one, board.url, again=board.cookie_first)
            page = await self._exchange(session, one, board.handshake.url)
            if page.status != HTTPStatus.OK:
                return page  # an error for the source to judge, as it would be without a hand-shake
            form = board.handshake.form(page)
            return await self._exchange(session, one, board.url, form=form, headers=board.handshake.headers)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        one: _Asking,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> Answer:
        method = "GET" if form is None else "POST"
        address = self._address(one.board, url)
        async with session.request(
            method, address, data=form, headers=headers, proxy=one.proxy, allow_redirects=False
        ) as response:
            if again and response.status == HTTPStatus.TEMPORARY_REDIRECT and response.cookies:
                return await self._exchange(session, one, url)  # never where it points, only with what it set
            if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
                raise _Refused(Why.REDIRECTED, f"{response.status} to {response.headers.get('Location', '')}")
            if response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and one.proxy:
                raise _Refused(Why.PROXY, "it wants another user or password")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._most_bytes:
                    raise _Refused(Why.TOO_LARGE, f"more than {self._most_bytes} bytes")
            return Answer(
                response.status,
                response.content_type,
                bytes(body),
                received_at=one.now + timedelta(seconds=one.took()),
                retry_after=retry_after(response.headers.get("Retry-After"), now=one.now),
            )

    def _address(self, board: Board, url: str) -> str:
        parts = urlsplit(url)
        secret = {board.key.parameter: self._keys.get(board.name, "")} if board.key else {}
        query = urlencode([*parse_qsl(parts.query), *secret.items()])
        if self._sandbox is None:
            return urlunsplit(parts._replace(query=query)) if secret else url
        return f"{self._sandbox}/{board.name}{parts.path}{f'?{query}' if query else ''}"

    def _proxy(self, board: Board) -> str | None:
        return None if self._sandbox else routes.route(board, self._proxies)

    def _trusted(self) -> frozenset[str]:
        ours = urlsplit(self._sandbox or "").hostname
        return routes.hosts(self._proxies) | ({ours} if ours else set())

    def _refusal(self, one: _Asking, why: Why, detail: str) -> Rejection:
        """Say a failure without the board's key and its proxy's user and password, which errors repeat.

        They are taken out before it is shortened: half a secret would not be found.
        """
        key = self._keys.get(one.board.name)
        for secret in (*routes.secrets(one.proxy), *([key] if key else [])):
            detail = detail.replace(secret, "...")
        if key and one.board.key is not None:
            detail = re.sub(rf"(\b{re.escape(one.board.key.parameter)}=)[^&#\s'\"]*", r"\1...", detail)
        return Rejection("", why, escaped(detail))


def _words(error: Exception) -> str:
    """Say an error; of a certificate what is wrong with it, which OpenSSL says last."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        wrong = error.certificate_error
        return wrong.verify_message if isinstance(wrong, ssl.SSLCertVerificationError) else str(wrong)
    return str(error) or type(error).__name__


def _why(error: Exception) -> Why:
    if isinstance(error, TimeoutError):
        return Why.TIMEOUT
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return Why.PROXY
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Why.TLS
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return Why.NOT_HTTP
    return Why.UNREACHABLE
