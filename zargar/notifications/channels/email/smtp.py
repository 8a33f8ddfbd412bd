"""Mail by SMTP, to a server that the deployment names: `NAME=smtp+smtps://HOST:465?from=zargar@shop.example&user=U`.

After `smtp+` comes `smtps` (TLS from the first byte, 465), `smtp+starttls` (587) or `smtp` (25, and no login unless the
server is on this machine); the key is the password of `user`. One letter goes to one recipient, in one conversation
that is kept for the next.

What each answer proves (RFC 5321; enhanced codes of RFC 3463 are the server's to choose, so the step decides):

| step | 4xx, 421, no connection | 5xx |
|---|---|---|
| greeting, login | later | the account |
| sender (MAIL) | later | the sender |
| recipient (RCPT) | later (greylisting) | the recipient |
| data, letter | later | the text; 552 at the letter too |
| after the final dot, no answer | nobody knows | |

SMTP cannot be asked about a letter that it has taken, so `look_up` knows nothing; bounces come by mail, or by the
webhook of a company (`bounces`).
"""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from zargar import clock
from zargar.notifications.accounts import Account, BadAccountError
from zargar.notifications.channels.email import letters
from zargar.notifications.channels.email.conversation import (
    CONNECT,
    LETTER,
    TAKEN,
    Conversation,
    NobodyKnowsError,
    NotTakenError,
    wire_form,
)
from zargar.notifications.channels.one_by_one import OneByOne
from zargar.notifications.channels.sms.verdicts import UNREACHABLE
from zargar.notifications.values import (
    Accepted,
    Channel,
    Outgoing,
    Refusal,
    Refused,
    Unknown,
    Verdict,
)
from zargar.settings.environment import MailSettingError, is_mail_address, mail_server

_WIRE: Final = policy.SMTP.clone(cte_type="7bit")
_STEPS: Final[Mapping[str, Refusal]] = {
    "greeting": Refusal.ACCOUNT,
    "login": Refusal.ACCOUNT,
    "sender": Refusal.SENDER,
    "recipient": Refusal.RECIPIENT,
    "data": Refusal.CONTENT,
    "letter": Refusal.CONTENT,
}
"""What a permanent refusal at each step is about."""


class Smtp(OneByOne):
    """A mail server under one account.

    Args:
        name: the account's name in the configuration.
        base: `smtp://`, `smtp+starttls://` or `smtps://HOST:PORT`.
        key: the password; empty where the server asks for none.
        sender: the address that letters come from, or `NAME <ADDRESS>`.
        user: whose password it is; empty: nobody logs in.
        patience: seconds for the connection and for each answer.
        letter: seconds for everything before a letter's end.
        taken: seconds for the answer to a letter's end.
        certificates: whom to believe, in place of the usual authorities.

    Raises `BadAccountError` for a base or sender that is none.
    """

    channel = Channel.EMAIL
    patience = timedelta(seconds=30)
    limits = replace(OneByOne.limits, longest=patience + timedelta(seconds=LETTER + TAKEN))

    def __init__(
        self, *, name: str, base: str, key: str, sender: str, user: str = "", patience: float = CONNECT,
        letter: float = LETTER, taken: float = TAKEN, certificates: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._sender = sender
        if not is_mail_address(letters.address_of(sender)):
            message = f"the account {name}: `from` must be the address that letters come from"
            raise BadAccountError(message)
        try:
            server = mail_server(_with_user(base, user), sender=sender)
        except MailSettingError:
            server = None
        if server is None:
            message = f"the account {name}: smtp:// (no login), smtp+starttls:// or smtps://HOST:PORT"
            raise BadAccountError(message)
        self._conversation = Conversation(
            host=server.host, port=server.port, user=user, password=key, tls=server.tls, starttls=server.starttls,
            certificates=certificates, patience=patience, letter=letter, taken=taken,
        )  # fmt: skip

    @classmethod
    def of(cls, account: Account) -> "Smtp":
        """Return the provider of an account. Raises `BadAccountError`."""
        options = account.options
        return cls(
            name=account.name, base=account.base, key=account.key, sender=options.get("from", ""),
            user=options.get("user", ""),
        )  # fmt: skip

    def close(self) -> None:
        """Hang up."""
        self._conversation.close()

    def _one(self, message: Outgoing) -> Verdict:
        return letters.fault(message) or self._hand_over(message)

    def _hand_over(self, message: Outgoing) -> Verdict:
        wire = wire_form(_letter(message, sender=self._sender).as_bytes())
        try:
            self._conversation.hand_over(sender=letters.address_of(self._sender), to=message.to, wire=wire)
        except NotTakenError as refused:
            return _refused(message.reference, refused)
        except NobodyKnowsError as lost:
            return Unknown(message.reference, str(lost))
        return Accepted(message.reference, letters.message_id(message.reference, sender=self._sender).strip("<>"))


def _letter(message: Outgoing, *, sender: str) -> EmailMessage:
    made = EmailMessage(policy=_WIRE)
    made["From"] = letters.from_line(message, sender=sender)
    made["To"] = message.to
    made["Subject"] = message.subject
    made["Date"] = format_datetime(clock.now())
    for name, value in letters.headers(message, sender=sender).items():
        made[name] = value
    made.set_content(letters.text_of(message))
    made.add_alternative(letters.html_of(message), subtype="html")
    return made


def _refused(reference: int, refused: NotTakenError) -> Refused:
    if not refused.code:
        return Refused(reference, Refusal.BUSY, UNREACHABLE, refused.step)
    why = _STEPS[refused.step] if refused.code // 100 == 5 else Refusal.BUSY  # noqa: PLR2004 -- RFC 5321: permanent
    code = refused.step if refused.step in {"greeting", "login"} else str(refused.code)
    return Refused(reference, why, code, f"the mail server refused the {refused.step}: {refused.code}")


def _with_user(base: str, user: str) -> str:
    """Name the user in the address, so that a login in the clear is refused where all mail settings are read."""
    parts = urlsplit(base)
    return base if not user or "@" in parts.netloc else parts._replace(netloc=f"user@{parts.netloc}").geturl()
