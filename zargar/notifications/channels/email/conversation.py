"""One SMTP conversation that says, whatever goes wrong, whether the letter may have been taken.

The one moment that matters is the final dot. Whatever fails before it is written proves that nothing was taken: RFC
5321 (4.1.1.4) lets a server act on a letter only when it has seen the end of its data. After it, an answer of 2xx says
taken, 4xx and 5xx say not taken, and no answer says nothing.

`smtplib` gives each read of the socket its own patience, which a server that sends a byte a second outlives, and keeps
every line of an answer without end; here each answer has one deadline, and a bound, and so has all of it together: a
letter ends within `LETTER + TAKEN` seconds, and what a resolver takes.
"""

import smtplib
import socket
import ssl
import time
from typing import Any, Final

CONNECT: Final = 10.0
"""Seconds for the connection, and for each answer before the letter."""
LETTER: Final = 30.0
"""Seconds for everything before the final dot: the connection to any address of the host, the login, the letter."""
TAKEN: Final = 60.0
"""Seconds for the answer to the final dot: servers look for viruses first."""
LONGEST_ANSWER: Final = 64 * 1024
"""Bytes of one answer; RFC 5321 allows 512 a line."""


class NotTakenError(Exception):
    """The letter was not taken. `code` is the server's, 0 where it gave none; `step` is what it answered so."""

    def __init__(self, *, step: str, code: int = 0) -> None:
        super().__init__(f"{step} {code}" if code else step)
        self.step = step
        self.code = code


class NobodyKnowsError(Exception):
    """The final dot was written, and no answer came that can be believed."""


class _InTime:
    """The lines of an answer until a moment."""

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 -- a socket, or one inside of TLS
        self._sock = sock
        self._held = b""
        self._left = 0
        self._until = 0.0

    def begin(self, patience: float) -> None:
        self._until = time.monotonic() + patience
        self._left = LONGEST_ANSWER

    def readline(self, _most: int) -> bytes:
        while b"\n" not in self._held:
            seconds = self._until - time.monotonic()
            if seconds <= 0 or self._left <= 0:
                raise TimeoutError
            self._sock.settimeout(seconds)
            piece = self._sock.recv(4096)
            if not piece:
                break
            self._left -= len(piece)
            self._held += piece
        line, newline, self._held = self._held.partition(b"\n")
        self._left -= 1  # lines that came in one piece count too
        return line + newline

    def close(self) -> None:
        """Leave the socket to who owns it."""


