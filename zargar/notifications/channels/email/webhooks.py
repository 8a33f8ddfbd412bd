"""Where mail companies post what became of letters: django-anymail's own views, one for each account that has a secret.

    ZARGAR_PROVIDER_MAIL_WEBHOOK_SECRET_FILE=/run/secrets/mail-webhook

The secret is what proves who posts. Postal signs with a key of its server, and the secret is that key's public half,
as Postal shows it. Postmark, Brevo and Resend are told an address with `USER:PASSWORD@` in it, and the secret is that
pair. There is no default: an account without a secret has no view. anymail judges the signature or the pair before it
reads anything, and what it has read is told by its signal `tracking`, with the account's name on the event (`account`).
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure  # type: ignore[import-untyped]  # ships no types
from anymail.webhooks.brevo import BrevoTrackingWebhookView  # type: ignore[import-untyped]  # as above
from anymail.webhooks.postal import PostalTrackingWebhookView  # type: ignore[import-untyped]  # as above
from anymail.webhooks.postmark import PostmarkTrackingWebhookView  # type: ignore[import-untyped]  # as above
from anymail.webhooks.resend import ResendTrackingWebhookView  # type: ignore[import-untyped]  # as above
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from zargar.notifications.accounts import Account
from zargar.refusals import InvalidError

LEAST: Final = 16
"""Characters of a pair's password: shorter ones are guessed."""


_UNREADABLE: Final = (
    AnymailError, ImproperlyConfigured, ArithmeticError, AttributeError, LookupError, OSError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
"""What a view of anymail raises for a document in another shape than its company's."""


class WebhookSecretError(InvalidError):
    """The secret of a webhook is none: Postal's public key (base64, with or without its frame), or USER:PASSWORD."""


class UnreadableEventError(ValueError):
    """Whoever posted is who he should be, and what he posted is no event of his."""


class _Account:
    """What is added to a view of anymail: whose it is, and that nothing it is posted makes it fail."""

    account = ""
    webhook_secret = ""

    def run_validators(self, request: HttpRequest) -> None:
        """Judge who posts; raises anymail's `AnymailWebhookValidationFailure`, for a signature in no letters too."""
        try:
            super().run_validators(request)  # type: ignore[misc]  # the view that it is mixed into
        except (TypeError, ValueError):
            message = "a signature that cannot be read"
            raise AnymailWebhookValidationFailure(message) from None

    def parse_events(self, request: HttpRequest) -> list[Any]:
        """Return the events, each with the account; raises `UnreadableEventError`, which repeats nothing of them."""
        try:
            events: list[Any] = super().parse_events(request)  # type: ignore[misc]  # as above
        except _UNREADABLE:
            raise UnreadableEventError(UnreadableEventError.__doc__) from None
        for one in events:
            one.account = self.account
        return events


class _Postal(_Account, PostalTrackingWebhookView):  # type: ignore[misc]  # anymail ships no types
    pass


class _Postmark(_Account, PostmarkTrackingWebhookView):  # type: ignore[misc]  # as above
    pass


class _Brevo(_Account, BrevoTrackingWebhookView):  # type: ignore[misc]  # as above
    pass


class _Resend(_Account, ResendTrackingWebhookView):  # type: ignore[misc]  # as above
    pass


@dataclass(frozen=True, slots=True)
class _Company:
    view: Any
    secret: Callable[[str], Mapping[str, str]]
    """What the view is told of the secret; raises `ValueError` or `TypeError` for one that is none."""


def _public_key(text: str) -> Mapping[str, str]:
    """Read an RSA public key in DER under base64, with or without PEM's frame: anymail writes the frame itself."""
    lines = [line.strip() for line in text.split("\n")]
    bare = "".join(line for line in lines if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except binascii.Error as bad:
        raise ValueError(str(bad)) from None
    if not isinstance(key, RSAPublicKey):
        message = "not an RSA key"
        raise TypeError(message)
    return {"webhook_key": bare}


def _pair(text: str) -> Mapping[str, str]:
    user, _, password = text.partition(":")
    if not user or len(password) < LEAST or not text.isascii() or not text.isprintable():
        message = f"USER:PASSWORD, {LEAST} characters in the password at least"
        raise ValueError(message)
    return {"webhook_secret": text}


_COMPANIES: Final[Mapping[str, _Company]] = {
    "postal": _Company(_Postal, _public_key), "postmark": _Company(_Postmark, _pair), "brevo": _Company(_Brevo, _pair),
    "resend": _Company(_Resend, _pair),
}  # fmt: skip


def view_of(account: Account, secret: str | None) -> Callable[[HttpRequest], HttpResponse] | None:
    """Return the view of an account; None for one without a secret, or that is no mail company's.

    Raises `WebhookSecretError`, which names the account and no secret.
    """
    company = _COMPANIES.get(account.options.get("esp", "")) if account.adapter == "anymail" else None
    if company is None or not secret:
        return None
    try:
        told = company.secret(secret)
    except (ValueError, TypeError):
        message = f"ZARGAR_PROVIDER_{account.name.upper()}_WEBHOOK_SECRET: {WebhookSecretError.__doc__}"
        raise WebhookSecretError(message) from None
    found: Callable[[HttpRequest], HttpResponse] = company.view.as_view(account=account.name, **told)
    return found
