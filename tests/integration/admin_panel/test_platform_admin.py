"""The platform's admin: Persian, audited, and with an audit that nobody edits."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from tests.integration.admin_panel.conftest import PASSWORD
from tests.support.databases import TEMPLATE_SHOP
from tests.support.pages import html_of, text_of
from zargar.accounts.models import User
from zargar.audit import operations as audit
from zargar.audit.models import AuditRecord
from zargar.shops.models import Shop, State

pytestmark = pytest.mark.usefixtures("database", "cache_server")


def act(client: Client, action: str, shop: Shop, reason: str) -> str:
    """Tick one shop and carry an action out on it."""
    fields = {"action": action, "_selected_action": str(shop.pk), "reason": reason}
    return text_of(html_of(client.post("/admin/shops/shop/", fields, follow=True)))


def test_it_is_persian_from_right_to_left_with_everything_from_this_server(staff: Client, shop: Shop) -> None:
    page = html_of(staff.get("/admin/"))
    assert re.search(r'<html lang="fa"\s+dir="rtl"', page)
    assert "admin_panel/admin.css" in page
    assert not re.search(r"<script>|<style|\bstyle=|src=\"https?:", page)
    assert "ورود به فروشگاه" in page
    assert f'href="/shop/{TEMPLATE_SHOP}/admin/"' in page
    assert shop.name in page


def test_shops_are_listed_with_their_state_and_jalali_dates(staff: Client, shop: Shop) -> None:
    text = text_of(html_of(staff.get("/admin/shops/shop/")))
    assert re.search(rf"{shop.name} .*فعال", text)
    assert re.search(r"۱۴۰۵/[۰-۹]{2}/[۰-۹]{2} [۰-۹:]{8}", text)


def test_a_shop_is_suspended_and_resumed_with_a_reason_that_the_audit_keeps(staff: Client, shop: Shop) -> None:
    assert "معلق شد" in act(staff, "suspend", shop, "درخواست خود فروشگاه")
    assert Shop.objects.get().state == State.SUSPENDED
    record = AuditRecord.objects.first()
    assert record is not None
    assert (record.actor, record.action, record.subject) == ("web maryam", "shop.suspend", TEMPLATE_SHOP)
    assert (record.before, record.after, record.reason) == (
        {"state": "active"}, {"state": "suspended"}, "درخواست خود فروشگاه",
    )  # fmt: skip
    assert "فعال شد" in act(staff, "resume", shop, "کار تمام شد")
    assert Shop.objects.get().state == State.ACTIVE


@pytest.mark.parametrize(("action", "reason"), [("suspend", " "), ("resume", "بی‌جهت")])
def test_what_is_refused_is_told_and_changes_nothing(staff: Client, shop: Shop, action: str, reason: str) -> None:
    records = AuditRecord.objects.count()
    assert "انجام نشد" in act(staff, action, shop, reason)
    assert Shop.objects.get().state == State.ACTIVE
    assert AuditRecord.objects.count() == records


def test_a_shop_is_not_made_changed_or_deleted_by_a_form(staff: Client, shop: Shop) -> None:
    assert staff.get("/admin/shops/shop/add/").status_code == 403
    assert staff.post(f"/admin/shops/shop/{shop.pk}/change/", {"name": "دیگر"}).status_code == 403
    assert staff.post(f"/admin/shops/shop/{shop.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "ناموجود" not in text_of(html_of(staff.get(f"/admin/shops/shop/{shop.pk}/change/"))).split("ساخته شد")[0]
    assert Shop.objects.get().name == shop.name


def test_the_audit_is_read_in_persian_and_can_not_be_written(staff: Client) -> None:
    audit.record(actor="cli root", action="schedule.pause", subject="daily-system-backup", reason="دیسک پر است")
    record = AuditRecord.objects.get(action="schedule.pause")
    text = text_of(html_of(staff.get("/admin/audit/auditrecord/")))
    assert "رخدادنگار" in text
    assert re.search(r"۱۴۰۵/[۰-۹/]+ [۰-۹:]+ cli root schedule.pause daily-system-backup دیسک پر است", text)
    assert "دیسک پر است" in text_of(html_of(staff.get(f"/admin/audit/auditrecord/{record.pk}/change/")))
    assert staff.get("/admin/audit/auditrecord/add/").status_code == 403
    assert staff.post(f"/admin/audit/auditrecord/{record.pk}/change/", {"reason": "x"}).status_code == 403
    assert staff.post(f"/admin/audit/auditrecord/{record.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_new_operator_is_audited_without_the_password_which_is_kept_as_argon2(staff: Client) -> None:
    fields = {
        "username": "reza", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD,
        "reason": "همکار تازه",
    }  # fmt: skip
    html_of(staff.post("/admin/accounts/user/add/", fields, follow=True))
    reza = User.objects.get(username="reza")
    assert reza.password.startswith("argon2$argon2id$")
    record = AuditRecord.objects.get(action="user.add")
    assert (record.actor, record.subject, record.reason) == ("web maryam", f"accounts.user {reza.pk}", "همکار تازه")
    assert PASSWORD not in str(record.after)
    assert not LogEntry.objects.exists()


def test_nobody_is_added_without_a_reason_or_with_a_short_password(staff: Client) -> None:
    fields = {"username": "reza", "usable_password": "true", "password1": "short1", "password2": "short1"}
    text = text_of(html_of(staff.post("/admin/accounts/user/add/", fields)))
    assert "این فیلد لازم است" in text
    assert not User.objects.filter(username="reza").exists()


def test_a_password_that_an_operator_changes_for_another_is_audited(staff: Client) -> None:
    reza = User.objects.create_user("reza", password=PASSWORD)
    new = {"password1": PASSWORD + "!", "password2": PASSWORD + "!", "usable_password": "true"}
    html_of(staff.post(f"/admin/accounts/user/{reza.pk}/password/", new, follow=True))
    assert User.objects.get(pk=reza.pk).check_password(PASSWORD + "!")
    assert AuditRecord.objects.get(action="user.change").subject == f"accounts.user {reza.pk}"


def test_an_operator_s_history_comes_from_the_audit(staff: Client, operator: User) -> None:
    fields = {
        "username": "maryam", "first_name": "مریم", "last_name": "رضایی", "email": "", "is_active": "on",
        "is_staff": "on", "is_superuser": "on", "reason": "نام کامل",
    }  # fmt: skip
    html_of(staff.post(f"/admin/accounts/user/{operator.pk}/change/", fields, follow=True))
    text = text_of(html_of(staff.get(f"/admin/accounts/user/{operator.pk}/history/")))
    assert re.search(r"web maryam user.change first_name, last_name نام کامل", text)


def test_whoever_is_not_on_the_staff_sees_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor", password=PASSWORD))
    answer = client.get("/admin/shops/shop/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_staff_without_permissions_see_neither_shops_nor_audit(client: Client) -> None:
    client.force_login(User.objects.create_user("clerk", password=PASSWORD, is_staff=True))
    html_of(client.get("/admin/"))
    assert client.get("/admin/shops/shop/").status_code == 403
    assert client.get("/admin/audit/auditrecord/").status_code == 403
