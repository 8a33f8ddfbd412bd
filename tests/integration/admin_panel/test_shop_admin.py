"""One shop's admin: its own rows and nobody else's, Persian in and out, and closed when the shop is."""

import re
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client

from tests.integration.admin_panel.conftest import PASSWORD
from tests.support.contracts import TOTAL, signed
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.pages import html_of, text_of
from tests.support.valuations import accept
from zargar.accounts.models import User
from zargar.audit.models import AuditRecord
from zargar.customers.models import Consent, Customer
from zargar.gold_installments import revaluation
from zargar.gold_installments.models import Contract, ContractState, Payment
from zargar.pricing.karats import STANDARD
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

HERE = f"/shop/{TEMPLATE_SHOP}/admin"
THERE = "/shop/negin/admin"
NO_CONSENTS = {"consents-TOTAL_FORMS": "0", "consents-INITIAL_FORMS": "0"}

pytestmark = pytest.mark.usefixtures("cache_server", "shop")


def customer_fields(**different: str) -> dict[str, str]:
    """Fill the form of a customer."""
    fields = {"full_name": "مریم رضایی", "mobile": "۰۹۱۲ ۱۲۳ ۴۵۶۷", "birth_date": "۱۳۶۵/۰۶/۳۱", "reason": "مشتری تازه"}
    return NO_CONSENTS | fields | different


def contract_fields(customer: Customer, **different: str) -> dict[str, str]:
    """Fill the form of a contract of 200 million Toman, as a Persian hand does."""
    fields = {
        "number": "۱۴۰۵/۱۰۱", "customer": str(customer.pk), "signed_on": "۱۴۰۵/۰۹/۰۱", "grams": "۱۰٫۰۰۰", "karat": "18",
        "price_per_gram": "۱۸٬۶۰۰٬۰۰۰", "fees": "14,000,000", "total": "۲۰۰٬۰۰۰٬۰۰۰", "down_payment": "۱۰۰٬۰۰۰٬۰۰۰",
        "instalment_count": "۴", "first_due_on": "1405/10/01", "reason": "فروش",
    }  # fmt: skip
    return fields | different


def test_a_customer_is_added_in_persian_and_kept_in_one_form(staff: Client, shop: Shop) -> None:
    page = html_of(staff.get(f"{HERE}/customers/customer/add/"))
    assert 'dir="rtl"' in page
    assert shop.name in page
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    with in_tenant(shop.id):
        found = Customer.objects.get()
    assert (found.mobile, found.birth_date) == ("+989121234567", date(1986, 9, 22))
    text = text_of(html_of(staff.get(f"{HERE}/customers/customer/")))
    assert re.search(r"مریم رضایی \+989121234567 ۱۳۶۵/۰۶/۳۱ ۱۴۰۵/", text)
    assert 'value="۱۳۶۵/۰۶/۳۱"' in html_of(staff.get(f"{HERE}/customers/customer/{found.pk}/change/"))


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"mobile": "02188776655"}, "این شماره تلفن همراه نیست"),
        ({"birth_date": "1986-09-22"}, "تاریخ را به شکل ۱۴۰۵/۰۹/۰۱ بنویسید"),
        ({"reason": " "}, "این فیلد لازم است"),
        ({"full_name": ""}, "این فیلد لازم است"),
    ],
)
def test_a_mistake_is_told_in_persian_and_nothing_is_kept(
    staff: Client, shop: Shop, different: dict[str, str], told: str
) -> None:
    answer = staff.post(f"{HERE}/customers/customer/add/", customer_fields(**different))
    assert told in text_of(html_of(answer))
    with in_tenant(shop.id):
        assert not Customer.objects.exists()


def test_a_number_that_the_shop_has_already_is_told_whichever_way_it_is_typed(staff: Client, shop: Shop) -> None:
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    again = customer_fields(full_name="کس دیگر", mobile="+98 912 123 4567")
    html_of(staff.post(f"{HERE}/customers/customer/add/", again))
    with in_tenant(shop.id):
        assert Customer.objects.count() == 1


