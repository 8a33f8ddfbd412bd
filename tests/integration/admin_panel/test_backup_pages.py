"""The page of backups: what stands, what is proven, what comes next; and what staff may ask for on it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.test.utils import override_settings

from tests.support.backups import house_of, settings_of
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.pages import html_of, text_of
from tests.support.vaults import directory
from tests.support.web import Browser, web
from zargar import clock, names
from zargar.accounts.models import User
from zargar.audit.models import AuditRecord
from zargar.backups import duties, operations, scheduled, watch
from zargar.backups.making import House, Made
from zargar.backups.models import Backup, Drill
from zargar.backups.ports import VaultFullError
from zargar.backups.retention import Kind
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.watch import Watched
from zargar.ledger.models import Run
from zargar.shops.models import Shop

pytestmark = pytest.mark.usefixtures("database", "cache_server", "broker")
GOLD = (0xB8, 0x86, 0x0B)


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path, shop: Shop) -> Iterator[House]:
    """A deployment of two vaults, the second of which takes no more after a while."""
    full = BreakingVault(directory(tmp_path, "two"), after=2_000, error=VaultFullError)
    places = {name: str(tmp_path / name) for name in ("one", "two")}
    with override_settings(VAULTS=places, VAULTS_LOCKED=("one",)):
        yield house_of(database, [directory(tmp_path, "one"), full])


@pytest.fixture
def made(house: House, shop: Shop) -> Made:
    """A degraded backup; the vaults were tried, somebody has looked, and a shop has come back out of one."""
    found = operations.back_up_all(house=house, kind=Kind.DAILY, reason="the schedule")
    duties.daily(house.vaults[:1], now=clock.now())
    Drill.objects.create(
        backup=Backup.objects.get(), vault="one", holds=str(shop.id), schema=shop.schema_name,
        drilled_at=clock.now(), proven_at=clock.now(), milliseconds=5,
    )  # fmt: skip
    scheduled.add(shop=shop.schema_name, cron="0 12 * * *", by="test", reason="a busy shop", now=clock.now())
    watch.look(
        jobs=[], watched=Watched(vaults=["one", "two"], locked=["one"], objective=timedelta(days=2)), now=clock.now()
    )
    return found


def test_before_any_backup_the_page_says_so(staff: Client) -> None:
    page = text_of(html_of(staff.get("/backups/")))
    assert "هنوز هیچ پشتیبانی ساخته نشده است" in page
    assert "هیچ مخزنی تعیین نشده است" in page
    assert "هیچ هشداری برپا نیست" in page


def test_it_shows_alarms_vaults_copies_proofs_and_what_comes_next(staff: Client, made: Made, shop: Shop) -> None:
    html = html_of(staff.get("/backups/"))
    page = text_of(html)
    assert '<html lang="fa" dir="rtl">' in html
    for words in (
        "هشدارهای برپا", "مخزنی کار خود را نمی‌کند", "vault two: broke while", "قفل مخزن جلوی حذف را نمی‌گیرد",
        "با کاستی", "هنوز بازخوانی‌نشده", "ندارد", "بازگردانی آزموده ۱۴۰", made.manifest.backup, "the schedule",
        "نوبت‌های بعد", "پشتیبان روزانه", f"یک فروشگاه، {shop.name}", "جلوی حذف را نگرفت",
    ):  # fmt: skip
        assert words in page, words
    assert "Infinity" not in page


def test_it_says_of_which_packs_of_a_copy_a_witness_was_silent(staff: Client, made: Made, shop: Shop) -> None:
    silent = "گواهی ساختار"
    assert silent not in text_of(html_of(staff.get("/backups/")))

    def proven(schema: str, unwitnessed: str) -> None:
        Drill.objects.create(
            backup=Backup.objects.get(), vault="one", holds=schema, schema=schema, drilled_at=clock.now(),
            proven_at=clock.now(), milliseconds=5, unwitnessed=unwitnessed,
        )  # fmt: skip

    for number in range(12):
        proven(f"shop_{number:02}", "pg_dump's text is of other versions (17.2; here 18) and differs")
    page = text_of(html_of(staff.get("/backups/")))
    assert f"{silent} ۱۲ بسته از بازگردانده‌ها کامل نیست: shop_00, shop_01, shop_02" in page
    assert "shop_04: pg_dump's text is of other versions (17.2; here 18)" in page
    assert page.count(silent) == 1, "of the copy in one vault"
    for number in range(12):
        proven(f"shop_{number:02}", "")
    assert silent not in text_of(html_of(staff.get("/backups/"))), "it has spoken since"


def test_a_visitor_is_sent_to_sign_in_and_an_open_console_shows_no_buttons(client: Client, made: Made) -> None:
    assert client.get("/backups/").status_code == 302
    with override_settings(CONSOLE_OPEN=True):
        page = html_of(client.get("/backups/"))
    assert made.manifest.backup in page
    assert "<form" not in page
    for address in ("/backups/start", "/backups/clean-up"):
        answer = client.post(address, {"reason": "because"})
        assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/backups/")
    assert Run.objects.count() == 0


@pytest.mark.parametrize("with_shop", [True, False])
def test_whoever_may_asks_for_a_backup_and_it_is_in_the_audit(
    staff: Client, operator: User, shop: Shop, *, with_shop: bool
) -> None:
    slug = shop.schema_name if with_shop else ""
    answer = staff.post("/backups/start", {"shop": slug, "reason": "پیش از مهاجرت"}, follow=True)
    assert "به صف رفت" in text_of(html_of(answer))
    run = Run.objects.get()
    assert run.task == names.CONSOLE_START_BACKUP_JOB
    assert run.kwargs == {"shop_id": shop.id if with_shop else None, "operator_id": operator.pk}
    record = AuditRecord.objects.get(action="backup.start")
    assert (record.actor, record.subject, record.reason) == ("web maryam", slug or "everything", "پیش از مهاجرت")


def test_a_clean_up_is_asked_for_in_the_same_way(staff: Client) -> None:
    answer = staff.post("/backups/clean-up", {"reason": "جا کم است"}, follow=True)
    assert "به صف رفت" in text_of(html_of(answer))
    assert Run.objects.get().task == names.CONSOLE_CLEANUP_OLD_BACKUPS
    assert AuditRecord.objects.get(action="backup.clean_up").reason == "جا کم است"


@pytest.mark.parametrize(
    ("given", "told"), [({"reason": " "}, "needs a reason"), ({"reason": "x", "shop": "no"}, "no")]
)
def test_without_a_reason_or_for_no_shop_nothing_is_asked_for(
    staff: Client, given: dict[str, str], told: str
) -> None:  # fmt: skip
    page = text_of(html_of(staff.post("/backups/start", given, follow=True)))
    assert "انجام نشد" in page
    assert told in page
    assert Run.objects.count() == 0


def test_staff_without_the_permission_reads_and_is_refused(client: Client, database: ScratchDatabase) -> None:
    reader = User.objects.create_user("sara", password="یک گذرواژه دراز ۱۴۰۵", is_staff=True)  # noqa: S106 -- a test's
    client.force_login(reader)
    assert "<form" not in html_of(client.get("/backups/"))
    assert client.post("/backups/start", {"reason": "because"}).status_code == 403
    assert client.post("/backups/clean-up", {"reason": "because"}).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="add_backup"))
    assert html_of(client.get("/backups/")).count("<form") == 1
    assert client.post("/backups/start", {"reason": "because"}).status_code == 302
    assert client.post("/backups/clean-up", {"reason": "because"}).status_code == 403
    assert Run.objects.count() == 1


def test_nothing_is_asked_for_by_a_link_or_without_the_form_s_token(operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert strict.get("/backups/start").status_code == 405
    assert strict.post("/backups/start", {"reason": "because"}).status_code == 403
    assert Run.objects.count() == 0


@pytest.mark.debian("chromium")
def test_the_page_is_drawn_from_right_to_left(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str, made: Made
) -> None:
    env = {**database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_CONSOLE_OPEN": "1"}
    given = settings_of(database, {name: str(tmp_path / name) for name in ("one", "two")})
    browser = Browser(tmp_path)
    with web(tmp_path, {**env, **given}) as address:
        dom = browser.dom(f"{address}/backups/")
        picture = browser.picture(f"{address}/backups/", width=1000, height=700)
    assert "هشدارهای برپا" in dom
    assert str(UUID(made.manifest.backup)) in dom
    name = picture.columns_of(*GOLD)
    assert name
    assert min(name) > picture.width * 0.7
