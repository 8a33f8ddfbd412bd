"""What a killed process leaves in a vault is no object, and a sweep removes it once nobody can be writing it."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import s3
from tests.support.vaults import directory
from zargar import clock
from zargar.backups.duties import Sweeping
from zargar.backups.ports import VaultRefusedError, VaultUnreachableError
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.s3 import S3Vault
from zargar.backups.vaults.s3_calls import Patience

HOUR = timedelta(hours=1)
BEFORE_MOTO = datetime(2010, 1, 1, tzinfo=UTC)
"""moto says of each upload that it was begun in November 2010."""
PATIENCE = Patience(connect=5, read=20, attempts=2, pause=lambda _: None)
WRITES_AND_DIES = """
import os, signal, sys
from pathlib import Path
from zargar.backups.vaults.directory import DirectoryVault

def chunks():
    yield b"half"
    os.kill(os.getpid(), signal.SIGKILL)

DirectoryVault(Path(sys.argv[1]), name="here").put("segments/one", chunks())
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with s3.moto_server() as port:
        yield port


@pytest.fixture(params=["r2", "b2"])
def front(request: pytest.FixtureRequest, moto: int) -> Iterator[s3.Front]:
    with s3.store(moto, versions=request.param == "b2", conditions=request.param == "r2") as running:
        yield running


def unfinished(front: s3.Front, bucket: str, *, number: int) -> None:
    for one in range(number):
        s3.admin(front).create_multipart_upload(Bucket=bucket, Key=f"segments/b/{one:05}")


def left(front: s3.Front, bucket: str) -> int:
    return len(s3.admin(front).list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_old_unfinished_uploads_are_aborted_and_young_ones_and_objects_are_not(front: s3.Front) -> None:
    bucket = s3.bucket(front)
    vault = S3Vault(bucket, name="store", patience=PATIENCE)
    vault.put("segments/b/whole", [b"x"])
    unfinished(front, bucket.bucket, number=3)

    assert vault.sweep(before=BEFORE_MOTO) == 0
    assert left(front, bucket.bucket) == 3
    assert vault.sweep(before=clock.now() + HOUR) == 3
    assert left(front, bucket.bucket) == 0
    assert [stored.key for stored in vault.keys("")] == ["segments/b/whole"]


def test_an_upload_that_has_gone_meanwhile_is_not_counted_and_a_refusal_is_told(front: s3.Front) -> None:
    bucket = s3.bucket(front)
    vault = S3Vault(bucket, name="store", patience=PATIENCE)
    unfinished(front, bucket.bucket, number=1)
    front.faults.append(s3.Fault("DELETE", "uploadId", status=404, code="NoSuchUpload"))
    assert vault.sweep(before=clock.now() + HOUR) == 0
    front.faults.append(s3.Fault("DELETE", "uploadId", status=403, code="AccessDenied"))
    with pytest.raises(VaultRefusedError, match="abort the upload"):
        vault.sweep(before=clock.now() + HOUR)
    front.faults.append(s3.Fault("GET", "uploads", times=2))
    with pytest.raises(VaultUnreachableError):
        vault.sweep(before=clock.now() + HOUR)


def test_what_a_killed_process_left_in_a_directory_is_swept_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    vault = directory(tmp_path, "here")
    assert vault.sweep(before=clock.now()) == 0
    killed = subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(tmp_path / "here")], check=False)
    assert killed.returncode == -9
    swept: list[int] = []

    def while_writing() -> Iterator[bytes]:
        assert len(list((tmp_path / "here" / ".unfinished").iterdir())) == 1, "its own: a put sweeps as well"
        yield b"x"
        swept.append(vault.sweep(before=clock.now() + HOUR))

    vault.put("segments/two", while_writing())
    assert swept == [0]
    assert [stored.key for stored in vault.keys("")] == ["segments/two"]

    subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(tmp_path / "here")], check=False)
    assert vault.sweep(before=clock.now() - HOUR) == 0
    assert vault.sweep(before=clock.now() + HOUR) == 1


def test_both_kinds_of_vault_can_be_swept_and_a_double_need_not(front: s3.Front, tmp_path: Path) -> None:
    here = directory(tmp_path, "here")
    assert isinstance(here, Sweeping)
    assert isinstance(S3Vault(s3.bucket(front), name="store", patience=PATIENCE), Sweeping)
    assert not isinstance(BreakingVault(here), Sweeping)