def test_consent_is_given_and_withdrawn_on_the_customer_s_page(staff: Client, shop: Shop) -> None:
    given = {
        "consents-TOTAL_FORMS": "1", "consents-0-channel": "sms", "consents-0-purpose": "promotion",
        "consents-0-given_at": "۱۴۰۵/۰۹/۰۱ ۱۷:۳۰", "consents-0-source": "فرم کاغذی",
    }  # fmt: skip
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(**given), follow=True))
    with in_tenant(shop.id):
        [consent] = Consent.objects.all()
    withdrawn = given | {
        "consents-INITIAL_FORMS": "1", "consents-0-id": str(consent.pk),
        "consents-0-customer": str(consent.customer_id),
        "consents-0-withdrawn_at": "1405/09/02 09:00", "consents-0-source": "بازنویسی", "reason": "لغو۱۱",
    }  # fmt: skip
    address = f"{HERE}/customers/customer/{consent.customer_id}/change/"
    html_of(staff.post(address, customer_fields(**withdrawn), follow=True))
    with in_tenant(shop.id):
        [consent] = Consent.objects.all()
    assert consent.withdrawn_at is not None
    assert consent.source == "فرم کاغذی"
    assert consent.given_at.isoformat() == "2026-11-22T14:00:00+00:00"
    record = AuditRecord.objects.first()
    assert record is not None
    assert (record.after, record.reason) == ({"fields": [], "consents": 1}, "لغو۱۱")


def test_the_audit_tells_the_shop_the_row_and_the_fields_but_no_person(staff: Client, shop: Shop) -> None:
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    record = AuditRecord.objects.get(action="customer.add")
    with in_tenant(shop.id):
        pk = Customer.objects.get().pk
    assert record.subject == f"{TEMPLATE_SHOP} customers.customer {pk}"
    assert record.after == {"fields": ["full_name", "mobile", "birth_date"]}
    assert "مریم رضایی" not in f"{record.subject}{record.after}{record.reason}"
    assert "مشتری تازه" in text_of(html_of(staff.get(f"{HERE}/customers/customer/{pk}/history/")))


def test_a_shop_never_shows_another_shop_s_customer(staff: Client, shop: Shop, other_shop: Shop) -> None:
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    with in_tenant(shop.id):
        pk = Customer.objects.get().pk
    assert "مریم رضایی" in text_of(html_of(staff.get(f"{HERE}/customers/customer/")))
    assert "مریم رضایی" not in text_of(html_of(staff.get(f"{THERE}/customers/customer/")))
    assert staff.get(f"{THERE}/customers/customer/{pk}/change/").status_code == 302
    assert staff.get(f"{THERE}/customers/customer/{pk}/history/").status_code == 404
    found = staff.get(
        f"{THERE}/autocomplete/",
        {"term": "مریم", "app_label": "customers", "model_name": "appointment", "field_name": "customer"},
    )
    assert found.json()["results"] == []
    assert other_shop.schema_name in THERE


def test_addresses_on_a_shop_s_page_stay_in_that_shop_and_the_next_page_is_outside_again(staff: Client) -> None:
    page = html_of(staff.get(f"{HERE}/"))
    inside = re.findall(r'href="(/[^"]*)"', page)
    assert f"{HERE}/customers/customer/" in inside
    assert [link for link in inside if "/customers/" in link and not link.startswith(HERE)] == []
    assert 'href="/static/admin/css/base.css"' in page
    assert f"{HERE}/shops/" not in html_of(staff.get("/admin/"))
    assert "/admin/shops/shop/" in html_of(staff.get("/admin/"))


def test_a_shop_s_tables_are_nowhere_outside_of_it(staff: Client) -> None:
    assert staff.get("/admin/customers/customer/").status_code == 404
    assert staff.get(f"{HERE}/shops/shop/").status_code == 404
    assert staff.get(f"/shop/{TEMPLATE_SHOP}/").status_code == 404


def suspended(database: ScratchDatabase) -> None:
    assert database.name
    shops.suspend(slug=TEMPLATE_SHOP, actor="test", reason="تعلیق")


def being_migrated(database: ScratchDatabase) -> None:
    assert database.name
    Shop.objects.filter(schema_name=TEMPLATE_SHOP).update(state="migrating")


def without_a_schema(database: ScratchDatabase) -> None:
    with database.owner() as owner:
        owner.execute(f"DROP SCHEMA {TEMPLATE_SHOP} CASCADE")


def unknown(database: ScratchDatabase) -> None:
    assert database.name
    Shop.objects.filter(schema_name=TEMPLATE_SHOP).delete()


