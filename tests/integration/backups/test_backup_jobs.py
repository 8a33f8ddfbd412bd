"""The tasks of backups on the deployment's own parts: what they do where something is missing or was sent wrongly."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.test.utils import override_settings

from tests.support.backups import ESCROW, OPERATIONS, folders
from tests.support.databases import ScratchDatabase
from zargar import names
from zargar.backups import jobs, wiring
from zargar.backups.models import Backup
from zargar.celery import app
from zargar.engine import beat, limits
from zargar.outcomes import Outcome, Permanent
from zargar.shops.models import Shop

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
OF_ONE_SHOP = (names.CREATE_TENANT_BACKUP, names.CREATE_SNAPSHOT_BACKUP, names.CONSOLE_START_BACKUP_JOB)
OF_ALL = (
    names.CREATE_DAILY_BACKUP, names.CREATE_WEEKLY_BACKUP, names.BACKUP_ALL_TENANTS, names.CONSOLE_START_BACKUP_JOB,
)  # fmt: skip


@pytest.fixture
def vault(database: ScratchDatabase, tmp_path: Path) -> Iterator[Path]:
    """Where the one vault is that this process is configured for."""
    places = folders(tmp_path, "one")
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()
    recipients = (OPERATIONS.recipient, ESCROW.recipient)
    with override_settings(VAULTS=places, BACKUP_RECIPIENTS=recipients, BACKUP_DATABASE_URL=database.owner_url):
        yield tmp_path / "one"
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()


def test_where_no_vault_is_configured_a_job_is_a_dead_letter_that_names_the_setting(shop: Shop) -> None:
    with pytest.raises(Permanent, match="ZARGAR_VAULTS"):
        jobs.start(shop_id=shop.id, operator_id=7)
    with pytest.raises(Permanent, match="ZARGAR_VAULTS"):
        jobs.clean_up(now=NOW)
    assert Backup.objects.count() == 0


@pytest.mark.parametrize(("shop_id", "operator_id"), [("negin", 1), (True, 1), (None, "root"), (1, False)])
def test_what_is_no_id_is_refused_before_anything_is_begun(shop_id: object, operator_id: object) -> None:
    with pytest.raises(Permanent, match="is a number"):
        jobs.start(shop_id=shop_id, operator_id=operator_id)


def test_the_entries_of_backups_are_live_and_carry_their_periods() -> None:
    live = {entry.name: (entry.task, entry.kwargs) for entry in beat.live_entries(app)}
    assert live["process-scheduled-backups"] == (names.PROCESS_SCHEDULED_BACKUPS, {})
    assert live["daily-backup-report"] == (names.GENERATE_BACKUP_REPORT, {"period": "daily"})
    assert live["weekly-backup-report"] == (names.GENERATE_BACKUP_REPORT, {"period": "weekly"})
    assert {names.CONSOLE_START_BACKUP_JOB, names.CONSOLE_CLEANUP_OLD_BACKUPS} <= set(app.tasks)


@pytest.mark.parametrize("task", OF_ONE_SHOP)
def test_every_task_that_makes_a_backup_of_one_shop_gives_it_up_when_its_time_is_spent(
    vault: Path, shop: Shop, task: str
) -> None:
    operation = {"operation": "a test"} if task == names.CREATE_SNAPSHOT_BACKUP else {}
    with limits.working(uuid4(), soft_limit=0), pytest.raises(Permanent, match="zargar backups create"):
        app.tasks[task](shop_id=shop.id, **operation)
    assert not (vault / "manifests").exists()


@pytest.mark.parametrize("task", OF_ALL)
def test_every_task_that_makes_a_backup_of_everything_gives_up_the_pack_in_hand_when_its_time_is_spent(
    vault: Path, shop: Shop, task: str
) -> None:
    with limits.working(uuid4(), soft_limit=0), pytest.raises(Outcome):
        app.tasks[task]()
    assert not (vault / "segments").exists()
    with limits.working(uuid4(), soft_limit=1500):
        app.tasks[task]()
    assert (vault / "segments").exists()
