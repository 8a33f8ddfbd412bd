"""Every task of backups runs with what the compose file gives to the workers of the queue that it is on."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.backups import OPERATIONS, folders, settings_of
from tests.support.containers import PROGRAMS, Deployment, compose
from tests.support.databases import ScratchDatabase, Server
from zargar import names
from zargar.backups.models import Backup, Copy, CopyState, Drill
from zargar.celery import app
from zargar.engine import beat
from zargar.ledger.models import Run
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.shops.models import Shop

SCRIPT = """
import json, sys
from zargar.celery import app
app.loader.import_default_modules()
for name, kwargs in json.loads(sys.argv[1]):
    app.tasks[name](**kwargs)
    print(name)
"""
NOWHERE = "redis://127.0.0.1:1/0"
"""Nobody hears the bell: the runs are opened all the same."""

FIRST = (names.CREATE_DAILY_BACKUP,)


def arguments(shop: Shop) -> dict[str, Summary]:
    """What each task of backups is called with; a new one has to be added."""
    return {
        names.CREATE_DAILY_BACKUP: {},
        names.CREATE_WEEKLY_BACKUP: {},
        names.BACKUP_ALL_TENANTS: {},
        names.CREATE_TENANT_BACKUP: {"shop_id": shop.id},
        names.CREATE_SNAPSHOT_BACKUP: {"shop_id": shop.id, "operation": "an import"},
        names.PROCESS_SCHEDULED_BACKUPS: {},
        names.VERIFY_BACKUP_INTEGRITY: {},
        names.CLEANUP_OLD_BACKUPS: {},
        names.GENERATE_BACKUP_REPORT: {"period": "daily"},
        names.CONSOLE_START_BACKUP_JOB: {"shop_id": shop.id},
        names.CONSOLE_CLEANUP_OLD_BACKUPS: {},
    }


def serving(file: dict[str, Any]) -> dict[str, list[str]]:
    """Which services take from a queue."""
    words = [(name, word) for name, service in file["services"].items() for word in service.get("command", [])]
    taken = [(name, word.removeprefix("--queues=").split(",")) for name, word in words if word.startswith("--queues=")]
    return {queue.value: [name for name, queues in taken if queue in queues] for queue in Queue}


@pytest.fixture
def deployment(database: ScratchDatabase, postgres: Server, tmp_path: Path) -> Deployment:
    """The compose file as it stands, its secrets those of this test's servers."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    given = {
        "secret_key": "of a test", "database_url": database.app_url, "database_owner_url": database.owner_url,
        "database_admin_url": postgres.admin_url, "drill_database_url": postgres.admin_url, "broker_url": NOWHERE,
        "results_url": NOWHERE, "cache_url": NOWHERE, "backup_operations_key": OPERATIONS.identity,
    }  # fmt: skip
    for name, value in given.items():
        (secrets / name).write_text(value)
    return Deployment(compose(), tmp_path, secrets, {}, {"ALLOWED_HOSTS": "console.example.ir"})


def run(deployment: Deployment, service: str, tasks: list[tuple[str, Summary]], settings: dict[str, str]) -> None:
    env = {**deployment.service(service).env, **settings}
    done = subprocess.run(
        [PROGRAMS / "python", "-c", SCRIPT, json.dumps(tasks)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{service}: {done.stdout}\n{done.stderr[-3000:]}"


def test_each_task_of_backups_runs_on_every_worker_that_its_queue_leads_to(
    deployment: Deployment, database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    settings_env = settings_of(database, folders(tmp_path, "one", "two"))
    del settings_env["ZARGAR_BACKUP_DATABASE_URL"]  # a secret: what has it says so in the compose file
    known, serves = arguments(shop), serving(compose())
    tasks = {name: task for name, task in app.tasks.items() if getattr(task, "family", None) is Family.BACKUPS}
    assert set(known) == set(tasks)
    by_service: dict[str, list[tuple[str, Summary]]] = {}
    for name in sorted(known, key=lambda name: name not in FIRST):
        queues = {tasks[name].promise, *(one.queue for one in beat.live_entries(app) if one.task == name)}
        for service in {service for queue in queues for service in serves[queue]}:
            by_service.setdefault(service, []).append((name, known[name]))

    for service in sorted(by_service, key=lambda service: service not in serves[Queue.BACKUPS]):
        run(deployment, service, by_service[service], settings_env)

    assert set(by_service) == {"celery", "celery-backups"}
    assert Backup.objects.count() == 6
    assert set(Copy.objects.filter(backup__number=1).values_list("state", flat=True)) == {CopyState.GOOD}
    rung = Run.objects.get(task=names.VERIFY_BACKUP_INTEGRITY)
    assert (rung.queue, rung.kwargs) == (Queue.DRILLS, {"drill": True})
    [drills] = serves[rung.queue]
    run(deployment, drills, [(rung.task, rung.kwargs)], settings_env)
    assert Drill.objects.exclude(proven_at=None).count() == Drill.objects.count() > 0
