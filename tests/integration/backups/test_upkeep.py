"""The nightly clean-up does all of its work whatever one part of it meets, and a person hears when it cannot."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test.utils import override_settings
from typer.testing import CliRunner

from tests.support.backups import HOLDERS, folders, house_of
from tests.support.databases import ScratchDatabase
from zargar import clock, names
from zargar.backups import jobs, operations, watch, wiring
from zargar.backups.making import House
from zargar.backups.models import Copy, CopyState
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.cli.main import app as cli
from zargar.ledger.models import Run, State
from zargar.monitoring import backup_alarms
from zargar.names import Family, Queue
from zargar.outcomes import Snooze
from zargar.shops.models import Shop


@pytest.fixture
def house(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> Iterator[House]:
    """Two vaults, which this process is configured for."""
    places = folders(tmp_path, "one", "two")
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()
    recipients = (HOLDERS.operations, HOLDERS.escrow)
    try:
        with override_settings(
            VAULTS=places, BACKUP_RECIPIENTS=recipients, BACKUP_DATABASE_URL=database.owner_url,
            DRILL_PERIOD=timedelta(days=7),
        ):  # fmt: skip
            yield house_of(database, [DirectoryVault(Path(at), name=name) for name, at in places.items()])
    finally:
        wiring.vaults.cache_clear()
        wiring.house.cache_clear()


def made(house: House) -> str:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test").manifest.backup


def test_what_the_night_has_no_time_to_read_back_has_a_run_of_its_own_and_the_rest_is_done(house: House) -> None:
    made(house)
    rung: list[str] = []
    told = jobs.clean_up(
        now=clock.now(), reading=timedelta(), ring_drills=lambda: rung.append("drills"),
        ring_reading=lambda: rung.append("reading"),
    )  # fmt: skip
    assert (told["read_back"], told["left"], told["removed"]) == ([], 2, [])
    assert rung == ["drills", "reading"]

    stops = iter([False, True, *[False] * 9])
    with pytest.raises(Snooze, match="1 copies are still"):
        jobs.verify(backup=None, now=clock.now(), stop=lambda: next(stops))
    assert jobs.verify(backup=None, now=clock.now(), stop=lambda: next(stops))["left"] == 0
    assert set(Copy.objects.values_list("state", flat=True)) == {CopyState.GOOD}


def test_a_vault_that_is_away_and_one_that_is_damaged_keep_nothing_else_from_being_done(
    house: House, tmp_path: Path
) -> None:
    made(house)
    for name in ("one", "two"):
        (tmp_path / name).rename(tmp_path / f"{name} away")
    rung: list[str] = []
    told = jobs.clean_up(now=clock.now(), ring_drills=lambda: rung.append("drills"))
    assert rung == ["drills"]
    assert len(told["unanswered"]) == 2  # type: ignore[arg-type]  # a list in JSON


def ended(task: str, *, state: State, minutes: int, **kwargs: object) -> None:
    at = clock.now() + timedelta(minutes=minutes)
    Run.objects.create(
        id=uuid4(), task=task, family=Family.BACKUPS, queue=Queue.BACKUPS, origin="a test", kwargs=kwargs, state=state,
        due_at=at, finished_at=at, errors=[{"message": "the worker has no vault"}],
    )  # fmt: skip


def standing() -> list[tuple[str, str]]:
    return [(one.kind.value, one.subject) for one in backup_alarms.look(now=clock.now())]


def test_a_clean_up_or_a_drill_that_is_a_dead_letter_is_an_alarm_until_a_later_one_ends_well(
    database: ScratchDatabase,
) -> None:
    ended(names.CLEANUP_OLD_BACKUPS, state=State.DEAD, minutes=1)
    ended(names.VERIFY_BACKUP_INTEGRITY, state=State.SUCCEEDED, minutes=2, drill=True)
    assert standing() == [("upkeep", "clean-up")]
    assert watch.listed()[0]["figures"]["words"] == "the worker has no vault"  # type: ignore[index,call-overload]
    ended(names.CREATE_DAILY_BACKUP, state=State.SUCCEEDED, minutes=3)
    ended(names.VERIFY_BACKUP_INTEGRITY, state=State.DEAD, minutes=4, drill=True)
    ended(names.VERIFY_BACKUP_INTEGRITY, state=State.DEAD, minutes=4, backup="no id")
    assert standing() == [("upkeep", "clean-up"), ("upkeep", "drills")]
    ended(names.CONSOLE_CLEANUP_OLD_BACKUPS, state=State.SUCCEEDED, minutes=5)
    assert standing() == [("upkeep", "drills")]
    Run.objects.all().delete()
    assert standing() == [("upkeep", "drills")], "what the ledger has forgotten is not mended by that"


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["backups", *arguments])
    return done.exit_code, done.output


def test_a_person_who_verifies_is_told_what_nobody_knows_and_what_is_missing(house: House, tmp_path: Path) -> None:
    backup = made(house)
    code, said = command("verify", backup)
    assert (code, said.count("good")) == (0, 2)

    (tmp_path / "two").rename(tmp_path / "away")
    code, said = command("verify", backup)
    assert (code, "NO ANSWER" in said) == (1, True)
    told = CliRunner().invoke(cli, ["backups", "verify", backup, "--json"])
    assert (told.exit_code, [one["vault"] for one in json.loads(told.stdout)["unanswered"]]) == (1, ["two"])

    Copy.objects.filter(vault="two").update(state=CopyState.MISSING, detail="it was full")
    code, said = command("verify", backup)
    assert (code, "MISSING" in said) == (1, True)

    (tmp_path / "two").mkdir()
    code, said = command("verify", backup)
    assert (code, f"brought over: {backup} in two" in said) == (0, True)


def test_a_copy_in_a_vault_that_is_not_configured_any_more_is_not_passed_over(house: House) -> None:
    backup = made(house)
    Copy.objects.filter(vault="two").update(vault="three")
    code, said = command("verify", backup)
    assert code == 1
    assert "the vault three is not configured" in said
