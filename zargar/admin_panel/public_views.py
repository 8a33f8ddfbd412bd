"""The pages of those who buy: leaving promotion with one click, and reading one's inbox. No sign-in, no cookie.

Each address is a signed token that opens one thing (`notifications.unsubscribe`, `notifications.inbox_links`), so there
is no session that another site could ride on, and no protection against that is asked for: mailbox providers post to
the first without any (RFC 8058).

- `GET /leave/TOKEN` asks, `POST` does; what a mailbox provider's scanner opens beforehand changes nothing.
- `GET /inbox/TOKEN/` is the page, `GET /inbox/TOKEN.json` the same for an app: `{"unread", "messages": [{"id", "title",
  "text", "put_at", "read_at"}], "more"}`, both with `?before=ID`. `POST` to either marks as read: all, or the ids of
  `{"ids": […]}`; the answer of `.json` is `{"read": 2, "unread": 0}`. `/inbox/TOKEN/devices` is in `device_views`.
"""

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zargar import clock
from zargar.notifications import inbox_links, inbox_store, unsubscribe, wiring
from zargar.notifications.inbox_links import BadInboxLinkError
from zargar.notifications.inbox_store import Inbox
from zargar.notifications.unsubscribe import BadLeavingLinkError
from zargar.notifications.values import Channel
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.shops.operations import NoSuchShopError
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

WAYS: Final = {Channel.SMS: "پیامک", Channel.EMAIL: "ایمیل", Channel.PUSH: "اعلان", Channel.INBOX: "صندوق پیام"}
AWAY: Final = 5
"""Seconds after which a page asks again for a database that is away."""
MOST_BYTES: Final = 64 * 1024
"""Of what an app may post; ids of a page are a few hundred bytes."""

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def public(view: View[Arguments]) -> View[Arguments]:
    """Answer whoever has the address; a wrong one is 404, a closed shop or a database that is away 503."""

    @never_cache
    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answer(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except (BadLeavingLinkError, BadInboxLinkError, NoSuchShopError, ShopGoneError):
            response = render(request, "public/nothing.html", status=404)
        except (OperationalError, InterfaceError, ShopSuspendedError, ShopNotReadyError):
            response = render(request, "console/away.html", {"refresh": AWAY, "now": clock.now()}, status=503)
        return secret(response)

    return answer


def secret(response: HttpResponse) -> HttpResponse:
    """Keep an address that is a key from being told on."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@public
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether somebody wants no more promotion, or keep that they do."""
    leaving = unsubscribe.read(token)
    if request.method == "POST":
        unsubscribe.leave(leaving, now=clock.now())
    told = {"left": request.method == "POST", "shop": _name(leaving.shop_id), "way": WAYS[leaving.channel]}
    return render(request, "public/leave.html", told)


@public
def inbox(request: HttpRequest, token: str) -> HttpResponse:
    """Show an inbox, or mark all of it as read."""
    reader = inbox_links.read(token)
    here = reverse("inbox", args=[token])
    with _inside(reader.shop_id) as shop:
        if request.method == "POST":
            inbox_store.mark_read(reader.customer_id, now=clock.now())
            return HttpResponseRedirect(here)
        found = _page(request, reader.customer_id)
        told = {"inbox": found, "shop": shop.name, "reader": here}
        return render(request, "public/inbox.html", {**told, **_push(token)})


@public
def inbox_json(request: HttpRequest, token: str) -> HttpResponse:
    """Tell an app what lies in an inbox, or mark some of it as read."""
    reader = inbox_links.read(token)
    with _inside(reader.shop_id):
        if request.method != "POST":
            return JsonResponse(_told(_page(request, reader.customer_id)))
        try:
            ids = _ids(request)
        except ValueError as wrong:
            return JsonResponse({"error": str(wrong)}, status=400)
        read = inbox_store.mark_read(reader.customer_id, ids=ids, now=clock.now())
        return JsonResponse({"read": read, "unread": _page(request, reader.customer_id).unread})


def _push(token: str) -> dict[str, str]:
    """Return what the page needs so that this browser can be written to; the key is empty where none can be."""
    return {"push_key": wiring.push_services().web_key, "push_devices": reverse("inbox-devices", args=[token])}


def _inside(shop_id: int) -> AbstractContextManager[Shop]:
    return in_tenant(shop_id)


def _page(request: HttpRequest, customer_id: int) -> Inbox:
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 18 else None  # noqa: PLR2004 -- bigint
    found = inbox_store.page(customer_id, before=before)
    if found is None:
        raise BadInboxLinkError(BadInboxLinkError.__doc__)
    return found


def _told(found: Inbox) -> dict[str, object]:
    return {
        "unread": found.unread,
        "more": found.more,
        "messages": [
            {
                "id": one.id, "title": one.title, "text": one.text, "put_at": one.put_at.isoformat(),
                "read_at": one.read_at.isoformat() if one.read_at else None,
            }
            for one in found.letters
        ],
    }  # fmt: skip


def _ids(request: HttpRequest) -> Collection[int] | None:
    """Return which messages an app names; None: all. Raises `ValueError` for anything else."""
    problem = 'expected nothing, or {"ids": [1, 2]}'
    if len(request.body) > MOST_BYTES:
        raise ValueError(problem)
    if not request.body.strip():
        return None
    try:
        order = json.loads(request.body)
    except (ValueError, RecursionError):
        raise ValueError(problem) from None
    ids = order.get("ids") if isinstance(order, dict) else None
    if not isinstance(ids, list) or not all(type(one) is int and 0 < one < 1 << 63 for one in ids):
        raise ValueError(problem)
    return ids


def _name(shop_id: int) -> str:
    try:
        return str(shops.numbered(shop_id).name)
    except NoSuchShopError:
        return ""  # it is gone, and whoever leaves need not care
