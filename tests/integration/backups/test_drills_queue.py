"""Drills have a queue of their own, which a worker serves only if it is told to, and a command for a person."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from django.test.utils import override_settings
from typer.testing import CliRunner

from tests.support.app import app
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase, Server
from tests.support.processes import running, wait_until, worker
from tests.support.vaults import directory
from zargar import clock, names
from zargar.backups import age, operations, wiring
from zargar.backups.ddl import PgDump
from zargar.backups.drilling import TOO_LONG
from zargar.backups.keys import Keyholders
from zargar.backups.making import House, Made
from zargar.backups.models import Copy, CopyState, Drill
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.cli.main import app as cli
from zargar.core import backup_tasks
from zargar.engine.limits import working
from zargar.ledger.models import Run, State
from zargar.ledger.operations import show
from zargar.names import Queue
from zargar.outcomes import JSON, Permanent, Snooze, Summary
from zargar.shops.models import Shop

OPERATIONS, ESCROW = age.generate(), age.generate()


@pytest.fixture
def env(database: ScratchDatabase, postgres: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the worker of drills is given; this process has it too, until the test ends."""
    key = tmp_path / "operations.key"
    key.write_text(f"# public key: {OPERATIONS.recipient}\n{OPERATIONS.identity}\n")
    vaults = {name: str(tmp_path / name) for name in ("one", "two")}
    given = {
        "ZARGAR_VAULTS": ",".join(f"{name}={place}" for name, place in vaults.items()),
        "ZARGAR_BACKUP_RECIPIENT_OPERATIONS": OPERATIONS.recipient,
        "ZARGAR_BACKUP_RECIPIENT_ESCROW": ESCROW.recipient,
        "ZARGAR_BACKUP_IDENTITY_FILE": str(key),
        "ZARGAR_BACKUP_DATABASE_URL": database.owner_url,
        "ZARGAR_DRILL_DATABASE_URL": postgres.admin_url,
    }
    os.environ.update(given)
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()
    recipients = (OPERATIONS.recipient, ESCROW.recipient)
    try:
        with override_settings(VAULTS=vaults, BACKUP_RECIPIENTS=recipients, BACKUP_DATABASE_URL=database.owner_url):
            yield {**os.environ, **database.env, **given}
    finally:
        for name in given:
            del os.environ[name]
        wiring.vaults.cache_clear()
        wiring.house.cache_clear()


@pytest.fixture
def made(env: dict[str, str], database: ScratchDatabase, shop: Shop, tmp_path: Path) -> Made:
    house = House(
        vaults=(directory(tmp_path, "one"), directory(tmp_path, "two")),
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def summaries(told: JSON) -> list[Summary]:
    assert isinstance(told, list)
    return [one for one in told if isinstance(one, dict)]


def directory_of(parent: Path) -> DirectoryVault:
    return DirectoryVault(parent / "one", name="one")


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["backups", *arguments])
    return done.exit_code, done.stdout


def test_a_plain_worker_leaves_drills_to_their_own(
    tmp_path: Path, made: Made, env: dict[str, str], broker: Broker
) -> None:
    run = UUID(backup_tasks.verify_backup_integrity.apply_async(kwargs={"drill": True}, queue=Queue.DRILLS).id)
    plain = worker(tmp_path, {**env, **broker.env}, name="plain")
    with running(plain):
        plain.ready()
        other = UUID(app.tasks[names.CLEANUP_OLD_BACKUPS].delay().id)
        wait_until(lambda: show(other).state != State.DUE, what="the plain worker to work", show=plain.words)
        assert ".> drills" not in plain.words()
        assert ".> backups" in plain.words()
    assert show(run).state == State.DUE

    own = worker(tmp_path, {**env, **broker.env}, name="drills", queues=Queue.DRILLS.value)
    with running(own):
        own.ready()
        wait_until(lambda: show(run).state == State.SUCCEEDED, what="the drill", show=own.words)
    assert show(run).worker.startswith("drills@")
    [drilled] = Drill.objects.all()
    assert drilled.proven_at is not None


