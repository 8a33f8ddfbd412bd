"""A vault in an S3 bucket: Cloudflare R2, Backblaze B2, or what speaks the same.

What those two refuse decides the way of it (`s3_calls` has the rest):

- All parts but the last have the same size, and at least 5 MiB (R2: `InvalidPart`); one part is a plain PUT.
- An upload is aborted by any error, the producer's first of all: a pipe that ends too early must never be completed.
  A process that is killed cannot: the bucket's lifecycle rule aborts unfinished uploads (R2 has one from the
  start), and so does the daily `sweep`.
- Written once: the key is looked for first, and `If-None-Match: *` closes the gap to a second writer. A store that does
  not know the condition (501) is given it no more; two writers of one key in the same moment are then not told apart,
  which is why keys of backups hold a UUID.
- An answer that got lost is no failure: when the key is found taken by the very bytes that were sent, it is ours.
- B2 keeps versions, and a plain DELETE there only hides: each version is deleted by its id, one by one (boto3's bulk
  delete sends no `Content-MD5`, which strict stores demand). R2 knows no versions.
- A read that breaks off goes on where it stopped.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # as boto3
from urllib3.exceptions import HTTPError

from zargar.backups.ports import KeyTakenError, NoSuchObjectError, Stored, VaultError, VaultUnreachableError
from zargar.backups.vaults import checked_key, checked_prefix
from zargar.backups.vaults.s3_calls import LOST, Bucket, Calls, Patience, Refusal

LEAST_PART_BYTES: Final = 5 << 20
_PART_BYTES: Final = 8 << 20
_MOST_PARTS: Final = 10_000
_CHUNK_BYTES: Final = 256 << 10
_UNKNOWN: Final = {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.METHOD_NOT_ALLOWED}


@dataclass(slots=True)
class _Sent:
    """What was sent of one object: by its size and ETag it is known again. `md5s` and `etags` are its parts'."""

    key: str
    size: int = 0
    md5s: list[bytes] = field(default_factory=list)
    etags: list[str] = field(default_factory=list)

    def note(self, data: bytearray) -> str:
        """Count a body, and return its MD5 as `Content-MD5` has it."""
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        self.size += len(data)
        self.md5s.append(md5)
        return b64encode(md5).decode()

    @property
    def etag(self) -> str:
        """The ETag that S3 gives: the MD5, or that of the parts' MD5s and how many they are."""
        if not self.etags:
            return self.md5s[0].hex()
        return f"{hashlib.md5(b''.join(self.md5s), usedforsecurity=False).hexdigest()}-{len(self.etags)}"

    @property
    def parts(self) -> dict[str, list[dict[str, object]]]:
        """The list by which an upload is completed."""
        return {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(self.etags, start=1)]}


