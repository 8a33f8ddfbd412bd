"""The tasks of backups on the deployment's own parts: what they do where something is missing or was sent wrongly."""

from datetime import UTC, datetime

import pytest

from zargar import names
from zargar.backups import jobs
from zargar.backups.models import Backup
from zargar.celery import app
from zargar.engine import beat
from zargar.outcomes import Permanent
from zargar.shops.models import Shop

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


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
