"""A lock is believed when it has refused: a bucket with object lock does, one without it and a directory do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import s3
from tests.support.vaults import directory
from zargar.backups.ports import VaultUnreachableError
from zargar.backups.vaults.lock import PREFIXES, deleting_is_refused
from zargar.backups.vaults.s3 import S3Vault
from zargar.backups.vaults.s3_calls import Patience

PATIENCE = Patience(connect=5, read=20, attempts=2, pause=lambda _: None)


@pytest.fixture(scope="module")
def running() -> Iterator[s3.Front]:
    with s3.moto_server() as moto, s3.store(moto, versions=True, conditions=False) as front:
        yield front


@pytest.fixture
def front(running: s3.Front) -> Iterator[s3.Front]:
    """The store, without the faults that a test before has planted and not met."""
    yield running
    running.faults.clear()


def test_a_bucket_with_a_lock_refuses_and_keeps_one_probe(front: s3.Front) -> None:
    bucket = s3.bucket(front, lock=True)
    s3.admin(front).put_object_lock_configuration(
        Bucket=bucket.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    vault = S3Vault(bucket, name="b2", patience=PATIENCE)
    assert [deleting_is_refused(vault, probe=name) for name in ("one", "two", "three")] == [True, True, True]
    assert [stored.key for stored in vault.keys("")] == [f"{prefix}one" for prefix in sorted(PREFIXES)]


def test_a_key_that_may_not_delete_is_as_good_as_a_lock(front: s3.Front) -> None:
    vault = S3Vault(s3.bucket(front, versioned=True), name="b2", patience=PATIENCE)
    for prefix in PREFIXES:
        front.faults.append(s3.Fault("DELETE", prefix, times=1, status=403, code="AccessDenied"))
    assert deleting_is_refused(vault, probe="one")


@pytest.mark.parametrize("locked", PREFIXES, ids=["segments alone", "manifests alone"])
def test_a_rule_for_one_of_segments_and_manifests_protects_no_backup(front: s3.Front, locked: str) -> None:
    vault = S3Vault(s3.bucket(front, versioned=True), name="r2", patience=PATIENCE)
    front.faults.append(s3.Fault("DELETE", locked, times=1, status=403, code="AccessDenied"))
    assert not deleting_is_refused(vault, probe="one")


def test_a_bucket_without_a_lock_gives_way_and_keeps_nothing(front: s3.Front) -> None:
    vault = S3Vault(s3.bucket(front, versioned=True), name="b2", patience=PATIENCE)
    assert not deleting_is_refused(vault, probe="one")
    assert list(vault.keys("")) == []


def test_a_store_that_does_not_answer_has_refused_nothing(front: s3.Front) -> None:
    vault = S3Vault(s3.bucket(front, versioned=True), name="b2", patience=PATIENCE)
    front.faults.append(s3.Fault("DELETE", PREFIXES[0], times=2))
    with pytest.raises(VaultUnreachableError):
        deleting_is_refused(vault, probe="one")


def test_a_directory_gives_way(tmp_path: Path) -> None:
    vault = directory(tmp_path, "here")
    assert not deleting_is_refused(vault, probe="one")
    assert list(vault.keys("")) == []
