"""Mail by a company's HTTP interface, in django-anymail's words: it writes the request and reads the answer, and the
call between them is made where all calls are made (`channels.http`), so that what a failure proves is known.

    ZARGAR_PROVIDERS="mail=anymail+https://postal.shop.example?esp=postal&from=zargar@shop.example"

`esp` is one of `COMPANIES`; the key is the company's API key. Postal can be run by oneself, which matters where
companies abroad may not serve. An anymail backend that is not listed here has not been tried.

What the end of a call proves: a status of 2xx with anymail's "queued" or "sent" is taken; a refusal in the company's
own words, or a status of HTTP that says "not accepted", proves that nothing was; everything else is unknown. Bounces
come by the company's webhook (`bounces`).
"""  # noqa: D205 -- one sentence over two lines

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import requests
from anymail.backends import brevo, postal, postmark, resend  # type: ignore[import-untyped]  # ships no types
from anymail.backends.base_requests import AnymailRequestsBackend  # type: ignore[import-untyped]  # ships no types
from anymail.exceptions import AnymailError  # type: ignore[import-untyped]  # ships no types
from django.core.mail import EmailMultiAlternatives

from zargar.notifications.accounts import Account, BadAccountError
from zargar.notifications.channels.email import letters
from zargar.notifications.channels.http import Answer, Caller
from zargar.notifications.channels.one_by_one import OneByOne
from zargar.notifications.channels.sms.verdicts import Code, by_status, unanswered
from zargar.notifications.values import (
    Accepted,
    Channel,
    Outgoing,
    Refusal,
    Refused,
    Unknown,
    Verdict,
)
from zargar.settings.environment import is_mail_address

Told: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """A company: anymail's backend, what it calls the key, where its refusals stand, and what its codes mean."""

    backend: type[AnymailRequestsBackend]
    key: str
    home: str
    code_of: Callable[[Told], object]
    codes: Mapping[str, Code] = field(default_factory=lambda: MappingProxyType({}))


def _postal_code(told: Told) -> object:
    data = told.get("data")
    return data.get("code") if told.get("status") in {"error", "parameter-error"} and isinstance(data, dict) else None


_KEY: Final = Code(Refusal.ACCOUNT, "the key is not accepted")
COMPANIES: Final[Mapping[str, Company]] = {
    "postal": Company(
        postal.EmailBackend, "api_key", "", _postal_code,
        {
            "InvalidServerAPIKey": _KEY, "AccessDenied": _KEY,
            "ServerSuspended": Code(Refusal.ACCOUNT, "the server is suspended"),
            "SendLimitReached": Code(Refusal.ACCOUNT, "no more may be sent"),
            "UnauthenticatedFromAddress": Code(Refusal.SENDER, "the sender's domain is not set up"),
            "FromAddressMissing": Code(Refusal.SENDER, "no sender"),
            "ValidationError": Code(Refusal.RECIPIENT, "the address is not accepted"),
            "NoRecipients": Code(Refusal.OURS, "no recipient"),
            "NoContent": Code(Refusal.CONTENT, "no text"),
            "MessageTooLarge": Code(Refusal.CONTENT, "too large"),
        },
    ),
    "postmark": Company(
        postmark.EmailBackend, "server_token", "https://api.postmarkapp.com/",
        lambda told: told.get("ErrorCode"),
        {
            "10": _KEY, "300": Code(Refusal.RECIPIENT, "the address is not accepted"),
            "400": Code(Refusal.SENDER, "the sender is not set up"),
            "401": Code(Refusal.SENDER, "the sender is not confirmed"),
            "405": Code(Refusal.ACCOUNT, "no credit"), "406": Code(Refusal.RECIPIENT, "bounced or complained before"),
            "412": Code(Refusal.ACCOUNT, "not approved yet"), "413": Code(Refusal.ACCOUNT, "not approved for bulk"),
        },
    ),
    "brevo": Company(
        brevo.EmailBackend, "api_key", "https://api.brevo.com/v3/", lambda told: told.get("code"),
        {
            "unauthorized": _KEY, "not_enough_credits": Code(Refusal.ACCOUNT, "no credit"),
            "permission_denied": _KEY, "account_under_validation": Code(Refusal.ACCOUNT, "not approved yet"),
            "invalid_parameter": Code(Refusal.CONTENT, "not accepted"),
        },
    ),
    "resend": Company(
        resend.EmailBackend, "api_key", "https://api.resend.com/", lambda told: told.get("name"),
        {
            "missing_api_key": _KEY, "invalid_api_key": _KEY, "restricted_api_key": _KEY,
            "daily_quota_exceeded": Code(Refusal.ACCOUNT, "no more today"),
            "rate_limit_exceeded": Code(Refusal.BUSY, "too many calls"),
            "invalid_from_address": Code(Refusal.SENDER, "the sender is not set up"),
            "validation_error": Code(Refusal.CONTENT, "not accepted"),
        },
    ),
}  # fmt: skip
"""Postal and Postmark: their published lists of codes. Brevo and Resend: the codes of their references, in part; a code
that is not listed is judged by the status of HTTP."""

