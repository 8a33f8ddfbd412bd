"""What R2 and B2 do to a vault: they refuse, throttle, cap, break off, lose answers, keep versions, lock."""

import re
import socket
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import boto3  # type: ignore[import-untyped]  # it makes its clients when it runs
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # as boto3

from tests.support import s3
from tests.support.s3 import Fault, Front
from tests.support.vaults import BACKUP, SHOP_A, noise, stored_hash
from zargar.backups.packs import open_pack
from zargar.backups.ports import KeyTakenError, VaultError, VaultFullError, VaultRefusedError, VaultUnreachableError
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.both import copy
from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault
from zargar.backups.vaults.s3_calls import Bucket, Calls, Patience

PART: Final = LEAST_PART_BYTES
KEY: Final = "segments/one/00000"
LARGE: Final = [bytes(PART), b"1" * PART, b"tail"]


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with s3.moto_server() as port:
        yield port


@pytest.fixture
def r2(moto: int) -> Iterator[Front]:
    with s3.store(moto) as front:
        yield front


@pytest.fixture
def b2(moto: int) -> Iterator[Front]:
    with s3.store(moto, versions=True, conditions=False) as front:
        yield front


class Vault(S3Vault):
    """An S3 vault that knows its bucket and the pauses that it made."""

    def __init__(self, bucket: Bucket, name: str = "r2") -> None:
        self.bucket = bucket.bucket
        self.pauses: list[float] = []
        patience = Patience(connect=5, read=20, attempts=4, pause=self.pauses.append, chance=lambda: 0.5)
        super().__init__(bucket, name=name, patience=patience, part_bytes=PART)


def vault_at(front: Front, *, name: str = "r2", versioned: bool = False, lock: bool = False) -> Vault:
    return Vault(s3.bucket(front, versioned=versioned, lock=lock), name)


def unfinished(front: Front, vault: Vault) -> list[str]:
    return [one["Key"] for one in s3.admin(front).list_multipart_uploads(Bucket=vault.bucket).get("Uploads", ())]


def whole(vault: S3Vault) -> bytes:
    return b"".join(vault.read(KEY))


def careless(front: Front) -> "boto3.client":
    """boto3 as it comes, through the front: what the vault must not be."""
    return boto3.client(
        "s3",
        endpoint_url=front.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 -- moto takes anything
    )


def test_the_front_refuses_what_boto3_does_when_it_is_left_alone(r2: Front) -> None:
    made, client = s3.bucket(r2), careless(r2)
    with pytest.raises(ClientError, match=r"NotImplemented|Unsupported header"):
        client.put_object(Bucket=made.bucket, Key="k", Body=b"x")
    with pytest.raises(ClientError, match=r"Content-MD5|Unsupported header"):
        client.delete_objects(Bucket=made.bucket, Delete={"Objects": [{"Key": "k"}]})


@pytest.mark.parametrize(
    ("sizes", "refused"),
    [((PART, PART + 1, 5), "InvalidPart"), ((PART, PART, PART + 1), "InvalidPart"), ((PART - 1, PART - 1), "TooSmall")],
)
def test_the_front_refuses_parts_that_are_unequal_or_small(r2: Front, sizes: tuple[int, ...], refused: str) -> None:
    calls = Calls(s3.bucket(r2), name="r2", patience=Patience())
    upload = calls.must("create_multipart_upload", Key=KEY)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": calls.must("upload_part", Key=KEY, UploadId=upload, PartNumber=number, Body=bytes(size))["ETag"],
        }
        for number, size in enumerate(sizes, start=1)
    ]
    with pytest.raises(VaultRefusedError, match=refused):
        calls.must("complete_multipart_upload", Key=KEY, UploadId=upload, MultipartUpload={"Parts": parts})


def test_every_body_goes_with_its_md5_and_without_what_stores_refuse(r2: Front) -> None:
    vault = vault_at(r2)
    vault.put(KEY, LARGE)
    vault.put("small", [b"x"])
    bodies = [asked for asked in r2.asked if asked.method == "PUT" and asked.length]
    assert [asked.length for asked in bodies] == [PART, PART, 4, 1]
    for asked in bodies:
        assert "content-md5" in asked.headers
        assert not {"transfer-encoding", "content-encoding", "x-amz-trailer"} & set(asked.headers)


def test_a_store_that_says_slow_down_is_asked_again_at_its_own_pace(r2: Front) -> None:
    vault = vault_at(r2)
    r2.faults.append(Fault("PUT", "partNumber=2", times=2, headers={"retry-after": "7"}))
    r2.faults.append(Fault("GET", times=1, status=429, code="TooManyRequests"))
    vault.put(KEY, LARGE)
    assert whole(vault) == b"".join(LARGE)
    assert vault.pauses == [7.0, 7.0, 0.375]


