"""What every answer of the web process carries or passes through."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import get_script_prefix, set_script_prefix

from zargar.shops import operations as shops
from zargar.shops.operations import NoSuchShopError
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, WrongSchemaError, in_tenant

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Everything comes from this server and nothing stands inline; `data:` is the small icons inside Django's own CSS."""

SHOP: Final = re.compile(r"(?P<prefix>/shop/(?P<slug>[a-z][a-z0-9_]{1,40}))(?P<rest>/.*)")
SIGN_IN: Final = "/admin/login/"

REFUSALS: Final[dict[type[Exception], tuple[int, str]]] = {
    NoSuchShopError: (404, "چنین فروشگاهی نیست."),
    ShopGoneError: (404, "چنین فروشگاهی نیست."),
    ShopSuspendedError: (403, "این فروشگاه معلق است و تا از سر گرفته نشود در آن کاری نمی‌شود."),
    ShopNotReadyError: (409, "این فروشگاه در دست تغییر است. چند دقیقه دیگر بیایید."),
    WrongSchemaError: (503, "ارتباط با پایگاه داده در میانه کار برید. دوباره بکوشید."),
}
"""Why a shop is not entered, as a status and in words."""

Answer: TypeAlias = Callable[[HttpRequest], HttpResponse]


class ContentSecurityPolicy:
    """Adds the policy to every answer."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy."""
        response = self._get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response


class EnterShop:
    """Answers `/shop/<name>/…` inside that shop's schema, from the first query of the view to the last of the page.

    Whoever is not on the staff is sent to sign in before it is said whether such a shop exists. A shop that is not
    there is 404, a suspended one 403, one that is being changed 409, and a session lost on the way 503; nothing ever
    goes on in `public`. For what lies inside, `/shop/<name>` is where this application is mounted, so that addresses
    made by `reverse` stay inside the shop.
    """

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the shop, or pass on what is not addressed to one."""
        found = SHOP.fullmatch(request.path_info)
        if found is None:
            return self._get_response(request)
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return HttpResponseRedirect(f"{SIGN_IN}?next={quote(request.get_full_path())}")
        try:
            return self._inside(request, found)
        except tuple(REFUSALS) as refused:
            status, why = REFUSALS[type(refused)]
            return render(request, "console/refused.html", {"why": why}, status=status)

    def _inside(self, request: HttpRequest, found: re.Match[str]) -> HttpResponse:
        with in_tenant(shops.named(found["slug"]).id) as shop, _mounted_at(found["prefix"]):
            request.urlconf = "zargar.admin_panel.shop_urls"
            request.path_info = found["rest"]
            request.shop_slug, request.shop_name = shop.schema_name, shop.name  # type: ignore[attr-defined]  # for the admin
            return self._get_response(request)


@contextmanager
def _mounted_at(prefix: str) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix(f"{prefix}/")
    try:
        yield
    finally:
        set_script_prefix(before)
