"""The connections below `requests`: what was written, and until when may be read.

Two things that its own do not tell or do: whether a failure came before anything was written (`NeverConnected`, raised
where a connection is made and nowhere else), and one deadline for a whole answer, however slowly its bytes come.
"""

import http.client
import io
import socket
import time
from functools import partial
from typing import Any, Final

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_DEEP: Final = 4
"""Failures inside each other that are looked at; the libraries wrap less."""


class NeverConnected(Exception):  # noqa: N818 -- carries words past libraries that wrap every error they know
    """No connection was made, so nothing was written.

    Raised in `connect` alone; being no `OSError`, it is not wrapped into what forgets where it came from.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class _InTime(io.RawIOBase):
    """The bytes of a connection until a moment: each read may take what is left."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, until: float) -> None:
        self._raw = raw
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 -- whatever can be written into
        """Read what has come. Raises `TimeoutError` at the deadline."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close what lies below too."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose every byte counts against one deadline."""

    def __init__(
        self,
        connection: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        until: float,
    ) -> None:
        super().__init__(connection, debuglevel, method, url)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), connection, until))


class _Watched:
    """What both kinds of connection do differently: say that they never connected, and read in time."""

    timeout: float | None
    response_class: Any

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # mixed into a connection
        except (urllib3.exceptions.HTTPError, OSError) as error:
            words = words_of(error)
        else:
            return
        raise NeverConnected(words)

    def getresponse(self) -> Any:  # noqa: ANN401 -- urllib3's own
        # By now urllib3 has put into `timeout` what is left of the whole.
        until = time.monotonic() + (self.timeout or 0)
        self.response_class = partial(_Response, until=until)
        return super().getresponse()  # type: ignore[misc]  # mixed into a connection


class _Connection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """What a session of `requests` is mounted with to have such connections."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401 -- as requests calls it
        """Make pools of these connections."""
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def words_of(error: Exception) -> str:
    """Name the kind of a failure, innermost first, never its text: that holds addresses."""
    kinds: list[str] = []
    inner: object = error
    while isinstance(inner, BaseException) and len(kinds) < _DEEP:
        kinds.append(_plain(inner))
        inner = (
            getattr(inner, "reason", None)
            or next((one for one in reversed(inner.args) if isinstance(one, BaseException)), None)
            or inner.__cause__
        )
    return kinds[-1] if len(kinds) == 1 else f"{kinds[-1]} ({kinds[0]})"


def _plain(error: BaseException) -> str:
    verify = getattr(error, "verify_message", "")
    code = getattr(error, "errno", None)
    return type(error).__name__ + (f" {code}" if isinstance(code, int) else "") + (f": {verify}" if verify else "")
