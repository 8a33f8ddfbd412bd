"""The console's pages. They read, and show what they read with its age; they change nothing.

Only staff see them, unless CONSOLE_OPEN says that whoever reaches this process may.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zargar import clock
from zargar.admin_panel import message_page, queries
from zargar.pricing.reporting import NoSuchReportError

REFRESH_SECONDS: Final = 5

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def page_of_the_house(view: View[Arguments]) -> View[Arguments]:
    """Keep a view to those who may read it, uncached; a database that is away is 503 and is asked again."""

    @never_cache
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        if not settings.CONSOLE_OPEN and not _is_staff(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        try:
            return view(request, *args, **kwargs)
        except (OperationalError, InterfaceError):
            return render(request, "console/away.html", {"refresh": REFRESH_SECONDS, "now": clock.now()}, status=503)

    return answer


@page_of_the_house
def console(request: HttpRequest) -> HttpResponse:
    """Show the price and its sources, ticks, runs, the schedule and what was missed; `?still` stops the refreshing."""
    refresh = None if "still" in request.GET else REFRESH_SECONDS
    page = queries.console(now=clock.now())
    return render(request, "console/console.html", {"page": page, "now": page.now, "refresh": refresh})


@page_of_the_house
def messages(request: HttpRequest) -> HttpResponse:
    """Show how messages leave: whether they do, by which accounts, and what the last day brought."""
    page = message_page.page(now=clock.now())
    return render(request, "console/messages.html", {"page": page, "now": page.now})


@page_of_the_house
def price_reports(request: HttpRequest) -> HttpResponse:
    """List the newest reports of prices."""
    return render(request, "console/price_reports.html", {"reports": queries.price_reports(), "now": clock.now()})


@page_of_the_house
def price_report(request: HttpRequest, number: int) -> HttpResponse:
    """Show one report of prices; 404 where there is none of this number."""
    return render(request, "console/price_report.html", {"page": _report(number), "now": clock.now()})


@page_of_the_house
def price_report_chart(_request: HttpRequest, number: int) -> HttpResponse:
    """Send the picture of a report; 404 where it has none, since there was no price to draw."""
    chart = _report(number).kept.chart
    if chart is None:
        raise Http404
    return HttpResponse(chart, content_type="image/png")


def _report(number: int) -> queries.ReportPage:
    try:
        return queries.price_report(number)
    except NoSuchReportError as error:
        raise Http404 from error


def _is_staff(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_active and user.is_staff
