"""The sandbox's mail server: real SMTP on a port of its own, every letter noted before anything happens to it.

`GET /_sandbox/mail` returns what came in, `DELETE` forgets it, and `POST {"how": …}` has the server misbehave from then
on (null: behave again). Nothing leaves this machine. A login is taken as it comes and never noted.

A letter in the answer: `n`, `at`, `envelope` (`from`, `to`), `headers` (decoded, by lower-case name; the last of equals
counts), `text`, `html`, `images` (Content-ID to bytes, as a count), `raw` (as it came), `how` (what was done to it) and
`accepted`: whether the server took it, which after `drop` only the server knows.
"""

import asyncio
import json
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any, Final

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from zargar.sandbox.journal import Journal

PATH: Final = "/_sandbox/mail"
GONE: Final = "@gone.example"
"""Who is refused as a recipient: the mailbox is no more."""


class Mischief(StrEnum):
    """What the server does wrong once it has read a letter, or, for the last, before it would."""

    TEMPORARY = "temporary"  # 451, as for a greylist or a full disk
    PERMANENT = "permanent"  # 550, as for a mailbox that is gone
    HANG = "hang"  # says nothing any more
    DROP = "drop"  # takes the letter and breaks off before it says so
    SILENT = "silent"  # takes the letter and says nothing any more
    DRIP = "drip"  # takes the letter and answers without end, a byte at a time
    GARBAGE = "garbage"  # takes the letter and says what is no SMTP
    BUSY = "busy"  # 421 in place of a greeting to the sender
    LOGIN = "login"  # 535 to every login


class MailServer:
    """The state of the mail server: what came in, and how it misbehaves.

    With `tls` (what it shows itself with) it takes a letter only after STARTTLS, or, `from_the_start`, speaks nothing
    else.
    """

    def __init__(self, journal: Journal, *, tls: ssl.SSLContext | None = None, from_the_start: bool = False) -> None:
        self._journal = journal
        self._tls = tls
        self._from_the_start = from_the_start
        self._how: Mischief | None = None

    def control(self, app: web.Application) -> None:
        """Add the control to the sandbox's web application."""
        app.router.add_get(PATH, self._show)
        app.router.add_delete(PATH, self._clear)
        app.router.add_post(PATH, self._misbehave)

    async def listen(self, port: int) -> tuple[asyncio.Server, int]:
        """Serve SMTP on the loopback address; 0 lets the system choose. Return the server and its port."""
        loop = asyncio.get_running_loop()
        tls = self._tls if self._from_the_start else None
        server = await loop.create_server(self._conversation, "127.0.0.1", port, ssl=tls)
        listening: int = server.sockets[0].getsockname()[1]
        return server, listening

    def _conversation(self) -> SMTP:
        upgrade = None if self._from_the_start else self._tls
        return SMTP(
            self, hostname="sandbox", auth_require_tls=False, authenticator=self._login, tls_context=upgrade,
            require_starttls=upgrade is not None, loop=asyncio.get_running_loop(),
        )  # fmt: skip

    def _login(self, *_: object) -> AuthResult:
        return AuthResult(success=self._how is not Mischief.LOGIN, handled=False)

    # -- what aiosmtpd calls, by its names ----------------------------------------------------------------------------

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name and arguments
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, unless the server is too busy."""
        if self._how is Mischief.BUSY:
            return "421 4.3.2 too busy"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, unless it is gone."""
        if address.endswith(GONE):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        """Note a letter, then misbehave if told to."""
        how = self._how
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._journal.note(
            envelope={"from": envelope.mail_from, "to": [*envelope.rcpt_tos]},
            **_read(raw),
            how=how,
            accepted=how in {None, Mischief.DROP, Mischief.SILENT, Mischief.DRIP, Mischief.GARBAGE},
        )
        match how:
            case Mischief.TEMPORARY:
                return "451 4.7.1 try again later"
            case Mischief.PERMANENT:
                return "550 5.1.1 no such mailbox"
            case Mischief.HANG | Mischief.SILENT:
                await asyncio.Event().wait()
            case Mischief.DRIP if isinstance(server.transport, asyncio.Transport):
                while not server.transport.is_closing():
                    server.transport.write(b"2")
                    await asyncio.sleep(0.05)
            case Mischief.GARBAGE:
                return "999 <html>"
            case Mischief.DROP if isinstance(server.transport, asyncio.Transport):
                server.transport.abort()
            case _:
                pass
        return "250 OK"

    # -- the control --------------------------------------------------------------------------------------------------

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response(self._journal.calls())

    async def _clear(self, _: web.Request) -> web.Response:
        self._journal.clear()
        return web.Response(status=204)

    async def _misbehave(self, request: web.Request) -> web.Response:
        try:
            order = await request.json()
            how = order["how"]
            self._how = None if how is None else Mischief(how)
        except (json.JSONDecodeError, TypeError, KeyError, ValueError):
            message = f"how must be null or one of {', '.join(Mischief)}"
            return web.json_response({"error": message}, status=400)
        return web.json_response({"how": self._how})


def _read(raw: bytes) -> dict[str, Any]:
    letter = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    images = {
        str(part["Content-ID"]).strip("<>"): len(part.get_content())
        for part in letter.walk()
        if part.get_content_maintype() == "image"
    }
    return {
        "headers": {name.lower(): str(value) for name, value in letter.items()},
        "text": _body(letter, "plain"),
        "html": _body(letter, "html"),
        "images": images,
        "raw": raw.decode("utf-8", "replace"),
    }


def _body(letter: EmailMessage, kind: str) -> str | None:
    part = letter.get_body((kind,))
    return None if part is None else str(part.get_content())
