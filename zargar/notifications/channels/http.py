"""One HTTP call to a provider: what it answered, or what is known of a call that was not answered. Never an exception.

The one question that matters about a call that failed is whether its bytes may have arrived. `NotSent` is the proof
that they did not: no connection was made (no such name, refused, no route, a failed TLS hand-shake, none in time), so
nothing was ever written. Everything else is `Lost`: a silence, a connection that broke, an answer that is too long,
compressed or cut. A kept connection that turns out to be dead is `Lost` too, since bytes were written into it.

- Times: `CONNECT` seconds for each address of the host, and `CONNECT + ANSWER` for the whole of writing, waiting and
  reading: one deadline that holds against one byte a second and endless headers, since every read of the socket may
  only take what is left of it. Looking up a name takes as long as the system's resolver does.
- Answers are read up to `MOST_BYTES` and asked for uncompressed, so a bound on bytes is a bound on memory.
- A connection that has been idle for `IDLE` seconds is not used again: what lies between may have forgotten it without
  a word, and a request written into it would be lost, and open, for nothing.
- Nothing is repeated and no redirect is followed; both are the caller's to decide. Proxies and `.netrc` of the
  environment are ignored: a key goes where the configuration says and nowhere else.
- Addresses hold keys (Kavenegar's), so nothing here tells an address: while a call is under way the libraries below say
  nothing to any log, and what is returned holds no address, header or body in its words or its `repr`.

A `Caller` belongs to one account and one thread at a time, and keeps its connection between calls. It is made after a
fork, never before it.
"""

import http.client
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import requests
import urllib3

from zargar.notifications.channels.connections import Adapter, NeverConnected, words_of

CONNECT: Final = 4.0
"""Seconds for a connection to one address, TLS included."""
ANSWER: Final = 20.0
"""Seconds from the connection, at the latest, to the last byte of the answer."""
IDLE: Final = 10.0
"""Seconds after which a kept connection is closed instead of used. A server that closes it sooner is heard."""
MOST_BYTES: Final = 4 << 20
"""The longest real answer: Kavenegar's 200 entries of 900 characters, escaped, are about 1.2 MB."""
LONGEST_WAIT: Final = timedelta(hours=1)
"""What is believed of a `Retry-After`."""
_PIECE: Final = 1 << 16
_HEADERS: Final = {
    "User-Agent": f"zargar/{version('zargar')}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. The body is not in its `repr`: it may repeat a number or a text."""

    status: int
    body: bytes = field(repr=False)
    retry_after: timedelta | None = None

    def json(self) -> object:
        """Return what the body holds, numbers with a point as `Decimal`; None where it is not JSON (or `null`)."""
        try:
            held: object = json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError):  # also a number of too many digits, and brackets without end
            return None
        return held


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request was written; `words` say why and name no address."""

    words: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The request may have arrived and there is no answer that can be believed; `words` say what there was instead."""

    words: str


Reply: TypeAlias = Answer | NotSent | Lost


class Caller:
    """Makes calls, one after another, over kept connections; see the module for what it guarantees.

    Args:
        connect: seconds for a connection.
        answer: seconds for everything after it.
        idle: seconds after which a kept connection is not used again.
        most_bytes: the longest answer that is read.
        certificates: a file of authorities to believe instead of the usual ones.
    """

    def __init__(
        self,
        *,
        connect: float = CONNECT,
        answer: float = ANSWER,
        idle: float = IDLE,
        most_bytes: int = MOST_BYTES,
        certificates: str | None = None,
    ) -> None:
        self._connect = connect
        self._answer = answer
        self._idle = idle
        self._used = 0.0
        self._most_bytes = most_bytes
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        self._session.headers.update(_HEADERS)
        if certificates is not None:
            self._session.verify = certificates
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(max_retries=urllib3.Retry(0, redirect=0, read=False)))

    def get(
        self, url: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask with GET."""
        return self._call("GET", url, params=query, headers=headers)

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        document: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Hand over a form, or a JSON document (UTF-8 as it is, which is half as long as escaped), or bytes."""
        if document is not None:
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return self._call("POST", url, data=form if body is None else body, headers=headers)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _call(self, method: str, url: str, **more: Any) -> Reply:  # noqa: ANN401 -- what `requests` takes
        timeout: Any = urllib3.Timeout(connect=self._connect, total=self._connect + self._answer)
        if time.monotonic() - self._used > self._idle:
            self._session.close()  # which closes its connections; it can be used on
        with _hushed():
            try:
                response = self._session.request(
                    method, url, timeout=timeout, stream=True, allow_redirects=False, **more
                )
                return self._read(response)
            except NeverConnected as never:
                return NotSent(never.words)
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                http.client.HTTPException,
                OSError,
            ) as error:
                return Lost(words_of(error))
            finally:
                self._used = time.monotonic()

    def _read(self, response: requests.Response) -> Reply:
        body = bytearray()
        while piece := response.raw.read(_PIECE, decode_content=False):  # the empty one shows that nothing was cut off
            body += piece
            if len(body) > self._most_bytes:
                response.close()  # the rest is not waited for
                return Lost(f"an answer of more than {self._most_bytes} bytes")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            return Lost("an answer in an encoding that was not asked for")
        return Answer(response.status_code, bytes(body), retry_after(response.headers.get("Retry-After")))


def retry_after(header: str | None) -> timedelta | None:
    """Return what a `Retry-After` in seconds asks for, at most an hour; None where there is none to believe."""
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > 6:  # noqa: PLR2004 -- 11 days
        return None
    return min(timedelta(seconds=int(header)), LONGEST_WAIT)


# -- silence in the logs ----------------------------------------------------------------------------------------------

_CALLING: ContextVar[bool] = ContextVar("zargar_provider_call", default=False)


class _Hush(logging.Filter):
    """Drops what the libraries tell of a call of ours; of anybody else's they go on telling."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record may be told."""
        del record
        return not _CALLING.get()


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Hush())


@contextmanager
def _hushed() -> Iterator[None]:
    token = _CALLING.set(True)
    try:
        yield
    finally:
        _CALLING.reset(token)
