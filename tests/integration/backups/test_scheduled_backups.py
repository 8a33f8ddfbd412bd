"""Backups at times of people's own: each time opens one run, whoever ticks and however often."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from tests.support.databases import ScratchDatabase
from zargar import names
from zargar.audit.models import AuditRecord
from zargar.backups import scheduled
from zargar.backups.models import BackupSchedule
from zargar.backups.scheduled import NoSuchScheduleError, ScheduleKindError, ScheduleStateError
from zargar.backups.timetable import BadCronError
from zargar.ledger.models import Run
from zargar.shops.models import Shop
from zargar.shops.operations import NoSuchShopError

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""Noon in Tehran."""
DUE = NOON + timedelta(hours=2, minutes=30)


def add(*, shop: str | None = None, cron: str = "30 14 * * *", weekly: bool = False) -> BackupSchedule:
    return scheduled.add(shop=shop, cron=cron, weekly=weekly, by="somebody", reason="a fair is on", now=NOON)


def test_a_time_that_has_come_opens_one_run_and_no_second_tick_opens_another(shop: Shop) -> None:
    made = add(shop=shop.schema_name)
    assert scheduled.process(now=NOON) == {"opened": [], "unreadable": []}

    first = scheduled.process(now=DUE)
    again = scheduled.process(now=DUE + timedelta(seconds=30))

    run = Run.objects.get()
    assert first["opened"] == [str(run.id)]
    assert again["opened"] == []
    assert (run.task, run.kwargs) == (names.CREATE_TENANT_BACKUP, {"shop_id": shop.id})
    assert run.origin.startswith(f"backup schedule {made.pk} ")
    assert BackupSchedule.objects.get().next_due == DUE + timedelta(days=1)


@pytest.mark.parametrize(("weekly", "task"), [(False, names.BACKUP_ALL_TENANTS), (True, names.CREATE_WEEKLY_BACKUP)])
def test_everything_is_backed_up_by_one_run(database: ScratchDatabase, *, weekly: bool, task: str) -> None:
    add(weekly=weekly)
    scheduled.process(now=DUE)
    assert list(Run.objects.values_list("task", "kwargs")) == [(task, {})]


def test_what_was_missed_for_a_month_is_caught_up_once(shop: Shop) -> None:
    add(shop=shop.schema_name)
    late = DUE + timedelta(days=30, hours=3)
    scheduled.process(now=late)
    assert scheduled.process(now=late)["opened"] == []
    assert Run.objects.count() == 1
    assert BackupSchedule.objects.get().next_due == DUE + timedelta(days=31)


def test_a_row_that_another_tick_holds_is_left_to_it(database: ScratchDatabase, shop: Shop) -> None:
    add(shop=shop.schema_name)
    with psycopg.connect(database.owner_url) as other:
        other.execute("SELECT 1 FROM backups_backupschedule FOR UPDATE")
        assert scheduled.process(now=DUE)["opened"] == []
    assert len(Run.objects.all()) == 0
    scheduled.process(now=DUE)
    assert len(Run.objects.all()) == 1


def test_a_tick_that_comes_to_nothing_owes_its_time_still(shop: Shop) -> None:
    add(shop=shop.schema_name)
    with transaction.atomic():
        assert len(str(scheduled.process(now=DUE)["opened"])) > 36
        transaction.set_rollback(True)
    assert Run.objects.count() == 0
    scheduled.process(now=DUE)
    assert Run.objects.count() == 1


def test_a_line_that_was_spoilt_by_hand_is_named_and_holds_up_no_other(shop: Shop) -> None:
    spoilt, good = add(shop=shop.schema_name), add()
    BackupSchedule.objects.filter(pk=spoilt.pk).update(cron="whenever")
    told = scheduled.process(now=DUE)
    assert told["unreadable"] == [{"schedule": spoilt.pk, "fault": BadCronError.__doc__}]
    assert Run.objects.get().origin.startswith(f"backup schedule {good.pk} ")


def test_a_paused_schedule_opens_nothing_and_owes_nothing_afterwards(shop: Shop) -> None:
    number = add(shop=shop.schema_name).pk
    scheduled.switch(number, enabled=False, by="somebody", reason="no fair", now=NOON)
    assert scheduled.process(now=DUE)["opened"] == []
    scheduled.switch(number, enabled=True, by="somebody", reason="a fair", now=DUE + timedelta(hours=1))
    assert scheduled.process(now=DUE + timedelta(hours=1))["opened"] == []
    with pytest.raises(ScheduleStateError, match="not paused"):
        scheduled.switch(number, enabled=True, by="somebody", reason="again", now=DUE)


def test_what_cannot_be_scheduled_is_refused_and_leaves_nothing(shop: Shop) -> None:
    for wanted, error in (
        ({"shop": "nobody"}, NoSuchShopError),
        ({"cron": "* * * * *"}, BadCronError),
        ({"shop": shop.schema_name, "weekly": True}, ScheduleKindError),
    ):
        with pytest.raises(error):
            add(**wanted)
    with pytest.raises(NoSuchScheduleError):
        scheduled.remove(404, by="somebody", reason="tidy")
    assert (BackupSchedule.objects.count(), AuditRecord.objects.filter(action__startswith="backup_").count()) == (0, 0)


def test_the_database_refuses_a_shop_s_schedule_of_a_kind_that_shops_do_not_have(shop: Shop) -> None:
    made = add(shop=shop.schema_name)
    with pytest.raises(IntegrityError, match="schedule_kind_fits_its_scope"), transaction.atomic():
        BackupSchedule.objects.filter(pk=made.pk).update(kind="weekly")


def test_making_and_removing_are_audited_with_their_why(shop: Shop) -> None:
    scheduled.remove(add(shop=shop.schema_name).pk, by="somebody", reason="the fair is over")
    acts = AuditRecord.objects.filter(action__startswith="backup_schedule.").order_by("pk")
    assert [(act.action, act.reason) for act in acts] == [
        ("backup_schedule.add", "a fair is on"), ("backup_schedule.remove", "the fair is over"),
    ]  # fmt: skip
    assert scheduled.listed() == []


def test_the_tick_asks_by_an_index(shop: Shop) -> None:
    add(shop=shop.schema_name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'schedule_by_due'")
        assert cursor.fetchone() is not None