def test_the_daily_cleanup_rings_for_drills_where_a_worker_does_them(made: Made, broker: Broker) -> None:
    def rung() -> list[tuple[str, dict[str, bool]]]:
        return list(Run.objects.filter(task=names.VERIFY_BACKUP_INTEGRITY).values_list("queue", "kwargs"))

    backup_tasks.cleanup_old_backups()
    assert rung() == []
    with override_settings(DRILL_PERIOD=timedelta(days=7)):
        backup_tasks.cleanup_old_backups()
    assert rung() == [(Queue.DRILLS, {"drill": True})]


def test_without_a_key_or_a_server_the_task_says_what_is_missing(made: Made) -> None:
    key = os.environ.pop("ZARGAR_BACKUP_IDENTITY_FILE")
    try:
        with pytest.raises(Permanent, match="ZARGAR_BACKUP_IDENTITY"):
            backup_tasks.verify_backup_integrity(drill=True)
    finally:
        os.environ["ZARGAR_BACKUP_IDENTITY_FILE"] = key
    server = os.environ.pop("ZARGAR_DRILL_DATABASE_URL")
    try:
        with pytest.raises(Permanent, match="ZARGAR_DRILL_DATABASE_URL"):
            backup_tasks.verify_backup_integrity(drill=True)
    finally:
        os.environ["ZARGAR_DRILL_DATABASE_URL"] = server


def test_the_task_drills_what_is_due_and_reading_back_needs_no_key(made: Made) -> None:
    told = backup_tasks.verify_backup_integrity(drill=True)
    assert [one["proven"] for one in summaries(told["drilled"])] == [True]
    assert told["unanswered"] == []
    del os.environ["ZARGAR_BACKUP_IDENTITY_FILE"]
    try:
        proven = backup_tasks.verify_backup_integrity(backup=made.manifest.backup)["proven"]
    finally:
        os.environ["ZARGAR_BACKUP_IDENTITY_FILE"] = ""
    assert [one["good"] for one in summaries(proven)] == [True, True]


def test_a_pack_that_takes_all_the_time_of_the_task_leaves_the_others_to_its_next_sitting(made: Made) -> None:
    with override_settings(DRILL_PERIOD=timedelta(days=1)):
        with working(uuid4(), soft_limit=0), pytest.raises(Snooze, match="3 drills are left"):
            backup_tasks.verify_backup_integrity(drill=True)
        assert [drill.undecided for drill in Drill.objects.all()] == [TOO_LONG]
        told = backup_tasks.verify_backup_integrity(drill=True)
    assert [one["proven"] for one in summaries(told["drilled"])] == [True] * 4


def test_a_person_drills_and_sees_when_what_was_last_proven(made: Made, shop: Shop) -> None:
    backup = made.manifest.backup
    assert command("list")[1].splitlines()[1].endswith("-")

    code, said = command("drill", backup, "--shop", shop.schema_name, "--vault", "two", "--json")

    assert code == 0
    [one] = json.loads(said)["drilled"]
    assert (one["schema"], one["vault"], one["proven"], one["faults"]) == (shop.schema_name, "two", True, [])
    [listed] = json.loads(command("list", "--json")[1])
    assert {vault["vault"]: bool(vault["last_proven_restore"]) for vault in listed["vaults"]} == {
        "one": False, "two": True,
    }  # fmt: skip
    packs = {pack["schema"]: pack for pack in json.loads(command("show", backup, "--json")[1])["packs"]}
    assert list(packs[shop.schema_name]["last_proven_restore"]) == ["two"]
    assert packs["public"]["last_proven_restore"] == {}
    assert "last proven in two" in command("show", backup)[1]


def test_a_red_drill_is_said_in_words_and_by_the_exit_code(made: Made, tmp_path: Path) -> None:
    for stored in list(directory_of(tmp_path).keys("segments/")):
        directory_of(tmp_path).delete(stored.key)
    code, said = command("drill", made.manifest.backup, "--vault", "one")
    assert code == 1
    assert "RED" in said
    assert "is gone" in said
    assert Copy.objects.get(vault="one").state == CopyState.DAMAGED
    assert "one=damaged" in command("list")[1]


def test_due_chooses_by_itself(made: Made) -> None:
    assert command("drill", "--due", "--vault", "one")[0] == 2
    assert command("drill", "--due")[0] == 0
    assert Drill.objects.count() == 1
