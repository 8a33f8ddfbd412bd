"""The console's page. It reads, and shows what it read with its age; it changes nothing."""

from typing import Final

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zargar import clock
from zargar.admin_panel import queries

REFRESH_SECONDS: Final = 5


@never_cache
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """Show the price and its sources, ticks, runs, the schedule and what was missed; `?still` stops the refreshing.

    Only staff see it, unless CONSOLE_OPEN says that whoever reaches this process may.
    """
    if not settings.CONSOLE_OPEN and not _is_staff(request):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    refresh = None if "still" in request.GET else REFRESH_SECONDS
    try:
        page = queries.console(now=clock.now())
    except (OperationalError, InterfaceError):
        return render(request, "console/away.html", {"refresh": REFRESH_SECONDS, "now": clock.now()}, status=503)
    return render(request, "console/console.html", {"page": page, "now": page.now, "refresh": refresh})


def _is_staff(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_active and user.is_staff
