"""`/inbox/TOKEN/devices`: where a page or an app has itself written to, in JSON. The token is the key to it.

- `POST` registers: 201 `{"device": 7, "devices": 2}`. With `"renewed": true` it only tells that a device that is
  registered was seen: 200 and the same, or `{"device": null, …}` where it is not this customer's.
- `DELETE` takes the same off again: 200 `{"device": null, "devices": 1}`, whether it was registered or not.

The body is what `zargar.notifications.devices` reads. What is wrong is named: `{"error": "keys.auth: expected 16 bytes,
got 3"}` with 400, 404 for a token that opens nothing, 413 for more than 4096 bytes, 503 (and `Retry-After`) while the
shop is closed or the database away.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zargar import clock
from zargar.admin_panel.public_views import AWAY, secret
from zargar.customers.operations import NoSuchCustomerError
from zargar.notifications import device_desk, inbox_links, wiring
from zargar.notifications import devices as reading
from zargar.notifications.device_desk import Registered
from zargar.notifications.devices import BadDeviceError
from zargar.notifications.inbox_links import BadInboxLinkError
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

_NOBODY: Final = (BadInboxLinkError, NoSuchCustomerError, ShopGoneError)
_LATER: Final = (OperationalError, InterfaceError, ShopSuspendedError, ShopNotReadyError)


def in_json(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[[HttpRequest, str], HttpResponse]:
    """Tell in JSON why a view did not do it."""

    @never_cache
    @csrf_exempt
    @require_http_methods(["POST", "DELETE"])
    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        try:
            response = view(request, token)
        except BadDeviceError as wrong:
            response = _error(HTTPStatus.BAD_REQUEST, str(wrong))
        except _NOBODY:
            response = _error(HTTPStatus.NOT_FOUND, "this address opens no inbox: ask the shop for a new one")
        except _LATER:
            response = _error(HTTPStatus.SERVICE_UNAVAILABLE, "the shop cannot be reached now: come back later")
            response.headers["Retry-After"] = str(AWAY)
        return secret(response)

    return answer


@in_json
def devices(request: HttpRequest, token: str) -> HttpResponse:
    """Register a device of whoever's inbox it is, or take one off."""
    reader = inbox_links.read(token)
    body = request.read(reading.MOST_BYTES + 1)
    if len(body) > reading.MOST_BYTES:
        return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {reading.MOST_BYTES} bytes")
    handed = reading.read(body, wiring.push_services())
    with in_tenant(reader.shop_id):
        if request.method == "DELETE":
            return _told(device_desk.take_off(reader.customer_id, handed, now=clock.now()), HTTPStatus.OK)
        status = HTTPStatus.OK if handed.renewed else HTTPStatus.CREATED
        return _told(device_desk.register(reader.customer_id, handed, now=clock.now()), status)


def _told(done: Registered, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"device": done.device, "devices": done.devices}, status=status)


def _error(status: HTTPStatus, words: str) -> JsonResponse:
    return JsonResponse({"error": words}, status=status)
