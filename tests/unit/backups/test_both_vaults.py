"""Two vaults at once: the slow one sets the pace, a failing one is told and completed later, each proven by itself."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.vaults import BACKUP, SHOP_A, damage, directory, noise, stored_hash
from zargar.backups.members import Member
from zargar.backups.packs import open_pack
from zargar.backups.ports import Stored, VaultFullError, VaultUnreachableError
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.both import CopyMismatchError, NoVaultLeftError, Outcome, copy, put_in_all
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault

KEY = f"manifests/{BACKUP}.json"
DATA = b'{"manifest":{}}'
SHA256 = hashlib.sha256(DATA).hexdigest()


class Waiting(DirectoryVault):
    """A vault that takes nothing until it is let go."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, name="waiting")
        self.go = threading.Event()

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        assert self.go.wait(30)
        return super().put(key, chunks)


@pytest.fixture
def here(tmp_path: Path) -> DirectoryVault:
    return directory(tmp_path, "here")


@pytest.fixture
def there(tmp_path: Path) -> DirectoryVault:
    return directory(tmp_path, "there")


def test_a_vault_that_is_behind_holds_the_reader_back_and_memory_stays_bounded(
    here: DirectoryVault, tmp_path: Path
) -> None:
    (tmp_path / "waiting").mkdir()
    waiting = Waiting(tmp_path / "waiting")
    read: list[int] = []
    read_by_then: list[int] = []

    def members() -> Iterator[Member]:
        for member in noise(20 << 20):
            read.append(len(member.data))
            yield member

    def let_go() -> None:
        read_by_then.extend(read)
        waiting.go.set()

    timer = threading.Timer(1.0, let_go)
    timer.start()
    with SegmentWriter(BACKUP, [here, waiting]) as writer:
        place = writer.write_pack("big", members(), SHOP_A.recipient)
        (segment,) = writer.close()
    timer.join()
    assert len(read_by_then) < 8
    assert len(read) == 20
    assert [outcome.error for outcome in segment.outcomes] == [None, None]
    assert sum(len(member.data) for member in open_pack(waiting, place, SHOP_A.identity)) == 20 << 20


class Counted(DirectoryVault):
    """A vault that takes nothing, and counts how often it is asked for what it might have all the same."""

    asked = 0

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        del chunks
        message = f"vault {self.name}: away, after six attempts at {key}"
        raise VaultUnreachableError(message)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.asked += 1
        return super().read(key, start=start, length=length)


