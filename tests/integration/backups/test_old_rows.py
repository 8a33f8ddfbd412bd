"""Rows of the catalogue that outlived their period go; what a figure or the next decision is read from stays."""

from datetime import UTC, datetime, timedelta

import pytest

from zargar.backups import drill_store, housekeeping, report_store
from zargar.backups.models import Backup, BackupReport, Copy, CopyState, Drill, Pack, State
from zargar.backups.reports import Period
from zargar.backups.retention import Kind
from zargar.backups.rota import Target
from zargar.backups.row_retention import Keep

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEEP = Keep(reports=100 * DAY, drills=50 * DAY, packs=20 * DAY)

pytestmark = pytest.mark.usefixtures("database")


def backup(*, days: int, one: CopyState = CopyState.GOOD) -> Backup:
    at = NOW - days * DAY
    made = Backup.objects.create(
        kind=Kind.DAILY, state=State.COMPLETE, reason="a test", began_at=at, ended_at=at, manifest_sha256="ab" * 32
    )
    Pack.objects.create(
        backup=made, holds="7", schema="gold", taken_at=at, tables=1, rows=1, plain_bytes=1, stored_bytes=1
    )
    Copy.objects.create(backup=made, vault="one", state=one, checked_at=at)
    return made


def drilled(made: Backup, *, days: int, proven: bool = True, holds: str = "7") -> int:
    at = NOW - days * DAY
    row = Drill.objects.create(
        backup=made, vault="one", holds=holds, schema="gold", drilled_at=at, proven_at=at if proven else None,
        milliseconds=1, faults="" if proven else "a row is missing",
    )  # fmt: skip
    return row.pk


def retained() -> dict[str, int]:
    return housekeeping.retain(keep=KEEP, now=NOW, at_most=100)


def drills() -> set[int]:
    return set(Drill.objects.values_list("pk", flat=True))


def test_old_reports_go_but_never_the_newest_of_its_kind() -> None:
    for kind, days in (("daily", 300), ("daily", 101), ("daily", 99), ("weekly", 400), ("weekly", 350)):
        at = NOW - days * DAY
        BackupReport.objects.create(kind=kind, until=at, body={}, made_at=at)
    assert retained()["backup_reports"] == 3
    assert report_store.newest(Period.WEEKLY) == NOW - 350 * DAY
    assert report_store.newest(Period.DAILY) == NOW - 99 * DAY


def test_an_old_drill_goes_when_a_newer_one_says_more() -> None:
    gone, there = backup(days=90, one=CopyState.REMOVED), backup(days=1)
    old = drilled(gone, days=80)
    staying = {drilled(gone, days=49), drilled(there, days=1)}
    assert drills() == {old, *staying}
    assert retained()["drills"] == 1
    assert drills() == staying


def test_the_last_drill_and_the_last_proven_one_stay_however_old() -> None:
    gone = backup(days=400, one=CopyState.REMOVED)
    old = drilled(gone, days=390)
    proven, red = drilled(gone, days=380), drilled(gone, days=370, proven=False)
    alone = drilled(gone, days=399, holds="8")
    assert retained()["drills"] == 1
    assert drills() == {proven, red, alone}
    assert old not in drills()
    assert drill_store.proven()[Target("7", "one")] == NOW - 380 * DAY


def test_the_last_drill_of_a_copy_that_is_there_stays_and_keeps_it_damaged() -> None:
    made, newer = backup(days=400, one=CopyState.DAMAGED), backup(days=1)
    drilled(made, days=390)
    red = drilled(made, days=380, proven=False)
    drilled(newer, days=1)
    assert retained()["drills"] == 1
    assert red in drills()
    assert "a row is missing" in drill_store.red(Copy.objects.get(backup=made))


def test_what_a_backup_held_goes_when_no_vault_has_anything_of_it_and_its_own_row_stays() -> None:
    gone = backup(days=21, one=CopyState.REMOVED)
    staying = [backup(days=300), backup(days=19, one=CopyState.REMOVED), backup(days=30, one=CopyState.DAMAGED)]
    staying.append(backup(days=30, one=CopyState.MISSING))  # some of it may lie there, which retention asks for
    assert retained()["packs"] == 1
    assert set(Pack.objects.values_list("backup_id", flat=True)) == {one.number for one in staying}
    assert Backup.objects.filter(number=gone.number).exists()


def test_a_batch_is_bounded_and_takes_the_oldest_first() -> None:
    gone = backup(days=400, one=CopyState.REMOVED)
    rows = [drilled(gone, days=days) for days in (300, 200, 100)]
    drilled(gone, days=1)
    assert housekeeping.retain(keep=KEEP, now=NOW, at_most=2)["drills"] == 2
    assert rows[2] in drills()
    assert not set(rows[:2]) & drills()


def test_a_period_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="7 days"):
        Keep(drills=6 * DAY)
