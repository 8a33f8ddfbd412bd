"""Calls of an S3 store: the client that R2 and B2 accept, patience with a busy store, refusals as data.

- Checksums `when_required`: boto3's own CRC32 trailer in `aws-chunked` bodies is refused by R2 and, at times, by B2.
  `Content-MD5` guards the way instead.
- Throttling (`SlowDown`, 429), 5xx and lost connections are tried again, at the pace of `Retry-After` where the store
  gives one. botocore's own retries are off: they do not know it.
- A cap (`cap_exceeded`, which B2 sends as 403; 507 of other stores) is not about credentials: `VaultFullError`.

Secrets stand in no message and no `repr`.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import boto3  # type: ignore[import-untyped]  # it makes its clients when it runs
import botocore.session  # type: ignore[import-untyped]  # as boto3
from botocore.config import Config  # type: ignore[import-untyped]  # as boto3
from botocore.exceptions import (  # type: ignore[import-untyped]  # as boto3
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 -- botocore's name
    HTTPClientError,
)
from botocore.utils import parse_timestamp  # type: ignore[import-untyped]  # as boto3

from zargar.backups.ports import VaultError, VaultFullError, VaultRefusedError, VaultUnreachableError

LOST: Final = 0
"""The status of a refusal that the store never gave: no connection, or it was lost."""
_AGAIN: Final = {LOST, 408, 429, 500, 502, 503, 504}
_AGAIN_CODES: Final = {
    "SlowDown",
    "RequestTimeout",
    "InternalError",
    "ServiceUnavailable",
    "TooManyRequests",
    "ConditionalRequestConflict",
}
_FULL_WORDS: Final = ("cap_exceeded", "cap exceeded", "quotaexceeded", "storagefull", "insufficientstorage")
_INSUFFICIENT_STORAGE: Final = 507
_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_MOST_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where an S3 vault is, and by which keys. Cloudflare R2 has the region `auto`, Backblaze B2 its endpoint's."""

    endpoint: str
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "auto"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a store is waited for: seconds for a connection, seconds of silence, attempts of a call.

    `pause` and `chance` (of [0, 1)) are the effects that waiting has: two vaults shall not come back in step.
    """

    connect: float = 10
    read: float = 60
    attempts: int = 6
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a store said instead of doing it: S3's code, the HTTP status (`LOST` for none), words without secrets."""

    code: str
    status: int
    words: str
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status in _AGAIN or self.code in _AGAIN_CODES

    @property
    def full(self) -> bool:
        """Whether the store takes no more."""
        said = f"{self.code} {self.words}".lower()
        return self.status == _INSUFFICIENT_STORAGE or any(words in said for words in _FULL_WORDS)


class Calls:
    """One bucket's calls by their boto3 names, such as `put_object`; safe to be used by several threads."""

    def __init__(self, bucket: Bucket, *, name: str, patience: Patience) -> None:
        self._bucket = bucket
        self._name = name
        self._patience = patience
        self._client = _client(bucket, patience)

    def ask(self, call: str, **parameters: object) -> dict[str, Any] | Refusal:
        """Call, again if that may help. Returns boto3's answer, or the last refusal."""
        for attempt in range(self._patience.attempts):
            answer = self._once(call, parameters)
            if not isinstance(answer, Refusal) or not answer.passing or answer.full:
                return answer
            if attempt + 1 < self._patience.attempts:
                self.wait(attempt, answer.retry_after)
        return answer

    def must(self, call: str, **parameters: object) -> dict[str, Any]:
        """Call; a refusal is raised as the vault's error that it is."""
        answer = self.ask(call, **parameters)
        if isinstance(answer, Refusal):
            raise self.error(answer, f"{call} {parameters.get('Key', '')}".strip())
        return answer

    def wait(self, attempt: int, retry_after: float | None = None) -> None:
        """Pause before the next attempt: as long as the store asked, else about twice as long as the last time."""
        grown = min(_SHORTEST_PAUSE * 2**attempt, _LONGEST_PAUSE)
        jittered = grown * (1 + self._patience.chance()) / 2
        self._patience.pause(jittered if retry_after is None else min(retry_after, _LONGEST_PAUSE))

    def error(self, refusal: Refusal, act: str) -> VaultError:
        """Return the error of the port that a refusal stands for."""
        message = f"vault {self._name} ({self._bucket.bucket}): {act}: {refusal.words}"
        if refusal.full:
            return VaultFullError(f"{message}; it takes no more: raise the cap, or make room")
        return (VaultUnreachableError if refusal.passing else VaultRefusedError)(message)

    def refusal(self, fault: BotoCoreError | ClientError) -> Refusal:
        """Return what an exception of botocore says."""
        if not isinstance(fault, ClientError):
            lost = isinstance(fault, (ConnectionError, HTTPClientError))
            return Refusal(type(fault).__name__, LOST if lost else 400, self._said(str(fault)))
        error, about = fault.response.get("Error", {}), fault.response.get("ResponseMetadata", {})
        status, code = int(about.get("HTTPStatusCode", LOST)), str(error.get("Code", ""))
        words = self._said(f"{status} {code}: {error.get('Message', '')}")
        return Refusal(code, status, words, _seconds(about.get("HTTPHeaders", {}).get("retry-after", "")))

    def _once(self, call: str, parameters: dict[str, object]) -> dict[str, Any] | Refusal:
        try:
            answer: dict[str, Any] = getattr(self._client, call)(Bucket=self._bucket.bucket, **parameters)
        except (BotoCoreError, ClientError) as fault:
            return self.refusal(fault)
        return answer

    def _said(self, words: str) -> str:
        """A store's words, cut, with nothing of ours in them that is secret."""
        for secret in (self._bucket.secret_key, self._bucket.access_key):
            words = words.replace(secret, "[hidden]")
        return words[:_MOST_WORDS]


@cache
def _session() -> Any:  # noqa: ANN401 -- untyped library
    """One for all clients: reading S3's description takes a second."""
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return boto3.session.Session(botocore_session=session)


def _moment(text: object) -> datetime:
    """Read a time as S3 writes it, one with every key of a listing. botocore's own way is for all others, and slow.

    Raises `ValueError`.
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return cast("datetime", parse_timestamp(text))
    return found if found.tzinfo else cast("datetime", parse_timestamp(text))


def _client(bucket: Bucket, patience: Patience) -> Any:  # noqa: ANN401 -- boto3 makes the class when it runs
    return _session().client(
        "s3",
        endpoint_url=bucket.endpoint,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=patience.connect,
            read_timeout=patience.read,
        ),
    )


def _seconds(header: str) -> float | None:
    return float(header) if header.isdecimal() else None
