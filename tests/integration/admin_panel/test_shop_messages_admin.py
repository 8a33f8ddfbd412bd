"""A shop's messages in its admin: looked at, mended for a reason, and no number in full."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.support.databases import TEMPLATE_SHOP
from tests.support.messages import Desk, draft, queue, rows, states
from tests.support.pages import html_of, text_of
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.notifications import turns
from zargar.notifications.manners import Ambiguous
from zargar.notifications.policy_store import current
from zargar.notifications.values import Refusal
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

HERE = f"/shop/{TEMPLATE_SHOP}/admin/shop_messages"

pytestmark = pytest.mark.usefixtures("cache_server", "shop")


def act(client: Client, action: str, number: int, reason: str) -> str:
    """Tick one message and do something to it."""
    chosen = {"action": action, "_selected_action": str(number), "reason": reason}
    return text_of(html_of(client.post(f"{HERE}/message/", chosen, follow=True)))


def test_messages_are_listed_in_persian_with_the_end_of_the_number_alone(staff: Client, shop: Shop) -> None:
    now = clock.now()
    queue(shop, draft(1234567, due_at=now), now=now)
    page = html_of(staff.get(f"{HERE}/message/"))
    told = text_of(page)
    assert "خوش‌آمد" in told
    assert "در صف" in told
    assert "…4567" in told
    assert "9121234567" not in page
    [(number,)] = rows(shop, "id")
    assert "9121234567" not in html_of(staff.get(f"{HERE}/message/{number}/change/"))


def test_a_waiting_message_is_taken_back_for_a_reason_and_the_audit_keeps_it(staff: Client, shop: Shop) -> None:
    now = clock.now()
    queue(shop, draft(1, due_at=now), now=now)
    [(number,)] = rows(shop, "id")
    assert isinstance(number, int)
    assert "انجام نشد" in act(staff, "take_back", number, " ")
    assert states(shop) == {"queued": 1}
    act(staff, "take_back", number, "اشتباه بود")
    assert states(shop) == {"cancelled": 1}
    kept = AuditRecord.objects.get(action="message.cancel")
    assert (kept.reason, kept.actor.startswith("web ")) == ("اشتباه بود", True)


def test_a_dead_letter_is_tried_again(staff: Client, shop: Shop) -> None:
    now, desk = clock.now(), Desk()
    desk.clock.at = now
    desk.providers[0].next_calls.append(Refusal.RECIPIENT)
    queue(shop, draft(1, due_at=now), now=now)
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    assert states(shop) == {"dead": 1}
    [(number,)] = rows(shop, "id")
    assert isinstance(number, int)
    act(staff, "retry", number, "شماره درست شد")
    assert states(shop) == {"queued": 1}


def test_the_policy_is_kept_once_and_what_no_hour_satisfies_is_refused(staff: Client, shop: Shop) -> None:
    fields = {
        "tone": "formal", "channels": "sms,inbox", "promotion_opens": "10:00", "promotion_closes": "20:00",
        "promotion_cap": "2", "promotion_cap_days": "7", "quiet_since": "", "quiet_until": "", "digest": "on",
        "remind_days_before": "3", "overdue_stages": "1,7", "leap_birthdays": "backward", "ambiguous": "leave",
        "reason": "سیاست تازه",
    }  # fmt: skip
    wrong = staff.post(f"{HERE}/shoppolicy/add/", {**fields, "promotion_closes": "10:00"})
    assert wrong.status_code == 200
    html_of(staff.post(f"{HERE}/shoppolicy/add/", fields, follow=True))
    with in_tenant(shop.pk):
        policy = current()
    assert (policy.ambiguous, policy.overdue_stages) == (Ambiguous.LEAVE, (1, 7))
    assert staff.get(f"{HERE}/shoppolicy/add/").status_code == 403


@pytest.mark.parametrize("table", ["bulk", "recurring", "templateversion"])
def test_what_commands_keep_is_looked_at_and_not_changed_here(staff: Client, table: str) -> None:
    assert staff.get(f"{HERE}/{table}/").status_code == 200
    assert staff.get(f"{HERE}/{table}/add/").status_code == 403
