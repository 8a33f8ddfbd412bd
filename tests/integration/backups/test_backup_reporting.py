"""Reports on backups from real rows to a real mail server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import override_settings

from tests.support.databases import ScratchDatabase
from tests.support.mail import OPERATOR, MailSandbox, mail_goes_to
from tests.support.silence import SilentMailServer
from zargar import mail
from zargar.backups import jobs, report_store, reporting
from zargar.backups.models import Backup, BackupReport, Copy, CopyState, Drill, Pack, State
from zargar.backups.reports import WEEK, Period
from zargar.backups.retention import Kind
from zargar.clock import TEHRAN
from zargar.outcomes import Permanent, Retryable, Summary
from zargar.shops.models import Shop

SIX = datetime(2026, 11, 23, 6, 0, tzinfo=TEHRAN).astimezone(UTC)
VAULTS = ("one", "two")
HASH = "ab" * 32


@pytest.fixture(scope="module")
def sandbox() -> Iterator[MailSandbox]:
    running = MailSandbox()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def smtp(sandbox: MailSandbox) -> MailSandbox:
    sandbox.forget()
    return sandbox


def backup(
    shop: Shop, *, at: datetime, one: CopyState = CopyState.GOOD, two: CopyState = CopyState.GOOD, size: int = 1_000
) -> Backup:
    """A finished backup of a shop with a copy in each vault."""
    lacking = {CopyState.MISSING, CopyState.DAMAGED} & {one, two}
    made = Backup.objects.create(
        kind=Kind.DAILY, state=State.DEGRADED if lacking else State.COMPLETE, reason="a test", began_at=at,
        ended_at=at + timedelta(minutes=1), manifest_sha256=HASH, stored_bytes=size,
    )  # fmt: skip
    Pack.objects.create(
        backup=made, holds=str(shop.id), schema=shop.schema_name, taken_at=at, tables=1, rows=1, plain_bytes=1,
        stored_bytes=size,
    )  # fmt: skip
    for vault, state in zip(VAULTS, (one, two), strict=True):
        read = state in {CopyState.GOOD, CopyState.DAMAGED}
        Copy.objects.create(
            backup=made, vault=vault, state=state, checked_at=at + timedelta(minutes=5) if read else None
        )
    return made


def generate(*, kind: str = "daily", now: datetime = SIX) -> Summary:
    return reporting.generate(
        kind=kind, now=now, vaults=VAULTS, postbox=mail.postbox() if mail.configured() else None, to=mail.operators()
    )


def test_for_each_shop_and_vault_the_last_proven_copy_is_the_newest_that_is_good_there(shop: Shop) -> None:
    old, new = SIX - timedelta(days=2), SIX - timedelta(hours=3)
    backup(shop, at=old)
    backup(shop, at=new, two=CopyState.DAMAGED)

    body = reporting.as_of_now(kind="daily", now=SIX, vaults=VAULTS)

    standing = {one["name"]: one for one in body["shops"]}
    assert standing[shop.schema_name]["proven"] == {"one": new.isoformat(), "two": old.isoformat()}
    assert standing["shared"] == {
        "holds": "shared",
        "name": "shared",
        "copies": 0,
        "proven": {"one": None, "two": None},
        "restored": {"one": None, "two": None},
    }
    assert body["worries"].keys() == {"degraded", "lacking", "shops_without"}


def test_only_a_copy_that_was_read_back_counts_as_proven(shop: Shop) -> None:
    backup(shop, at=SIX - timedelta(hours=3), one=CopyState.STORED, two=CopyState.MISSING)
    [standing] = report_store.shops({str(shop.id): "negin"}, in_vaults=VAULTS)
    nowhere = {"one": None, "two": None}
    assert standing == {
        "holds": str(shop.id), "name": "negin", "copies": 1, "proven": nowhere, "restored": nowhere,
    }  # fmt: skip


def test_the_last_proven_restore_is_a_figure_of_each_shop_and_vault(shop: Shop) -> None:
    made = backup(shop, at=SIX - timedelta(days=3))
    for vault, hours, faults in (("one", 40, ""), ("one", 20, ""), ("one", 10, "a row is missing"), ("two", 5, "gone")):
        at = SIX - timedelta(hours=hours)
        Drill.objects.create(
            backup=made, vault=vault, holds=str(shop.id), schema=shop.schema_name, drilled_at=at,
            proven_at=None if faults else at, milliseconds=1, faults=faults,
        )  # fmt: skip
    with override_settings(DRILL_PERIOD=timedelta(days=7)):
        body = reporting.as_of_now(kind="daily", now=SIX, vaults=VAULTS)
    standing = {one["name"]: one for one in body["shops"]}[shop.schema_name]
    assert standing["restored"] == {"one": (SIX - timedelta(hours=20)).isoformat(), "two": None}
    assert body["worries"]["undrilled"] == [shop.schema_name]


def test_packs_of_files_are_told_of_too_also_those_that_no_backup_holds(shop: Shop) -> None:
    made = backup(shop, at=SIX - timedelta(hours=3))
    Pack.objects.create(
        backup=made, holds="roles", schema="roles", taken_at=SIX, tables=0, rows=0, files=1, plain_bytes=1,
        stored_bytes=1,
    )  # fmt: skip
    with override_settings(BACKUP_FILES={"media": "/srv/media"}):
        body = reporting.as_of_now(kind="daily", now=SIX, vaults=VAULTS)
    assert [one["name"] for one in body["shops"]] == ["shared", "files.media", "roles", shop.schema_name]
    assert body["worries"]["shops_without"] == ["shared", "files.media"]


def test_each_vault_says_what_it_holds_lacks_and_lets_go(shop: Shop) -> None:
    gone = backup(shop, at=SIX - timedelta(days=9), size=100)
    gone.copies.update(condemned_at=SIX)
    backup(shop, at=SIX - timedelta(days=1), size=70, one=CopyState.STORED, two=CopyState.MISSING)
    removed = backup(shop, at=SIX - timedelta(days=20), size=5_000)
    removed.copies.update(state=CopyState.REMOVED)

    one, three, two = report_store.vaults(["one", "three"])

    assert (one["copies"], one["stored_bytes"], one["unread"], one["waiting"], one["waiting_bytes"]) == (
        2,
        170,
        1,
        1,
        100,
    )
    assert (two["configured"], two["copies"], [lack["state"] for lack in two["lacking"]]) == (False, 1, ["missing"])
    assert (three["configured"], three["copies"], three["lacking"]) == (True, 0, [])


def test_growth_compares_with_the_newest_backup_of_everything_a_week_before(shop: Shop) -> None:
    for days, size in ((20, 5), (8, 70), (6, 80), (1, 100)):
        backup(shop, at=SIX - timedelta(days=days), size=size)
    assert report_store.sizes(until=SIX) == {"newest": 100, "week_before": 70}
    assert report_store.sizes(until=SIX - 3 * WEEK) == {"newest": None, "week_before": None}


def test_a_period_s_report_is_made_once_and_tells_of_the_backups_that_were_begun_in_it(shop: Shop) -> None:
    inside = backup(shop, at=SIX - timedelta(days=1))
    for outside in (SIX, SIX - timedelta(days=1, seconds=1)):
        backup(shop, at=outside)

    first, again = generate(), generate(now=SIX + timedelta(hours=5))

    assert first["reports"] == [{"until": SIX.isoformat(), "made": True, "backups": 1, "worries": ["shops_without"]}]
    assert again["reports"] == []
    assert [one["backup"] for one in BackupReport.objects.get().body["made"]] == [str(inside.id)]


def test_without_mail_a_report_is_kept_and_says_that_it_was_not_mailed(shop: Shop) -> None:
    told = generate()
    assert told["not_mailed_because"] == "no mail is configured, or nobody to write to"
    assert BackupReport.objects.get().mailed_at is None


def test_a_report_reaches_the_operators_in_persian_once(shop: Shop, smtp: MailSandbox) -> None:
    backup(shop, at=SIX - timedelta(hours=3), two=CopyState.MISSING)
    with mail_goes_to(smtp.smtp_url):
        generate()
        generate(now=SIX + timedelta(minutes=5))

    [letter] = smtp.letters()
    assert letter["envelope"]["to"] == [OPERATOR]
    assert letter["headers"]["subject"] == "زرگر | گزارش روزانه پشتیبان‌ها، دوشنبه ۲ آذر ۱۴۰۵"
    assert '<html lang="fa" dir="rtl">' in letter["html"]
    for part in ("text", "html"):
        assert "مخزن‌هایی که چیزی کم دارند یا آسیب دیده‌اند (۱): two" in letter[part]
    assert BackupReport.objects.get().mailed_at is not None


def test_a_report_that_the_mail_server_did_not_take_goes_with_the_next_attempt(shop: Shop, smtp: MailSandbox) -> None:
    with mail_goes_to("smtp://127.0.0.1:1"), pytest.raises(Retryable):
        generate()
    assert BackupReport.objects.count() == 1
    with mail_goes_to(smtp.smtp_url):
        assert generate(now=SIX + timedelta(minutes=5))["mailed"] == [BackupReport.objects.get().pk]
    assert len(smtp.letters()) == 1


def test_while_a_mail_server_is_silent_the_report_is_not_locked_and_goes_once_when_that_is_over(
    shop: Shop, smtp: MailSandbox, database: ScratchDatabase
) -> None:
    ended: list[str] = []
    with SilentMailServer() as silent, mail_goes_to(silent.url):

        def send() -> None:
            try:
                generate()
            except Retryable as late:
                ended.append(late.reason)
            finally:
                connection.close()

        sending = Thread(target=send)
        sending.start()
        assert silent.reached.wait(30)
        with database.owner() as other:
            assert other.execute("SELECT kind FROM backups_backupreport FOR UPDATE NOWAIT").fetchall() == [("daily",)]
        with pytest.raises(Retryable, match="by another process, or was by one that died"):
            generate(now=SIX + timedelta(minutes=1))
        silent.hang_up()
        sending.join(30)
    assert len(ended) == 1
    with mail_goes_to(smtp.smtp_url):
        assert len(generate(now=SIX + timedelta(minutes=5))["mailed"]) == 1  # type: ignore[arg-type]  # a list, in JSON
        assert generate(now=SIX + timedelta(minutes=10))["mailed"] == []
    assert len(smtp.letters()) == 1


def test_the_weekly_report_and_the_daily_one_are_two(shop: Shop) -> None:
    generate(now=SIX + timedelta(hours=1))
    generate(kind="weekly", now=SIX + timedelta(hours=1))
    assert set(BackupReport.objects.values_list("kind", flat=True)) == set(Period)


def test_an_unknown_period_is_a_dead_letter_and_a_look_keeps_nothing(shop: Shop) -> None:
    with pytest.raises(Permanent, match="hourly"):
        generate(kind="hourly")
    jobs.report_now(kind="weekly", now=SIX)
    assert BackupReport.objects.count() == 0
