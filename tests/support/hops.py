"""What lies between an asker and a board: a name server, a proxy, and a board on a bare socket. Threads on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address
from select import select
from typing import Final, Self

ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class NameServer:
    """Answers every question for an IPv4 or IPv6 address with the one that it was given; other questions with none."""

    def __init__(self, address: str) -> None:
        self._address = ip_address(address)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, asker = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        end = 12
        while question[end]:
            end += question[end] + 1
        asked = question[12 : end + 5]
        wanted = int.from_bytes(asked[-4:-2], "big")
        packed = self._address.packed
        fits = wanted == {4: 1, 16: 28}[len(packed)]
        head = question[:2] + b"\x81\x80" + b"\x00\x01" + (b"\x00\x01" if fits else b"\x00\x00") + b"\x00" * 4
        record = b"\xc0\x0c" + asked[-4:] + b"\x00\x00\x00\x3c" + len(packed).to_bytes(2, "big") + packed
        return head + asked + (record if fits else b"")


class Listener:
    """Serves connections one after another, each in a thread of its own, until the test ends.

    `heads` holds what was asked: every request line with its headers, in the order in which they came.
    """

    def __init__(
        self, serve: Callable[["Listener", socket.socket], None], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._serve = serve
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heads: list[str] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._accept)
        self._open: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for thread in self._open:
            thread.join(5)
        self._socket.close()

    def head(self, connection: socket.socket) -> str:
        """Read the next request's line and headers, and note them; empty at the end of the connection."""
        read = b""
        while not read.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return ""
            read += byte
        self.heads.append(read.decode())
        return self.heads[-1]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # shut down: the test is over
                return
            self.connections += 1
            self._open.append(threading.Thread(target=self._one, args=(connection,)))
            self._open[-1].start()

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with closing(connection):
            try:
                served = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
                with closing(served):
                    self._serve(self, served)
            except OSError:  # the other side left, which is what many a test is about
                return


def answering(answer: bytes = ANSWER) -> Callable[[Listener, socket.socket], None]:
    """A board that gives every request on a connection the same answer."""

    def serve(listener: Listener, connection: socket.socket) -> None:
        while listener.head(connection):
            connection.sendall(answer)

    return serve


def proxy(*, wants: str | None = None) -> Callable[[Listener, socket.socket], None]:
    """A proxy that forwards and tunnels; `wants` is the value of `Proxy-Authorization` without which it answers 407."""

    def serve(listener: Listener, connection: socket.socket) -> None:
        head = listener.head(connection)
        if wants is not None and f"Proxy-Authorization: {wants}\r\n" not in head:
            connection.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            return
        method, target = head.split(" ")[:2]
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port)), 5) as onward:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _join(connection, onward)
            return
        host, _, port = target.removeprefix("http://").partition("/")[0].rpartition(":")
        with socket.create_connection((host, int(port)), 5) as onward:
            onward.sendall(head.encode())
            _join(connection, onward)

    return serve


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends, or for five seconds without any."""
    while True:
        ready, _, _ = select([one, other], [], [], 5)
        if not ready:
            return
        for source in ready:
            piece = source.recv(65_536)
            if not piece:
                return
            (other if source is one else one).sendall(piece)
