"""Messages on a customer's page in the shop's admin: their inbox, and consents that the whole platform heeds."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.integration.admin_panel.test_shop_admin import HERE, customer_fields
from tests.support.databases import TEMPLATE_SHOP
from tests.support.messages import Desk, draft, queue, states
from tests.support.pages import html_of, text_of
from zargar.customers import operations as customers
from zargar.customers.models import Consent, Customer
from zargar.notifications import operations, turns
from zargar.notifications.models import OptOut
from zargar.notifications.values import Channel, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

MOBILE = draft(1).to
GIVEN = "۱۴۰۵/۰۹/۰۱ ۱۷:۳۰"
AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
"""The same moment."""

pytestmark = pytest.mark.usefixtures("cache_server", "shop")


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer of the shop."""
    with in_tenant(shop.id):
        return Customer.objects.create(full_name="مریم رضایی", mobile=MOBILE).id


def typed(*rows: dict[str, str], held: int = 0) -> dict[str, str]:
    """Fill the rows of consents, `held` of which were there."""
    fields = {"consents-TOTAL_FORMS": str(len(rows)), "consents-INITIAL_FORMS": str(held)}
    for n, row in enumerate(rows):
        whole = {"channel": "sms", "purpose": "promotion", "source": "فرم کاغذی", "given_at": GIVEN} | row
        fields |= {f"consents-{n}-{name}": value for name, value in whole.items()}
    return fields


def save(staff: Client, who: int, **rows: str) -> str:
    """Save the customer's page."""
    address = f"{HERE}/customers/customer/{who}/change/"
    fields = customer_fields(mobile=MOBILE, **rows)
    return text_of(html_of(staff.post(address, fields, follow=True)))


def held(shop: Shop) -> dict[str, str]:
    """Name the shop's one consent as its form does."""
    with in_tenant(shop.id):
        consent = Consent.objects.get()
        return {"id": str(consent.pk), "customer": str(consent.customer_id)}


def decline(shop: Shop, *, at: datetime) -> None:
    operations.opt_out(
        shop_id=shop.id, to=MOBILE, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="لغو۱۱", now=at
    )


def standing(shop: Shop, who: int) -> bool:
    with in_tenant(shop.id):
        return ("sms", "promotion") in customers.people(ids=[who])[who].given


def test_a_customer_s_page_leads_to_their_inbox(staff: Client, maryam: int) -> None:
    page = html_of(staff.get(f"{HERE}/customers/customer/{maryam}/change/"))
    [link] = re.findall(r'href="(/[^"]*/inbox/[^"]*)"', page)
    assert link == f"/shop/{TEMPLATE_SHOP}/inbox/{maryam}/"
    assert "مریم رضایی" in text_of(html_of(staff.get(link)))
    assert "/inbox/" not in html_of(staff.get(f"{HERE}/customers/customer/add/"))


def test_a_consent_at_the_counter_takes_an_older_refusal_back(staff: Client, shop: Shop, maryam: int) -> None:
    decline(shop, at=AT - timedelta(days=200))
    text = save(staff, maryam, **typed({}))
    assert "لغو کرده است" not in text
    assert not OptOut.objects.exists()
    queue(shop, draft(1, kind="birthday", purpose=Purpose.PROMOTION, customer_id=maryam))
    turns.deliver_due(Desk().post, budget=timedelta(seconds=50))
    assert states(shop) == {"sent": 1}


def test_a_refusal_after_the_consent_stays_and_is_told(staff: Client, shop: Shop, maryam: int) -> None:
    decline(shop, at=AT + timedelta(hours=1))
    assert "تا رضایت تازه‌تری ندهد چیزی فرستاده نمی‌شود" in save(staff, maryam, **typed({}))
    assert OptOut.objects.count() == 1
    assert standing(shop, maryam)
    queue(shop, draft(1, kind="birthday", purpose=Purpose.PROMOTION, customer_id=maryam))
    turns.deliver_due(Desk().post, budget=timedelta(seconds=50))
    assert states(shop) == {"dropped": 1}


def test_a_withdrawal_at_the_counter_is_kept_where_no_restore_reaches(staff: Client, shop: Shop, maryam: int) -> None:
    save(staff, maryam, **typed({}))
    save(staff, maryam, **typed(held(shop) | {"withdrawn_at": "1405/09/02 09:00"}, held=1))
    assert not standing(shop, maryam)
    declined = OptOut.objects.get()
    assert (declined.channel, declined.purpose, declined.source) == ("sms", "promotion", "web maryam")
    assert declined.said_at == datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    with in_tenant(shop.id):
        assert Consent.objects.get().withdrawn_at == declined.said_at


def test_a_consent_that_is_typed_with_its_end_is_history_and_ends_none_that_stands(
    staff: Client, shop: Shop, maryam: int
) -> None:
    ended = {"given_at": "1404/01/10 10:00", "withdrawn_at": "1404/02/10 10:00"}
    save(staff, maryam, **typed(ended, {}))
    assert OptOut.objects.count() == 0
    assert standing(shop, maryam)
    save(staff, maryam, **typed(ended | {"channel": "email"}, {"channel": "sms", "purpose": "transactional"}))
    with in_tenant(shop.id):
        assert Consent.objects.filter(withdrawn_at=None).count() == 2
        assert Consent.objects.count() == 4


def test_saving_a_page_without_touching_its_consents_changes_none(staff: Client, shop: Shop, maryam: int) -> None:
    save(staff, maryam, **typed({}))
    decline(shop, at=AT + timedelta(hours=1))
    save(staff, maryam, **typed(held(shop), held=1))
    assert OptOut.objects.count() == 1
    assert standing(shop, maryam)