@pytest.mark.parametrize(
    ("situation", "status"), [(suspended, 403), (being_migrated, 409), (without_a_schema, 404), (unknown, 404)]
)
def test_a_shop_that_may_not_be_worked_in_is_refused_and_nothing_falls_through(
    staff: Client, database: ScratchDatabase, situation: object, status: int
) -> None:
    assert callable(situation)
    situation(database)
    for answer in (
        staff.get(f"{HERE}/customers/customer/"),
        staff.post(f"{HERE}/customers/customer/add/", customer_fields()),
    ):
        assert 'dir="rtl"' in html_of(answer, status)
    assert not AuditRecord.objects.filter(action="customer.add").exists()
    html_of(staff.get("/admin/"))


def test_a_shop_that_is_being_changed_right_now_is_not_entered(staff: Client, database: ScratchDatabase) -> None:
    with database.owner() as owner:
        found = Shop.objects.get(schema_name=TEMPLATE_SHOP)
        owner.execute("SELECT pg_advisory_lock(%s, %s)", [0x5348_4F50, found.pk])
        html_of(staff.get(f"{HERE}/"), 409)


@pytest.mark.parametrize("slug", [TEMPLATE_SHOP, "no_such_shop"])
def test_a_stranger_is_sent_to_sign_in_and_not_told_which_shops_there_are(client: Client, slug: str) -> None:
    answer = client.get(f"/shop/{slug}/admin/customers/customer/?q=a")
    assert answer.status_code == 302
    assert answer["Location"] == f"/admin/login/?next=/shop/{slug}/admin/customers/customer/%3Fq%3Da"
    client.force_login(User.objects.create_user("visitor", password=PASSWORD))
    assert client.get(f"/shop/{slug}/admin/").status_code == 302


def test_staff_without_permission_see_no_customers(client: Client) -> None:
    client.force_login(User.objects.create_user("clerk", password=PASSWORD, is_staff=True))
    assert client.get(f"{HERE}/customers/customer/").status_code == 403


def test_after_a_request_the_connection_is_in_the_shared_schema_again(staff: Client) -> None:
    html_of(staff.get(f"{HERE}/customers/customer/"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == ("public", 0)


def test_a_contract_is_signed_with_its_plan_and_shown_with_jalali_dates(staff: Client, shop: Shop) -> None:
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    with in_tenant(shop.id):
        who = Customer.objects.get()
    html_of(staff.post(f"{HERE}/gold_installments/contract/add/", contract_fields(who), follow=True))
    with in_tenant(shop.id):
        contract = Contract.objects.get()
        assert [line.amount for line in contract.instalments.all()] == [TOTAL // 8] * 4
    text = text_of(html_of(staff.get(f"{HERE}/gold_installments/contract/{contract.pk}/change/")))
    assert "۱ ۱۴۰۵/۱۰/۰۱ ۲۵٬۰۰۰٬۰۰۰ ۰" in text
    assert "۴ ۱۴۰۶/۰۱/۰۱ ۲۵٬۰۰۰٬۰۰۰ ۰" in text
    listed = text_of(html_of(staff.get(f"{HERE}/gold_installments/contract/")))
    assert re.search(r"مریم رضایی ۱۴۰۵/۰۹/۰۱ ۱۰٫۰۰۰ ۱۸ ۲۰۰٬۰۰۰٬۰۰۰ ۰ ۱۰۰٬۰۰۰٬۰۰۰ ۰ باز", listed)


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"total": "۲۰۰٬۰۰۰٬۰۰۱"}, "جمع باید ۲۰۰٬۰۰۰٬۰۰۰ تومان باشد"),
        ({"grams": "0", "total": "14000000"}, "وزن باید مثبت باشد"),
        ({"down_payment": "۲۰۰٬۰۰۰٬۰۰۰"}, "پیش‌پرداخت باید کمتر از جمع قرارداد باشد"),
        ({"floor_price": "2", "ceiling_price": "1"}, "کف قیمت نمی‌تواند بالاتر از سقف باشد"),
        ({"first_due_on": "۱۴۰۵/۰۸/۳۰"}, "نخستین سررسید نمی‌تواند پیش از قرارداد باشد"),
        ({"karat": "20"}, "انتخاب"),
        ({"instalment_count": "61"}, "شمار قسط‌ها باید از ۱ تا ۶۰ باشد"),
    ],
)
def test_figures_that_do_not_fit_are_told_in_persian(
    staff: Client, shop: Shop, different: dict[str, str], told: str
) -> None:
    html_of(staff.post(f"{HERE}/customers/customer/add/", customer_fields(), follow=True))
    with in_tenant(shop.id):
        who = Customer.objects.get()
    answer = staff.post(f"{HERE}/gold_installments/contract/add/", contract_fields(who, **different))
    assert told in text_of(html_of(answer))
    with in_tenant(shop.id):
        assert not Contract.objects.exists()