class S3Vault:
    """The port `Vault` on an S3 bucket.

    Args:
        bucket: where, and by which keys.
        name: what operators call it.
        patience: time-outs and attempts.
        part_bytes: the size of parts, one of which is in memory; at least 5 MiB. An object has at most 10,000.
    """

    def __init__(
        self, bucket: Bucket, *, name: str, patience: Patience | None = None, part_bytes: int = _PART_BYTES
    ) -> None:
        if part_bytes < LEAST_PART_BYTES:
            message = f"parts have at least {LEAST_PART_BYTES} bytes"
            raise ValueError(message)
        self._name = name
        self._bucket = bucket
        self._patience = patience or Patience()
        self._calls = Calls(bucket, name=name, patience=self._patience)
        self._part_bytes = part_bytes
        self._conditional = True

    def __repr__(self) -> str:
        """Return the name and the bucket, no keys."""
        return f"S3Vault({self._name}, {self._bucket!r})"

    @property
    def name(self) -> str:
        """What operators call it."""
        return self._name

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Store an object, as the port says; `ObjectKeyError` for a key that is none."""
        if self.stat(checked_key(key)) is not None:
            raise self._taken(key)
        sent = _Sent(key)
        upload: str | None = None
        try:
            for part, last in _parts(chunks, self._part_bytes):
                if last and upload is None:
                    return self._put_whole(sent, part)
                upload = upload or self._calls.must("create_multipart_upload", Key=key)["UploadId"]
                self._send(sent, upload, part)
                del part  # the next one is gathered meanwhile
            return self._finish("complete_multipart_upload", sent, UploadId=upload, MultipartUpload=sent.parts)
        except BaseException as fault:  # whatever ends it, parts that nobody completes are not left to be paid for
            if upload is not None:
                self._abort(key, upload, fault)
            raise

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read an object or a range of it, in pieces of up to 256 KiB."""
        checked_key(key)
        if length == 0 or start < 0:
            self._check_range(key, start)
            return
        body, end = self._open(key, start, length)
        stalled = 0
        try:
            while start < end:
                chunk, why = _next(body, min(_CHUNK_BYTES, end - start))
                if chunk:
                    start, stalled = start + len(chunk), 0
                    yield chunk
                elif (stalled := stalled + 1) < self._patience.attempts:
                    body.close()
                    self._calls.wait(stalled)
                    body, _ = self._open(key, start, end - start)
                else:
                    raise VaultUnreachableError(self._says(f"{key} broke off at byte {start}: {why}"))
        finally:
            if body is not None:
                body.close()

    def stat(self, key: str) -> Stored | None:
        """Return what is known of an object; None when there is none."""
        head = self._head(checked_key(key))
        return None if head is None else Stored(key, head["ContentLength"])

    def keys(self, prefix: str = "") -> Iterator[Stored]:
        """List the objects whose keys begin with `prefix`, sorted by key, a thousand a call."""
        checked_prefix(prefix)
        after: dict[str, str] = {}
        while True:
            page = self._calls.must("list_objects_v2", Prefix=prefix, **after)
            for found in page.get("Contents", ()):
                yield Stored(found["Key"], found["Size"])
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Remove an object for good, with all its versions.

        Raises `NoSuchObjectError`; `VaultRefusedError` where a lock protects it.
        """
        versions = self._versions(checked_key(key))
        if versions is None:  # a store without versions
            versions = [{}] if self._head(key) is not None else []
        if not versions:
            raise self._gone(key)
        for version in versions:
            self._calls.must("delete_object", Key=key, **version)

    def sweep(self, *, before: datetime) -> int:
        """Abort the uploads that were begun before a moment and never completed; return how many."""
        aborted = 0
        after: dict[str, str] = {}
        while True:
            page = self._calls.must("list_multipart_uploads", **after)
            for upload in page.get("Uploads", ()):
                if upload["Initiated"] < before:
                    aborted += self._aborted(upload["Key"], upload["UploadId"])
            if not page.get("IsTruncated"):
                return aborted
            after = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def _aborted(self, key: str, upload: str) -> bool:
        """Abort an upload; False where it is gone by now."""
        answer = self._calls.ask("abort_multipart_upload", Key=key, UploadId=upload)
        if isinstance(answer, Refusal) and answer.code != "NoSuchUpload":
            raise self._calls.error(answer, f"abort the upload of {key}")
        return not isinstance(answer, Refusal)

    def _put_whole(self, sent: _Sent, data: bytearray) -> Stored:
        md5 = sent.note(data)
        return self._finish("put_object", sent, Body=data, ContentMD5=md5)

    def _send(self, sent: _Sent, upload: str, part: bytearray) -> None:
        md5 = sent.note(part)
        number = len(sent.md5s)
        if number > _MOST_PARTS:
            raise VaultError(self._says(f"{sent.key} has more than {_MOST_PARTS} parts"))
        call = {"Key": sent.key, "UploadId": upload, "PartNumber": number, "Body": part, "ContentMD5": md5}
        sent.etags.append(self._calls.must("upload_part", **call)["ETag"])

    def _abort(self, key: str, upload: str, fault: BaseException) -> None:
        aborted = self._calls.ask("abort_multipart_upload", Key=key, UploadId=upload)
        if isinstance(aborted, Refusal) and aborted.code != "NoSuchUpload":
            fault.add_note(f"its unfinished upload stays until the bucket's rule aborts it: {aborted.words}")

    def _finish(self, call: str, sent: _Sent, **parameters: object) -> Stored:
        """Make an object be there; find out whether it is when the store's answer does not say."""
        answer = self._on_condition(call, Key=sent.key, **parameters)
        found = self._head(sent.key) if _may_be_there(answer) else None
        if not isinstance(answer, Refusal):
            if found is None or found["ContentLength"] != sent.size:
                raise VaultError(self._says(f"{sent.key} was accepted, and is not there whole"))
        elif found is None:
            raise self._calls.error(answer, f"store {sent.key}")
        elif (found["ContentLength"], found["ETag"].strip('"')) != (sent.size, sent.etag):
            raise self._taken(sent.key)
        return Stored(sent.key, sent.size)

    def _on_condition(self, call: str, **parameters: object) -> dict[str, Any] | Refusal:
        """Call on the condition that the key is free, as long as the store knows such conditions."""
        if self._conditional:
            answer = self._calls.ask(call, IfNoneMatch="*", **parameters)
            if not isinstance(answer, Refusal) or answer.status not in _UNKNOWN:
                return answer
            self._conditional = False
        return self._calls.ask(call, **parameters)

    def _head(self, key: str) -> dict[str, Any] | None:
        answer = self._calls.ask("head_object", Key=key)
        if not isinstance(answer, Refusal):
            return answer
        if answer.status == HTTPStatus.NOT_FOUND and answer.code != "NoSuchBucket":
            return None
        raise self._calls.error(answer, f"look at {key}")

    def _open(self, key: str, start: int, length: int | None) -> tuple[Any, int]:
        """Return a body and the byte after its last one. The first answer says whether the range is there."""
        last = "" if length is None else str(start + length - 1)
        whole = start == 0 and length is None
        answer = self._calls.ask("get_object", Key=key, **({} if whole else {"Range": f"bytes={start}-{last}"}))
        if isinstance(answer, Refusal):
            if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and length is None:
                self._check_range(key, start)
                return None, start
            if answer.status == HTTPStatus.NOT_FOUND:
                raise self._gone(key)
            raise self._calls.error(answer, f"read {key}")
        got = answer["ContentLength"]
        ranged = answer["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.PARTIAL_CONTENT
        if ranged == whole or (length is not None and got != length):
            raise VaultError(self._says(f"{key}: asked for {length} bytes from {start}, offered {got}"))
        return answer["Body"], start + got

    def _check_range(self, key: str, start: int) -> None:
        """Nothing is asked for: at `start`, which must lie inside of the object or at its end."""
        if (stored := self.stat(key)) is None:
            raise self._gone(key)
        if not 0 <= start <= stored.size:
            raise VaultError(self._says(f"{key} has {stored.size} bytes, asked for {start}"))

    def _versions(self, key: str) -> list[dict[str, str]] | None:
        """Return the versions and hide markers of a key, as parameters of a delete; None in a store without any."""
        versions: list[dict[str, str]] = []
        after: dict[str, str] = {}
        while True:
            page = self._calls.ask("list_object_versions", Prefix=key, **after)
            if isinstance(page, Refusal):
                if page.status in _UNKNOWN:
                    return None
                raise self._calls.error(page, f"list the versions of {key}")
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            versions += [{"VersionId": one["VersionId"]} for one in found if one["Key"] == key]
            if not page.get("IsTruncated") or page["NextKeyMarker"] > key:
                return versions
            after = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _says(self, what: str) -> str:
        return f"vault {self._name} ({self._bucket.bucket}): {what}"

    def _taken(self, key: str) -> KeyTakenError:
        return KeyTakenError(self._says(f"{key} is there already; objects are written once"))

    def _gone(self, key: str) -> NoSuchObjectError:
        return NoSuchObjectError(self._says(f"there is no {key}"))


def _next(body: Any, size: int) -> tuple[bytes, str]:  # noqa: ANN401 -- boto3's body
    """Return the next bytes of a body; none, and why, when it broke off."""
    try:
        return body.read(size), "it ended too early"
    except (BotoCoreError, ClientError, HTTPError, OSError) as fault:
        return b"", str(fault)


def _may_be_there(answer: dict[str, Any] | Refusal) -> bool:
    """Whether the object may be in the store: it said so, or its key is taken, or its answer was lost."""
    if not isinstance(answer, Refusal):
        return True
    taken = {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT}
    return answer.status in {LOST, *taken} or answer.code == "NoSuchUpload"


def _parts(chunks: Iterable[bytes], size: int) -> Iterator[tuple[bytearray, bool]]:
    """Gather chunks into parts of `size` bytes, each with whether it is the last; that one may be shorter, or empty."""
    part = bytearray()
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            if len(part) == size:
                yield part, False
                part = bytearray()
            room = size - len(part)
            part += rest[:room]
            rest = rest[room:]
    yield part, True