def test_a_vault_that_is_away_is_waited_for_once(here: DirectoryVault, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    away = Counted(tmp_path / "away", name="away")
    stored, told = put_in_all([here, away], KEY, DATA)
    assert (stored.error, "six attempts" in str(told.error), away.asked) == (None, True, 0)


def test_no_vault_at_all_is_told_in_words() -> None:
    with pytest.raises(NoVaultLeftError, match=f"no vault for {KEY}"):
        put_in_all([], KEY, DATA)


class Drop(DirectoryVault):
    """A vault that takes its time over each piece, or stands still from some piece on until it is let go."""

    def __init__(self, root: Path, *, seconds: float = 0.0, stands_still_after: int | None = None) -> None:
        super().__init__(root, name="drop")
        self.go = threading.Event()
        self.ended = threading.Event()
        self._seconds = seconds
        self._left = stands_still_after

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        try:
            return super().put(key, self._slowly(chunks))
        finally:
            self.ended.set()

    def _slowly(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for number, chunk in enumerate(chunks):
            if number == self._left:
                assert self.go.wait(30)
            self.go.wait(self._seconds)
            yield chunk


@pytest.mark.parametrize(
    ("seconds", "stands_still_after"),
    [pytest.param(0.2, None, id="a drop at a time"), pytest.param(0.0, 3, id="nothing any more")],
)
def test_a_vault_that_the_others_have_waited_for_too_long_is_out_and_they_go_on(
    here: DirectoryVault, tmp_path: Path, seconds: float, stands_still_after: int | None
) -> None:
    (tmp_path / "drop").mkdir()
    slow = Drop(tmp_path / "drop", seconds=seconds, stands_still_after=stands_still_after)
    with SegmentWriter(BACKUP, [here, slow], 1 << 20, patience=timedelta(seconds=0.5)) as writer:
        place = writer.write_pack("big", noise(6 << 20), SHOP_A.recipient)
        slow.go.set()
        written = writer.close()

    assert len(written) > 5
    assert {outcome.error for segment in written for outcome in segment.outcomes if outcome.vault == "here"} == {None}
    assert "too slow" in str(written[-1].outcomes[1].error)
    assert sum(len(member.data) for member in open_pack(here, place, SHOP_A.identity)) == 6 << 20
    assert slow.ended.wait(10)
    kept = {segment.key for segment in written if segment.outcomes[1].error is None}
    assert {stored.key for stored in slow.keys("segments/")} == kept, "nothing counts that is not whole"
    assert not unfinished(tmp_path / "drop")


def unfinished(root: Path) -> list[Path]:
    return list((root / ".unfinished").iterdir())


def test_a_vault_that_is_slow_at_the_very_end_is_out_too(here: DirectoryVault, tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    slow = Drop(tmp_path / "drop", stands_still_after=1)
    with SegmentWriter(BACKUP, [here, slow], patience=timedelta(seconds=0.5)) as writer:
        writer.write_pack("small", noise(200_000), SHOP_A.recipient)
        timer = threading.Timer(1.5, slow.go.set)
        timer.start()
        (segment,) = writer.close()
    timer.join()
    assert [outcome.error is None for outcome in segment.outcomes] == [True, False]
    assert "too slow" in str(segment.outcomes[1].error)


def test_the_last_vault_is_waited_for_however_long_it_takes(here: DirectoryVault, tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    slow = Drop(tmp_path / "drop", seconds=0.05)
    broken = BreakingVault(here, after=100)
    with SegmentWriter(BACKUP, [broken, slow], patience=timedelta(seconds=0.2)) as writer:
        writer.write_pack("noise", noise(3 << 20), SHOP_A.recipient)
        (segment,) = writer.close()
    assert [outcome.error is None for outcome in segment.outcomes] == [False, True]


def test_two_vaults_that_are_equally_slow_do_not_wait_for_each_other(tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
    both = [Drop(tmp_path / name, seconds=0.03) for name in ("left", "right")]
    with SegmentWriter(BACKUP, both, patience=timedelta(seconds=0.8)) as writer:
        writer.write_pack("noise", noise(6 << 20), SHOP_A.recipient)
        (segment,) = writer.close()
    assert [outcome.error for outcome in segment.outcomes] == [None, None]


def test_a_small_object_reaches_all(here: DirectoryVault, there: DirectoryVault) -> None:
    assert put_in_all([here, there], KEY, DATA) == (Outcome("here", None), Outcome("there", None))
    assert [b"".join(vault.read(KEY)) for vault in (here, there)] == [DATA, DATA]


def test_an_attempt_after_one_that_got_halfway_completes_it(here: DirectoryVault, there: DirectoryVault) -> None:
    first = put_in_all([here, BreakingVault(there, after=0, error=VaultFullError)], KEY, DATA)
    assert first[0].error is None
    assert "broke" in str(first[1].error)
    assert put_in_all([here, there], KEY, DATA) == (Outcome("here", None), Outcome("there", None))


def test_an_object_of_other_bytes_under_that_key_is_not_taken_for_it(
    here: DirectoryVault, there: DirectoryVault
) -> None:
    here.put(KEY, [DATA + b" "])
    first, second = put_in_all([here, there], KEY, DATA)
    assert "is there already" in str(first.error)
    assert second.error is None
    with pytest.raises(NoVaultLeftError, match="is there already"):
        put_in_all([here], KEY, DATA)


def test_a_small_object_that_no_vault_took_is_an_error_with_each_ones_words(
    here: DirectoryVault, there: DirectoryVault
) -> None:
    broken = [BreakingVault(vault, after=0) for vault in (here, there)]
    with pytest.raises(NoVaultLeftError, match=r"vault here: broke .*; vault there: broke"):
        put_in_all(broken, KEY, DATA)


def test_a_missing_half_is_copied_once_and_again(here: DirectoryVault, there: DirectoryVault) -> None:
    here.put(KEY, [DATA])
    for _ in range(2):
        copy(here, there, KEY, size=len(DATA), sha256=SHA256)
    assert stored_hash(there, KEY) == SHA256


def test_a_damaged_object_is_not_copied(here: DirectoryVault, there: DirectoryVault, tmp_path: Path) -> None:
    here.put(KEY, [DATA])
    damage(tmp_path / "here", KEY, b"X", 3)
    with pytest.raises(CopyMismatchError, match=f"vault here: {KEY} is not what was written"):
        copy(here, there, KEY, size=len(DATA), sha256=SHA256)
    assert there.stat(KEY) is None


def test_a_copy_that_finds_something_else_in_its_place_says_so(here: DirectoryVault, there: DirectoryVault) -> None:
    here.put(KEY, [DATA])
    there.put(KEY, [DATA[:-1]])
    with pytest.raises(CopyMismatchError, match=f"vault there: {KEY}"):
        copy(here, there, KEY, size=len(DATA), sha256=SHA256)


def test_a_copy_into_a_failing_vault_leaves_nothing(here: DirectoryVault, there: DirectoryVault) -> None:
    here.put(KEY, [DATA])
    with pytest.raises(VaultUnreachableError):
        copy(here, BreakingVault(there, after=3, error=VaultUnreachableError), KEY, size=len(DATA), sha256=SHA256)
    assert there.stat(KEY) is None


def test_no_thread_of_a_vault_outlives_its_backup(here: DirectoryVault, there: DirectoryVault) -> None:
    with SegmentWriter(BACKUP, [here, BreakingVault(there, after=100)]) as writer:
        writer.write_pack("noise", noise(2_000_000), SHOP_A.recipient)
        writer.close()
    put_in_all([here, there], KEY, DATA)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("vault ")]