class _Client(smtplib.SMTP):
    """`smtplib`, with a deadline for every answer, and one (`until`, of the monotonic clock) for all of them."""

    patience = CONNECT
    until = 0.0
    file: Any

    def left(self) -> float:
        """Return the seconds that the next step may take. Raises `TimeoutError` when there are none."""
        seconds = min(self.patience, self.until - time.monotonic())
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def send(self, s: Any) -> None:  # noqa: ANN401 -- smtplib's: bytes or text
        if self.sock is not None:
            self.sock.settimeout(self.left())  # an answer before may have left less
        super().send(s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect to the first address that takes it in time: `create_connection` gives each the whole patience."""
        del timeout
        failure: OSError = TimeoutError()
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(self.left())
                made.connect(address)
            except OSError as error:
                made.close()
                failure = error
            else:
                return made
        raise failure

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _InTime(self.sock)
        self.file.begin(self.left())
        return super().getreply()


class _TlsClient(_Client, smtplib.SMTP_SSL):
    """The same, TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = super()._get_socket(host, port, timeout)
        made.settimeout(self.left())
        return self.context.wrap_socket(made, server_hostname=self._host)  # type: ignore[attr-defined]  # smtplib's own


class Conversation:
    """A connection to a mail server, opened when it is needed and kept for the next letter.

    Raises nothing but `NotTakenError` and `NobodyKnowsError`.
    """

    def __init__(
        self, *, host: str, port: int, user: str, password: str, tls: bool, starttls: bool,
        certificates: ssl.SSLContext | None = None, patience: float = CONNECT, letter: float = LETTER,
        taken: float = TAKEN,
    ) -> None:  # fmt: skip
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._tls, self._starttls = tls, starttls
        self._certificates = certificates or ssl.create_default_context()
        self._patience, self._letter, self._taken = patience, letter, taken
        self._until = 0.0
        self._client: _Client | None = None

    def hand_over(self, *, sender: str, to: str, wire: bytes) -> None:
        """Hand over one letter, or say why it was not taken; afterwards the connection is ready or closed."""
        self._until = time.monotonic() + self._letter
        client = self._ready()
        try:
            self._envelope(client, sender=sender, to=to)
            self._data(client, wire)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise NotTakenError(step=f"the connection broke off ({type(error).__name__})") from None
        self._dot(client)

    def close(self) -> None:
        """Hang up; what the server says to that changes nothing."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ready(self) -> _Client:
        """Return a client that the server still talks to: the kept one, or a new one."""
        if self._client is not None:
            self._client.until = self._until
            try:
                if self._client.rset()[0] == 250:  # noqa: PLR2004 -- RFC 5321: OK
                    return self._client
            except (smtplib.SMTPException, OSError):
                pass  # it was closed while it was idle, as servers do
            self.close()
        try:
            self._client = self._connected()
        except smtplib.SMTPResponseException as error:
            raise NotTakenError(step="greeting", code=error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotTakenError(step=f"no conversation ({type(error).__name__})") from None
        return self._client

    def _connected(self) -> _Client:
        made: _Client
        if self._tls:
            made = _TlsClient(timeout=self._patience, context=self._certificates)
        else:
            made = _Client(timeout=self._patience)
        made.patience, made.until = self._patience, self._until
        try:
            made._host = self._host  # type: ignore[attr-defined]  # noqa: SLF001 -- the name that TLS must be for
            self._greet(made)
        except BaseException:
            made.close()
            raise
        return made

    def _greet(self, client: _Client) -> None:
        code, _ = client.connect(self._host, self._port)
        if code != 220:  # noqa: PLR2004 -- RFC 5321: ready
            raise NotTakenError(step="greeting", code=code)
        if self._starttls:
            client.starttls(context=self._certificates)
        if self._user:
            try:
                client.login(self._user, self._password)
            except smtplib.SMTPAuthenticationError as error:
                raise NotTakenError(step="login", code=error.smtp_code) from None
            except smtplib.SMTPNotSupportedError:
                raise NotTakenError(step="login", code=504) from None  # RFC 4954: mechanism not offered
        client.ehlo_or_helo_if_needed()

    def _envelope(self, client: _Client, *, sender: str, to: str) -> None:
        for step, (code, _) in (("sender", client.mail(sender)), ("recipient", client.rcpt(to))):
            if code // 100 != 2:  # noqa: PLR2004 -- RFC 5321: the class of success
                self._after_refusal(code)
                raise NotTakenError(step=step, code=code)

    def _data(self, client: _Client, wire: bytes) -> None:
        client.putcmd("data")
        code, _ = client.getreply()
        if code != 354:  # noqa: PLR2004 -- RFC 5321: go on
            self._after_refusal(code)
            raise NotTakenError(step="data", code=code)
        client.send(wire)

    def _dot(self, client: _Client) -> None:
        try:
            client.patience, client.until = self._taken, time.monotonic() + self._taken
            client.send(b".\r\n")
            code, _ = client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            message = f"no answer after the letter's end ({type(error).__name__})"
            raise NobodyKnowsError(message) from None
        finally:
            client.patience = self._patience
        if code // 100 not in {2, 4, 5}:
            self.close()
            message = "an answer that is none of SMTP"
            raise NobodyKnowsError(message)
        if code // 100 != 2:  # noqa: PLR2004 -- as above
            self._after_refusal(code)
            raise NotTakenError(step="letter", code=code)

    def _after_refusal(self, code: int) -> None:
        if code == 421:  # noqa: PLR2004 -- RFC 5321: the server closes
            self.close()


def wire_form(letter: bytes) -> bytes:
    """Return a letter as it lies between DATA and the final dot: CRLF at its end, a dot before each leading dot."""
    lines = b"\r\n".join(letter.splitlines())
    doubled = lines.replace(b"\r\n.", b"\r\n..")
    return (b"." if doubled.startswith(b".") else b"") + doubled + b"\r\n"