def test_a_store_that_never_stops_saying_so_is_unreachable_and_keeps_no_half_upload(r2: Front) -> None:
    vault = vault_at(r2)
    r2.faults.append(Fault("PUT", "partNumber=3", times=99))
    with pytest.raises(VaultUnreachableError, match=rf"vault r2 \({vault.bucket}\): upload_part {KEY}: 503 SlowDown"):
        vault.put(KEY, LARGE)
    assert unfinished(r2, vault) == []
    assert vault.stat(KEY) is None
    assert vault.pauses == [0.375, 0.75, 1.5]


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [(403, "AccessDenied", "Storage cap exceeded"), (403, "cap_exceeded", "see caps"), (507, "XMinioStorageFull", "")],
)
def test_a_cap_is_a_full_vault_and_not_a_matter_of_credentials(r2: Front, status: int, code: str, message: str) -> None:
    vault = vault_at(r2)
    r2.faults.append(Fault("PUT", "partNumber=2", times=99, status=status, code=code, message=message))
    with pytest.raises(VaultFullError, match="takes no more"):
        vault.put(KEY, LARGE)
    assert vault.pauses == []
    assert unfinished(r2, vault) == []


def test_refused_credentials_are_told_without_a_secret(r2: Front) -> None:
    vault = vault_at(r2)
    words = "the key the-access-key with the-secret-key is unknown"
    r2.faults.append(Fault("PUT", times=9, status=403, code="InvalidAccessKeyId", message=words))
    with pytest.raises(VaultRefusedError, match="InvalidAccessKeyId") as refused:
        vault.put(KEY, [b"x"])
    for said in (str(refused.value), repr(vault)):
        assert "the-access-key" not in said
        assert "the-secret-key" not in said
    assert vault.pauses == []


def test_a_producer_that_fails_between_parts_leaves_no_upload(r2: Front) -> None:
    def failing() -> Iterator[bytes]:
        yield from LARGE
        message = "pg_dump died"
        raise BrokenPipeError(message)

    vault = vault_at(r2)
    with pytest.raises(BrokenPipeError, match="pg_dump died"):
        vault.put(KEY, failing())
    assert unfinished(r2, vault) == []
    assert not [asked for asked in r2.asked if asked.method == "POST" and "uploadId" in asked.path]


def test_an_upload_that_cannot_even_be_aborted_is_noted_on_the_error(r2: Front) -> None:
    vault = vault_at(r2)
    r2.faults += [Fault("PUT", "partNumber=2", times=99), Fault("DELETE", "uploadId", times=99)]
    with pytest.raises(VaultUnreachableError) as fault:
        vault.put(KEY, LARGE)
    assert "unfinished upload stays" in fault.value.__notes__[0]
    assert unfinished(r2, vault) == [KEY]


@pytest.mark.parametrize(
    ("method", "match", "body"), [("PUT", KEY, [b"small"]), ("POST", "uploadId", LARGE), ("PUT", "partNumber=2", LARGE)]
)
def test_an_answer_that_got_lost_is_no_failure(r2: Front, method: str, match: str, body: list[bytes]) -> None:
    vault = vault_at(r2)
    r2.faults.append(Fault(method, match, swallow=True))
    assert vault.put(KEY, body).size == len(b"".join(body))
    assert whole(vault) == b"".join(body)
    assert len(vault.pauses) == 1


def test_an_answer_that_got_lost_does_not_hide_another_writer(r2: Front) -> None:
    vault = vault_at(r2)

    def chunks() -> Iterator[bytes]:
        s3.admin(r2).put_object(Bucket=vault.bucket, Key=KEY, Body=b"other")
        yield b"mine!"

    r2.faults.append(Fault("PUT", KEY, swallow=True))
    with pytest.raises(KeyTakenError):
        vault.put(KEY, chunks())
    assert whole(vault) == b"other"


def test_a_read_that_breaks_off_goes_on_where_it_stopped(r2: Front) -> None:
    vault = vault_at(r2)
    data = bytes(range(256)) * 8192
    vault.put(KEY, [data])
    r2.faults += [Fault("GET", KEY, cut=700_000), Fault("GET", KEY, cut=300_001)]
    assert whole(vault) == data
    ranges = [asked.headers.get("range", "") for asked in r2.asked if asked.method == "GET"]
    assert ranges[0] == ""
    assert all(re.fullmatch(r"bytes=[1-9]\d+-2097151", asked) for asked in ranges[1:])
    assert len(ranges) == 3


