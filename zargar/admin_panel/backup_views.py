"""The console's page of backups, and the two things that may be asked for on it: make one now, and clean up now.

Whoever may read the console may read the page. What is asked for needs a signed-in member of staff with Django's
permission `backups.add_backup` or `backups.delete_backup`, and a reason; it is in the audit before its run is opened.
"""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from zargar import clock, names
from zargar.admin_panel import backup_page, engine
from zargar.admin_panel.admin.audited import actor
from zargar.admin_panel.views import page_of_the_house
from zargar.audit import operations as audit
from zargar.outcomes import Summary
from zargar.refusals import InvalidError, NotFoundError
from zargar.shops import operations as shops

MAKE: Final = "backups.add_backup"
CLEAN: Final = "backups.delete_backup"


@page_of_the_house
def backups(request: HttpRequest) -> HttpResponse:
    """Show the alarms, the vaults, the newest backups and what is proven of them, and what comes next."""
    page = backup_page.page(now=clock.now())
    may = {"may_make": request.user.has_perm(MAKE), "may_clean": request.user.has_perm(CLEAN)}
    return render(request, "console/backups.html", {"page": page, "now": page.now, **may})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Open the run of a backup: of the shop that was chosen, or of everything."""

    def ask(reason: str) -> str:
        slug = request.POST.get("shop", "")
        shop = shops.named(slug) if slug else None
        arguments: Summary = {"shop_id": shop.id if shop else None, "operator_id": request.user.pk}
        with transaction.atomic():
            audit.record(actor=actor(request), action="backup.start", subject=slug or "everything", reason=reason)
        engine.start(names.CONSOLE_START_BACKUP_JOB, arguments)
        return "پشتیبان‌گیری به صف رفت؛ نتیجه در همین صفحه دیده می‌شود."

    return _asked(request, MAKE, ask)


@require_POST
def clean_up(request: HttpRequest) -> HttpResponse:
    """Open the run that reads copies back and removes what retention has let go for the whole grace."""

    def ask(reason: str) -> str:
        with transaction.atomic():
            audit.record(actor=actor(request), action="backup.clean_up", subject="vaults", reason=reason)
        engine.start(names.CONSOLE_CLEANUP_OLD_BACKUPS, {})
        return "رسیدگی به مخزن‌ها به صف رفت."

    return _asked(request, CLEAN, ask)


def _asked(request: HttpRequest, permission: str, ask: Callable[[str], str]) -> HttpResponse:
    """Do what was asked for, if he who asks may; tell him what came of it on the page."""
    back = reverse("backups")
    if not request.user.is_authenticated:
        return redirect_to_login(back, reverse("admin:login"))
    if not (request.user.is_staff and request.user.has_perm(permission)):
        return render(request, "console/refused.html", {"why": "اجازه این کار را ندارید."}, status=403)
    try:
        messages.success(request, ask(request.POST.get("reason", "")))
    except (InvalidError, NotFoundError) as error:
        messages.error(request, f"انجام نشد. {error}")
    return HttpResponseRedirect(back)
