"""A mail server that takes a connection and never says a word: real, on a port of its own."""

import socket
from threading import Event, Thread
from types import TracebackType
from typing import Self


class SilentMailServer:
    """Accepts whoever comes, is silent, and hangs up when it is told to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(30)
        self._over = Event()
        self._thread = Thread(target=self._listen, daemon=True)
        self.reached = Event()

    @property
    def url(self) -> str:
        """What ZARGAR_MAIL_URL would be."""
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self._over.set()

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.hang_up()
        self._thread.join(30)
        self._socket.close()

    def _listen(self) -> None:
        caller, _ = self._socket.accept()
        with caller:
            self.reached.set()
            self._over.wait(30)