_TAKEN: Final = frozenset({"sent", "queued"})
_CLASSES: Final = {
    HTTPStatus.BAD_REQUEST: Code(Refusal.CONTENT, "not accepted"),
    HTTPStatus.UNPROCESSABLE_ENTITY: Code(Refusal.CONTENT, "not accepted"),
    HTTPStatus.PAYMENT_REQUIRED: Code(Refusal.ACCOUNT, "no credit"),
}


class Esp(OneByOne):
    """A company that carries mail, under one account.

    Args:
        name: the account's name in the configuration.
        company: one of `COMPANIES`.
        base: scheme, host and port, where it is not the company's own.
        key: what the company knows us by.
        sender: the address that letters come from, or `NAME <ADDRESS>`.
        caller: how it is called; one of its own by default.

    Raises `BadAccountError` for a company or a sender that is none.
    """

    channel = Channel.EMAIL

    def __init__(
        self, *, name: str, company: str, base: str, key: str, sender: str, caller: Caller | None = None
    ) -> None:
        self.name = name
        self._sender = sender
        self._caller = caller or Caller()
        found = COMPANIES.get(company)
        home = base or (found.home if found else "")
        if found is None or not home or not is_mail_address(letters.address_of(sender)):
            message = f"the account {name}: `esp` is one of {', '.join(COMPANIES)}, `from` an address, and an https one"
            raise BadAccountError(message)
        self._company = found
        self._backend = found.backend(api_url=home.rstrip("/") + "/", **{found.key: key})

    @classmethod
    def of(cls, account: Account) -> "Esp":
        """Return the provider of an account. Raises `BadAccountError`."""
        options = account.options
        return cls(
            name=account.name, company=options.get("esp", ""), base=account.base, key=account.key,
            sender=options.get("from", ""),
        )  # fmt: skip

    def _one(self, message: Outgoing) -> Verdict:
        return letters.fault(message) or self._call(message)

    def _call(self, message: Outgoing) -> Verdict:
        letter = _letter(message, sender=self._sender)
        payload = self._backend.build_message_payload(letter, self._backend.send_defaults)
        prepared = requests.Request(**payload.get_request_params(self._backend.api_url)).prepare()
        headers = {name: value for name, value in prepared.headers.items() if name != "Content-Length"}
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        reply = self._caller.post(str(prepared.url), body=body or b"", headers=headers)
        if not isinstance(reply, Answer):
            return unanswered([message], reply)[0]
        return self._refusal(message, reply) or self._reading(message, reply, payload, letter)

    def _refusal(self, message: Outgoing, answer: Answer) -> Verdict | None:
        """Return the company's own refusal, or that of HTTP; None where the answer is one that takes."""
        told = answer.json()
        code = str(self._company.code_of(told) or "") if isinstance(told, dict) else ""
        known = self._company.codes.get(code)
        if known is None and answer.status // 100 == 2:  # noqa: PLR2004 -- the class of success
            return None
        if known is None and isinstance(told, dict):
            known = _CLASSES.get(HTTPStatus(answer.status)) if answer.status in _CLASSES else None
        if known is None:
            return by_status([message], answer)[0]
        return Refused(message.reference, known.why, code or f"HTTP {answer.status}", known.words, answer.retry_after)

    def _reading(self, message: Outgoing, answer: Answer, payload: object, letter: EmailMultiAlternatives) -> Verdict:
        """Have anymail say what the company made of the one recipient."""
        response = requests.Response()
        response.status_code = answer.status
        response._content = answer.body  # noqa: SLF001 -- how `requests` itself fills one
        try:
            (status,) = self._backend.parse_recipient_status(response, payload, letter).values()
            state, identity = str(status.status), str(status.message_id or "")
        except (AnymailError, ValueError, KeyError, TypeError, AttributeError):
            return Unknown(message.reference, "an answer that cannot be read")
        if state in _TAKEN and identity:
            return Accepted(message.reference, identity)
        if state in {"invalid", "rejected", "failed"}:
            return Refused(message.reference, Refusal.RECIPIENT, state, "the recipient is not accepted")
        return Unknown(message.reference, "an answer that says neither yes nor no")


def _letter(message: Outgoing, *, sender: str) -> EmailMultiAlternatives:
    made = EmailMultiAlternatives(
        subject=message.subject,
        body=letters.text_of(message),
        from_email=letters.from_line(message, sender=sender),
        to=[message.to],
        headers=dict(letters.headers(message, sender=sender)),
    )
    made.attach_alternative(letters.html_of(message), "text/html")
    return made