def test_a_read_that_never_gets_on_is_unreachable(r2: Front) -> None:
    vault = vault_at(r2)
    vault.put(KEY, [bytes(1000)])
    r2.faults.append(Fault("GET", KEY, times=99, cut=0))
    with pytest.raises(VaultUnreachableError, match="broke off at byte 0"):
        whole(vault)


def test_b2_deletes_every_version_and_the_marks_that_hide_them(b2: Front) -> None:
    vault, admin = vault_at(b2, name="b2", versioned=True), s3.admin(b2)
    vault.put(KEY, [b"one"])
    vault.put(f"{KEY}0", [b"neighbour"])
    admin.put_object(Bucket=vault.bucket, Key=KEY, Body=b"two")
    admin.delete_object(Bucket=vault.bucket, Key=KEY)
    assert vault.stat(KEY) is None
    vault.delete(KEY)
    left = admin.list_object_versions(Bucket=vault.bucket)
    assert [one["Key"] for one in left["Versions"]] == [f"{KEY}0"]
    assert left.get("DeleteMarkers", []) == []


def test_more_versions_than_a_page_holds_are_all_deleted(b2: Front) -> None:
    vault, admin = vault_at(b2, name="b2", versioned=True), s3.admin(b2)
    for number in range(10):
        admin.put_object(Bucket=vault.bucket, Key=KEY, Body=str(number).encode())
    b2.page = 3
    vault.delete(KEY)
    assert admin.list_object_versions(Bucket=vault.bucket).get("Versions", []) == []
    assert len([asked for asked in b2.asked if "versions" in asked.path]) == 4


def test_a_locked_object_is_not_deleted(b2: Front) -> None:
    vault, admin = vault_at(b2, name="b2", lock=True), s3.admin(b2)
    vault.put(KEY, [b"locked"])
    until = datetime.now(UTC) + timedelta(days=1)
    retention = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    admin.put_object_retention(Bucket=vault.bucket, Key=KEY, Retention=retention)
    with pytest.raises(VaultRefusedError, match="AccessDenied"):
        vault.delete(KEY)
    assert whole(vault) == b"locked"


def test_a_store_that_does_not_know_conditions_is_asked_once(b2: Front) -> None:
    vault = vault_at(b2, name="b2", versioned=True)
    for key in ("one", "two"):
        vault.put(key, [b"x"])
    assert len([asked for asked in b2.asked if "if-none-match" in asked.headers]) == 1
    with pytest.raises(KeyTakenError):
        vault.put("one", [b"y"])


def test_nobody_there_is_unreachable_and_no_bucket_is_refused(r2: Front) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Vault(
            Bucket(f"http://127.0.0.1:{free.getsockname()[1]}", "vault", "the-key", "the-secret", "us-east-1")
        )
        with pytest.raises(VaultUnreachableError, match="vault r2"):
            nobody.stat(KEY)
    missing = Vault(Bucket(r2.url, "not-made", "the-key", "the-secret", "us-east-1"))
    with pytest.raises(VaultError, match="NoSuchBucket"):
        list(missing.keys(""))
    with pytest.raises(VaultRefusedError, match="NoSuchBucket"):
        missing.put(KEY, LARGE)


def test_parts_smaller_than_stores_take_are_refused_at_once(r2: Front) -> None:
    with pytest.raises(ValueError, match="at least 5242880"):
        S3Vault(s3.bucket(r2), name="r2", part_bytes=PART - 1)


def test_one_store_failing_degrades_and_a_copy_completes_it_proven(r2: Front, b2: Front) -> None:
    good, bad = vault_at(r2), vault_at(b2, name="b2", versioned=True)
    b2.faults.append(Fault("PUT", "00001", times=4))
    with SegmentWriter(BACKUP, [bad, good], most_bytes=1 << 20) as writer:
        place = writer.write_pack("shop_a", noise(3_500_000), SHOP_A.recipient)
        segments = writer.close()
    assert [[outcome.error is None for outcome in one.outcomes] for one in segments] == [
        [True, True],
        *[[False, True]] * 3,
    ]
    for segment in segments[1:]:
        copy(good, bad, segment.key, size=segment.size, sha256=segment.sha256)
    assert [stored_hash(bad, one.key) for one in segments] == [one.sha256 for one in segments]
    assert sum(len(member.data) for member in open_pack(bad, place, SHOP_A.identity)) == 3_500_000


def test_a_large_object_is_sent_in_the_memory_of_some_parts(r2: Front) -> None:
    vault = vault_at(r2)
    tracemalloc.start()
    try:
        vault.put(KEY, (bytes(65_536) for _ in range(640)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert vault.stat(KEY) is not None
    assert peak < 7 * PART  # the front, in this process too, holds a part and more