def pay(staff: Client, contract: Contract, amount: str) -> str:
    """Fill the form of a payment."""
    fields = {
        "contract": str(contract.pk), "amount": amount, "paid_on": "۱۴۰۵/۱۰/۰۱", "method": "card", "reason": "قسط",
    }  # fmt: skip
    return text_of(html_of(staff.post(f"{HERE}/gold_installments/payment/add/", fields, follow=True)))


def test_payments_are_taken_up_to_what_is_owed_and_voided_with_a_reason(staff: Client, shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
    pay(staff, contract, "۹۰٬۰۰۰٬۰۰۰")
    assert "بدهی مانده ۱۰٬۰۰۰٬۰۰۰ تومان است" in pay(staff, contract, "۱۰٬۰۰۰٬۰۰۱")
    pay(staff, contract, "10,000,000")
    with in_tenant(shop.id):
        assert Contract.objects.get().state == ContractState.SETTLED
        last = Payment.objects.get(amount=10_000_000)
    void = {"action": "void_payments", "_selected_action": str(last.pk), "reason": "کارت دیگری بود"}
    assert "باطل شد" in text_of(html_of(staff.post(f"{HERE}/gold_installments/payment/", void, follow=True)))
    assert "انجام نشد" in text_of(html_of(staff.post(f"{HERE}/gold_installments/payment/", void, follow=True)))
    with in_tenant(shop.id):
        assert Contract.objects.get().state == ContractState.OPEN
        assert Payment.objects.get(pk=last.pk).void_reason == "کارت دیگری بود"
    assert AuditRecord.objects.filter(action="payment.void", reason="کارت دیگری بود").count() == 1


def test_a_contract_is_cancelled_with_a_reason_and_then_takes_no_payment(staff: Client, shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
    cancel = {"action": "cancel", "_selected_action": str(contract.pk), "reason": ""}
    address = f"{HERE}/gold_installments/contract/"
    assert "انجام نشد" in text_of(html_of(staff.post(address, cancel, follow=True)))
    assert "باطل شد" in text_of(html_of(staff.post(address, cancel | {"reason": "پشیمان شد"}, follow=True)))
    assert "این قرارداد باز نیست" in pay(staff, contract, "1000")


def test_what_was_signed_or_paid_is_neither_changed_nor_deleted_by_a_form(staff: Client, shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed()
    address = f"{HERE}/gold_installments/contract/{contract.pk}"
    assert staff.post(f"{address}/change/", contract_fields(contract.customer)).status_code == 403
    assert staff.post(f"{address}/delete/", {"post": "yes"}).status_code == 403


def test_a_contract_s_page_tells_its_worth_at_which_price_and_when(staff: Client, shop: Shop) -> None:
    with in_tenant(shop.id):
        contract = signed(ceiling_price=19_000_000)
    page = f"{HERE}/gold_installments/contract/{contract.pk}/change/"
    assert "هنوز ارزش‌گذاری نشده" in text_of(html_of(staff.get(page)))
    now = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
    accept(20_000_000, now=now)
    revaluation.revalue(shop_id=None, fineness=STANDARD, now=now)
    text = text_of(html_of(staff.get(page)))
    assert "ارزش طلا: ۱۹۰٬۰۰۰٬۰۰۰ تومان، هر گرم ۱۹٬۰۰۰٬۰۰۰ تومان (سقف قرارداد)" in text
    assert "پرداخت‌نشده: ۵٫۰۰۰ گرم به ارزش ۹۵٬۰۰۰٬۰۰۰ تومان (بدهی آن هنگام ۱۰۰٬۰۰۰٬۰۰۰ تومان)" in text
    assert "توافق منابع: هر گرم ۷۵۰ ۲۰٬۰۰۰٬۰۰۰ تومان، ۱۴۰۵/۰۹/۰۱ ۱۷:۳۰:۰۰" in text
