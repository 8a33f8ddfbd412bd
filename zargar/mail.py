"""Letters to the people who run the system, by SMTP: who they are, what a letter is, and how it leaves.

A letter is a text, the same as a page of HTML, and the pictures that the page shows (by their Content-ID). It leaves
as `multipart/alternative` of the text and `multipart/related` of the page with its pictures, in seven bits, with
`Auto-Submitted: auto-generated` (RFC 3834), so that nobody's absence note answers it, and with a Message-ID that is
made of its `key` alone: SMTP cannot say whether a letter whose connection broke after its last byte has arrived, so a
letter may be sent twice, and its readers' programs recognise the second by its Message-ID.

Where mail goes is a deployment's choice (ZARGAR_MAIL_URL, ZARGAR_MAIL_FROM, ZARGAR_OPERATORS_MAIL). Without it there is
no mail, which is said and no error of the work that had something to tell.
"""

import hashlib
import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final, Protocol

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from zargar import clock
from zargar.outcomes import Permanent, Retryable
from zargar.refusals import InvalidError, RefusedError
from zargar.settings.environment import MailServer, is_mail_address

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds that each step of the conversation may take: connecting, TLS, and every answer."""

_WIRE: Final = policy.SMTP.clone(cte_type="7bit")


class BadLetterError(InvalidError):
    """A letter needs a recipient, a key, and no control character in any header: a line break would be a new header."""


class NoMailError(RefusedError):
    """No mail is configured: ZARGAR_MAIL_URL, ZARGAR_MAIL_FROM and ZARGAR_OPERATORS_MAIL name where it goes."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is sent, to whom. `images` are PNG by the Content-ID under which `html` shows them (`<img src="cid:…">`).

    `key` names what the letter is about, the same each time that it is sent. Raises `BadLetterError`.
    """

    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    images: Mapping[str, bytes] = field(default_factory=dict)
    key: str

    def __post_init__(self) -> None:
        """Refuse what would forge a header or reach nobody."""
        headers = (*self.to, self.subject, self.key, *self.images)
        broken = any(not character.isprintable() and character != "\u200c" for text in headers for character in text)
        if broken or not self.to or not self.key or not all(is_mail_address(one) for one in self.to):
            raise BadLetterError(BadLetterError.__doc__)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a letter says, for a telephone: a title and a sentence, under the letter's `key`."""

    key: str
    title: str
    sentence: str


class Postbox(Protocol):
    """Takes letters.

    A call that returns has handed the letter over: the server has answered for at least one recipient, and those whom
    it refused are in the log. `Retryable`: the server could not be reached, was too slow, broke off, or answered 4xx;
    the letter may have arrived nevertheless. `Permanent`: it answered 5xx (recipient, sender, login) and will again.
    Neither error names an address or a password. A call ends within a few times `PATIENCE`.
    """

    def send(self, letter: Letter) -> None:
        """Hand the letter over, once."""


class SmtpPostbox:
    """A postbox that speaks SMTP, with a connection for each letter: letters are rare, and servers close idle ones."""

    def __init__(self, server: MailServer, *, sender: str, patience: float = PATIENCE) -> None:
        self._server = server
        self._sender = sender
        self._patience = patience

    def __repr__(self) -> str:
        """Name the server, never the login."""
        return f"SmtpPostbox({self._server.host}:{self._server.port})"

    def send(self, letter: Letter) -> None:
        """Hand the letter over; see `Postbox`."""
        wire = message(letter, sender=self._sender).as_bytes()
        backend = self._backend()
        try:
            backend.open()
            assert isinstance(backend.connection, smtplib.SMTP)  # noqa: S101 -- for the type checker: open() has set it
            refused = backend.connection.sendmail(parseaddr(self._sender)[1], [*letter.to], wire)
        except (smtplib.SMTPException, OSError) as error:
            raise _outcome(error) from None
        finally:
            _hang_up(backend)
        if refused:
            codes = sorted({code for code, _ in refused.values()})
            log.warning("%d of %d recipients were refused by the mail server: %s", len(refused), len(letter.to), codes)

    def _backend(self) -> EmailBackend:
        server = self._server
        return EmailBackend(
            host=server.host, port=server.port, username=server.user, password=server.password,
            use_tls=server.starttls, use_ssl=server.tls, timeout=self._patience,
        )  # fmt: skip


def operators() -> tuple[str, ...]:
    """Return the addresses of those who run the system; none where ZARGAR_OPERATORS_MAIL is not set."""
    return tuple(settings.OPERATORS_MAIL)


def configured() -> bool:
    """Say whether letters can leave and have somebody to go to."""
    return settings.MAIL_SERVER is not None and bool(operators())


def postbox() -> Postbox:
    """Return the deployment's postbox. Raises `NoMailError` where it has none, or nobody to write to."""
    if settings.MAIL_SERVER is None or settings.MAIL_FROM is None or not configured():
        raise NoMailError(NoMailError.__doc__)
    return SmtpPostbox(settings.MAIL_SERVER, sender=settings.MAIL_FROM)


def message(letter: Letter, *, sender: str) -> EmailMessage:
    """Return the letter as it goes over the wire."""
    made = EmailMessage(policy=_WIRE)
    made["From"] = sender
    made["To"] = ", ".join(letter.to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(clock.now())
    made["Message-ID"] = message_id(letter.key, sender=sender)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    page = made.get_body(("html",))
    assert isinstance(page, EmailMessage)  # noqa: S101 -- for the type checker: the line above has put it there
    for cid, picture in letter.images.items():
        page.add_related(picture, "image", "png", cid=f"<{cid}>", filename=f"{cid}.png", disposition="inline")
    return made


def message_id(key: str, *, sender: str) -> str:
    """Return the Message-ID of the letter with this key: the same each time, and no other letter's."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _outcome(error: smtplib.SMTPException | OSError) -> Retryable | Permanent:
    """Translate what went wrong, by its kind and code: the server's words may repeat an address or a login."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
        case smtplib.SMTPResponseException():
            codes = [error.smtp_code]
        case smtplib.SMTPNotSupportedError():
            return Permanent("the mail server does not offer what ZARGAR_MAIL_URL asks for (login or STARTTLS)")
        case _:
            return Retryable(f"the mail server could not be reached or broke off: {type(error).__name__}")
    words = f"the mail server refused: {type(error).__name__} {', '.join(map(str, codes))}"
    return Permanent(words) if all(code // 100 == 5 for code in codes) else Retryable(words)  # noqa: PLR2004 -- RFC 5321


def _hang_up(backend: EmailBackend) -> None:
    """End the connection. The letter's fate is known by now: a server that is bad at parting changes nothing."""
    try:
        backend.close()
    except (smtplib.SMTPException, OSError) as error:
        log.debug("the mail server did not take leave: %s", type(error).__name__)
