"""What a shop's people see of a customer's inbox: the messages and which of them were read. They change nothing."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zargar.notifications import inbox_store


@never_cache
@require_safe
def customer_inbox(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Show one customer's inbox inside the shop (`middleware.EnterShop` lets only its staff in); 404 for none."""
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 18 else None  # noqa: PLR2004 -- bigint
    found = inbox_store.page(customer_id, before=before) if customer_id < 1 << 63 else None
    if found is None:
        raise Http404
    return render(request, "public/inbox.html", {"inbox": found})
