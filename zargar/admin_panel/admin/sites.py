"""The two admin sites and how people sign in to them: slowly, when they guess."""

from datetime import timedelta
from math import ceil
from typing import Any, Final

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from zargar import clock
from zargar.accounts import operations as accounts
from zargar.persian import number

THROTTLED: Final = "throttled"


class SignInForm(AdminAuthenticationForm):
    """Name and password; the attempt is counted before the password is looked at."""

    def clean(self) -> dict[str, Any]:
        """Check both. Raises `ValidationError` with the code `throttled` when there were too many attempts."""
        who = {"account": self.cleaned_data.get("username", ""), "address": address_of(self.request)}
        wait = accounts.begin(**who, now=clock.now())
        if wait is not None:
            message = f"کوشش‌های ناکام زیاد بود. {number(_minutes(wait))} دقیقه دیگر دوباره بیایید."
            raise ValidationError(message, code=THROTTLED)
        cleaned = super().clean()
        accounts.succeeded(**who)
        return cleaned


class ZargarAdminSite(AdminSite):
    """What the platform's and the shops' admin have in common."""

    site_header = "زرگر"
    site_title = "زرگر"
    site_url = "/"
    enable_nav_sidebar = True
    empty_value_display = "ناموجود"
    login_form = SignInForm
    index_template = "console/admin_index.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign in; too many attempts are answered with 429."""
        response = super().login(request, extra_context)
        form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
        if isinstance(form, SignInForm) and form.is_bound and form.has_error("__all__", THROTTLED):
            response.status_code = 429
        return response


def address_of(request: HttpRequest | None) -> str:
    """Return the address that a request came from: the one that our own proxies saw, past them.

    TRUSTED_PROXIES says how many of ours stand in front; each adds one address to X-Forwarded-For, and whatever stands
    before those was written by the visitor.
    """
    if request is None:
        return ""
    seen = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return seen
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return forwarded[-settings.TRUSTED_PROXIES] if len(forwarded) >= settings.TRUSTED_PROXIES else seen


def _minutes(wait: timedelta) -> int:
    return ceil(wait / timedelta(minutes=1))
