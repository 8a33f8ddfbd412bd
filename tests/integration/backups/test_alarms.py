"""From a vault that breaks to one letter, and from one that is mended to one more: real backups, real mail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import override_settings

from tests.support.app import app
from tests.support.backups import folders, house_of, settings_of
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.mail import OPERATOR, SENDER, MailSandbox, mail_goes_to
from tests.support.processes import running, wait_until, worker
from tests.support.silence import SilentMailServer
from tests.support.vaults import damage, directory
from zargar import clock, names
from zargar.backups import duties, operations, watch
from zargar.backups.alarm_words import Told
from zargar.backups.files import FolderSource
from zargar.backups.making import House, Made
from zargar.backups.models import Backup, BackupAlarm, CopyState, Drill
from zargar.backups.ports import VaultFullError
from zargar.backups.retention import Kind
from zargar.backups.roles import RolesSource
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.watch import LetterTeller, Watched
from zargar.mail import postbox
from zargar.monitoring import backup_alarms
from zargar.shops.models import Shop

ZARGAR = Path(sys.executable).with_name("zargar")
WATCHED = Watched(vaults=["one", "two"], locked=(), objective=timedelta(hours=50))


@pytest.fixture(scope="module")
def mail_sandbox() -> Iterator[MailSandbox]:
    with MailSandbox() as server:
        yield server


@pytest.fixture
def mail(mail_sandbox: MailSandbox) -> Iterator[MailSandbox]:
    mail_sandbox.forget()
    with mail_goes_to(mail_sandbox.smtp_url):
        yield mail_sandbox


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


def backed_up(house: House) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def look(now: datetime, watched: Watched = WATCHED) -> list[tuple[str, str]]:
    """Look and tell, as a worker does after each run."""
    standing = watch.look(jobs=[], watched=watched, now=now)
    watch.tell(LetterTeller(postbox(), (OPERATOR,)), now=now)
    return [(alarm.kind.value, alarm.subject) for alarm in standing]


def subjects(mail: MailSandbox) -> list[str]:
    return [letter["headers"]["subject"] for letter in mail.letters()]


def test_a_full_vault_is_told_once_and_once_more_when_it_has_everything_again(
    house: House, shop: Shop, mail: MailSandbox
) -> None:
    full = BreakingVault(house.vaults[1], after=2_000, error=VaultFullError)
    backed_up(replace(house, vaults=(house.vaults[0], full)))
    now = clock.now()

    assert look(now) == [("vault", "two")]
    assert look(now + timedelta(minutes=1)) == [("vault", "two")]
    [begun] = mail.letters()
    assert "هشدار: مخزنی" in begun["headers"]["subject"]
    assert "vault two: broke while" in begun["text"]

    operations.verify(vaults=house.vaults, now=now)
    assert look(now + timedelta(minutes=2)) == []
    assert look(now + timedelta(minutes=3)) == []
    assert len(mail.letters()) == 2
    assert "رفع شد: مخزنی" in subjects(mail)[1]
    row = BackupAlarm.objects.get()
    assert (row.closed_at, row.over_told_at) == (now + timedelta(minutes=2), now + timedelta(minutes=2))


def test_a_mail_server_that_is_away_delays_the_news_and_loses_none(house: House, shop: Shop, mail: MailSandbox) -> None:
    shutil.rmtree(Path(str(house.vaults[1]).split(", ")[1].rstrip(")")))
    duties.daily(house.vaults, now=clock.now())
    now = clock.now()
    mail.mischief("temporary")

    assert look(now) == [("vault", "two")]
    assert mail.letters() == []
    assert watch.unsent(now=now + timedelta(minutes=5)) == 1
    mail.mischief(None)
    look(now + timedelta(minutes=5))
    assert mail.letters() == [], "it is left alone for a while"
    look(now + timedelta(minutes=11))
    assert len(mail.letters()) == 1
    assert watch.unsent(now=now + timedelta(minutes=20)) == 0


def test_while_a_mail_server_is_silent_no_row_is_held_and_others_look_on(
    house: House, shop: Shop, database: ScratchDatabase, mail_sandbox: MailSandbox
) -> None:
    shutil.rmtree(Path(str(house.vaults[1]).split(", ")[1].rstrip(")")))
    duties.daily(house.vaults, now=clock.now())
    now = clock.now()
    assert watch.look(jobs=[], watched=WATCHED, now=now)
    told: list[int] = []
    with SilentMailServer() as silent, mail_goes_to(silent.url):

        def tell() -> None:
            try:
                told.append(watch.tell(LetterTeller(postbox(), (OPERATOR,)), now=now))
            finally:
                connection.close()

        telling = Thread(target=tell)
        telling.start()
        assert silent.reached.wait(30)
        with database.owner() as other:
            assert other.execute("SELECT kind FROM backups_backupalarm FOR UPDATE NOWAIT").fetchall() == [("vault",)]
            waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            assert other.execute(waiting).fetchall() == []
        assert [alarm.subject for alarm in watch.look(jobs=[], watched=WATCHED, now=now)] == ["two"]
        assert watch.tell(LetterTeller(postbox(), (OPERATOR,)), now=now + timedelta(minutes=1)) == 0, "it is being told"
        silent.hang_up()
        telling.join(30)
    assert told == [0]
    mail_sandbox.forget()
    with mail_goes_to(mail_sandbox.smtp_url):
        assert look(now + timedelta(minutes=11)) == [("vault", "two")]
        assert look(now + timedelta(minutes=30)) == [("vault", "two")]
    assert len(mail_sandbox.letters()) == 1


class _Dying:
    """Tells by letter, and dies before it can say so."""

    def tell(self, told: Sequence[Told], *, now: datetime) -> None:
        LetterTeller(postbox(), (OPERATOR,)).tell(told, now=now)
        raise SystemExit


def test_who_dies_between_telling_and_noting_it_has_it_told_once_more_and_not_again(
    house: House, shop: Shop, mail: MailSandbox
) -> None:
    shutil.rmtree(Path(str(house.vaults[1]).split(", ")[1].rstrip(")")))
    duties.daily(house.vaults, now=clock.now())
    now = clock.now()
    watch.look(jobs=[], watched=WATCHED, now=now)
    with pytest.raises(SystemExit):
        watch.tell(_Dying(), now=now)
    for minutes in (1, 11, 12, 40):
        look(now + timedelta(minutes=minutes))
    first, second = mail.letters()
    assert first["headers"]["message-id"] == second["headers"]["message-id"], "one letter for whoever reads it"


def test_a_damaged_copy_is_told_until_a_newer_one_has_been_read_back(
    house: House, shop: Shop, mail: MailSandbox, tmp_path: Path
) -> None:
    made = backed_up(house)
    damage(tmp_path / "one", made.manifest.segments[0].key, b"\x00\x01\x02", at=-20)
    operations.verify(vaults=house.vaults, now=clock.now())
    now = clock.now()
    assert look(now) == [("damaged", f"one/{made.manifest.backup}")]

    backed_up(house)
    assert look(now + timedelta(minutes=1)) == [("damaged", f"one/{made.manifest.backup}")], "nobody has read it back"
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert look(now + timedelta(minutes=2)) == []
    assert len(mail.letters()) == 2


def test_a_red_drill_is_told_and_a_green_one_ends_it(house: House, shop: Shop, mail: MailSandbox) -> None:
    backup = Backup.objects.get(id=backed_up(house).manifest.backup)
    now = clock.now()

    def drilled(at: datetime, faults: str) -> None:
        Drill.objects.create(
            backup=backup, vault="one", holds=str(shop.id), schema=shop.schema_name, drilled_at=at, milliseconds=5,
            proven_at=None if faults else at, faults=faults,
        )  # fmt: skip

    drilled(now, "table payment: 3 rows, not 4")
    backup.copies.filter(vault="one").update(state=CopyState.DAMAGED, checked_at=now, detail="drill: red")
    assert look(now) == [("drill_red", f"one/{shop.id}")], "the damage that it found is not told beside it"
    drilled(now + timedelta(hours=1), "")
    assert ("drill_red", f"one/{shop.id}") not in look(now + timedelta(hours=1))


def test_a_red_drill_of_files_is_told_as_a_shop_s_is_while_they_are_to_be_backed_up(
    house: House, shop: Shop, mail: MailSandbox, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "ring.jpg").write_bytes(b"\x00\xff")
    all_of_it = replace(house, sources=(RolesSource(), FolderSource("files.media", media)))
    backup = Backup.objects.get(id=backed_up(all_of_it).manifest.backup)
    now = clock.now()
    for name in ("files.media", "roles", "files.never"):
        Drill.objects.create(
            backup=backup, vault="one", holds=name, schema=name, drilled_at=now, milliseconds=5, faults="it is not it"
        )
    backup.copies.filter(vault="one").update(state=CopyState.DAMAGED, checked_at=now, detail="drill: red")
    reds = [("drill_red", "one/files.media"), ("drill_red", "one/roles")]
    assert look(now) == reds
    [letter] = mail.letters()
    assert "files.media" in letter["text"]

    media.rename(tmp_path / "away")
    backed_up(all_of_it)
    left_out = [("left_out", "")]
    assert look(now + timedelta(minutes=1)) == [*reds, *left_out], "it is lacking, and did not come back before"
    backed_up(house)
    assert look(now + timedelta(minutes=2)) == [], "nobody backs it up any more"


def test_a_shop_without_a_young_proven_copy_in_each_vault_is_outside_its_objective(
    house: House, shop: Shop, mail: MailSandbox
) -> None:
    backed_up(house)
    now = clock.now()
    assert look(now) == [], "a shop that is younger than the objective is owed nothing"
    assert look(now + timedelta(hours=51)) == [("behind", str(shop.id)), ("behind", "shared")]
    assert "۲ هشدار تازه" in subjects(mail)[0]

    operations.verify(vaults=house.vaults, now=now, at_most=1)
    later = replace(WATCHED, objective=timedelta(hours=60))
    assert look(now + timedelta(hours=61), later) == [("behind", str(shop.id)), ("behind", "shared")]
    operations.verify(vaults=house.vaults, now=now, at_most=8)
    in_time = replace(WATCHED, objective=timedelta(hours=62))
    Shop.objects.update(created_at=now - timedelta(hours=100))
    assert look(now + timedelta(hours=61), in_time) == []
    figures = BackupAlarm.objects.get(subject=str(shop.id)).figures
    assert set(figures["proven"]) == {"one", "two"}


def test_a_declared_lock_that_does_not_hold_is_alarmed_about(house: House, shop: Shop, mail: MailSandbox) -> None:
    tried = duties.daily(house.vaults, now=clock.now())
    assert [(one.vault, one.fault, one.refused) for one in tried] == [("one", "", False), ("two", "", False)]
    assert [list(vault.keys("")) for vault in house.vaults] == [[], []]
    assert look(clock.now()) == []
    assert look(clock.now(), replace(WATCHED, locked=["two"])) == [("unlocked", "two")]
    assert "قفل مخزن" in subjects(mail)[0]


def test_without_mail_an_alarm_stands_and_is_shown(database: ScratchDatabase, tmp_path: Path, shop: Shop) -> None:
    backed_up(house_of(database, [directory(tmp_path, "two"), BreakingVault(directory(tmp_path, "one"), after=0)]))
    given = settings_of(database, {name: str(tmp_path / name) for name in ("one", "two")})
    with override_settings(VAULTS={"one": "/", "two": "/"}):
        backup_alarms.look(now=clock.now() - timedelta(minutes=10))
        assert backup_alarms.tell(now=clock.now()) == 0

    def zargar(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **database.env, **given, "ZARGAR_VAULTS_LOCKED": "two"}
        done = subprocess.run([ZARGAR, *arguments], env=env, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return done

    [told] = json.loads(zargar("backups", "alarms", "--json").stdout)
    assert (told["kind"], told["subject"], told["open"], told["told_at"]) == ("vault", "one", True, None)
    status = json.loads(zargar("status", "--json").stdout)
    assert status["backup_alarms"] == {"vault": 1}
    assert {"backup_alarm", "notices_unsent"} <= {one["code"] for one in status["findings"]}
    tried = zargar("backups", "vaults", "--try", "--json")
    assert tried.returncode == 1, "two is said to be locked, and a directory is not"
    [one, two] = json.loads(tried.stdout)
    assert (one["vault"], one["fault"], one["declared_locked"]) == ("one", None, False)
    assert (two["deleting_refused"], two["declared_locked"]) == (False, True)


def test_a_dead_run_is_told_at_once_by_the_worker_that_buried_it(
    database: ScratchDatabase, broker: Broker, mail_sandbox: MailSandbox, tmp_path: Path, shop: Shop
) -> None:
    mail_sandbox.forget()
    given = settings_of(database, folders(tmp_path, "one"))
    del given["ZARGAR_BACKUP_RECIPIENT_ESCROW"]
    told = {
        "ZARGAR_MAIL_URL": mail_sandbox.smtp_url, "ZARGAR_MAIL_FROM": SENDER, "ZARGAR_OPERATORS_MAIL": OPERATOR
    }  # fmt: skip
    process = worker(tmp_path, {**database.env, **broker.env, **given, **told})
    with running(process):
        app.tasks[names.CREATE_DAILY_BACKUP].delay()
        wait_until(lambda: bool(mail_sandbox.letters()), what="a letter", show=process.words)
    [letter] = mail_sandbox.letters()
    assert "هشدار: پشتیبان ساخته نشد" in letter["headers"]["subject"]
    assert "ZARGAR_BACKUP_RECIPIENT" in letter["text"]
