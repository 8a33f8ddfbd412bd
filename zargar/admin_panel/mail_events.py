"""Where mail companies tell what became of letters: `POST /events/mail/ACCOUNT/`, for accounts with a secret alone.

An account of `ZARGAR_PROVIDERS` at a mail company has an address here when `ZARGAR_PROVIDER_<NAME>_WEBHOOK_SECRET` is
set; without it there is no such page. Who posts is proven by anymail's own views (`channels.email.webhooks`) before a
byte is read as JSON. Answers are empty: 200 kept, 400 no event, 403 not proven, 413 too large, 503 tell me again later.
Neither addresses nor what was posted are ever logged.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from anymail.exceptions import AnymailWebhookValidationFailure  # type: ignore[import-untyped]  # ships no types
from anymail.signals import tracking  # type: ignore[import-untyped]  # as above
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from zargar import clock
from zargar.notifications import mail_events, wiring
from zargar.notifications.accounts import Account
from zargar.notifications.channels.email import bounces
from zargar.notifications.channels.email.webhooks import UnreadableEventError, view_of
from zargar.notifications.mail_events import NotKnownYetError

log = logging.getLogger(__name__)

MOST_BYTES: Final = 256 * 1024
"""Of one post; an event is a few thousand bytes, and holds no letter."""
LATER: Final = "60"
"""Seconds after which an event may be told again."""


def configured() -> list[URLPattern]:
    """Return the addresses of this deployment. Raises as `routes`, and reads no account where there is no secret."""
    secrets = {name: secret for name, secret in settings.PROVIDER_WEBHOOK_SECRETS.items() if secret}
    return routes(wiring.configured(), secrets) if secrets else []


def routes(accounts: Sequence[Account], secrets: Mapping[str, str]) -> list[URLPattern]:
    """Return one address for each account at a mail company that has a secret. Raises `WebhookSecretError`."""
    found = [(account.name, view_of(account, secrets.get(account.name))) for account in accounts]
    return [
        path(f"events/mail/{name}/", _bounded(view, name), name=f"mail-events-{name}") for name, view in found if view
    ]


def _bounded(view: Callable[[HttpRequest], HttpResponse], account: str) -> Callable[[HttpRequest], HttpResponse]:
    """Answer whatever comes, in bounded memory."""

    @never_cache
    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if _length(request) > MOST_BYTES:
            return HttpResponse(status=413)
        try:
            return view(request)
        except AnymailWebhookValidationFailure:
            log.warning("somebody who is not the mail company posted to the webhook of %s", account)
            return HttpResponse(status=403)
        except UnreadableEventError:
            log.warning("the mail company of %s posted what is no event", account)
            return HttpResponse(status=400)
        except (NotKnownYetError, OperationalError, InterfaceError):
            return HttpResponse(status=503, headers={"Retry-After": LATER})

    return answer


def _length(request: HttpRequest) -> int:
    """Return how long a post says that it is: the server reads no more than that."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else MOST_BYTES + 1


def hear(*, event: Any, esp_name: str, **_: object) -> None:  # noqa: ANN401 -- anymail ships no types
    """Keep an event that a view of ours has read and proven: the receiver of anymail's signal."""
    told = bounces.told(event, company=esp_name)
    if told is not None:
        mail_events.take(event.account, told, now=clock.now())


tracking.connect(hear, dispatch_uid="zargar.mail_events")
