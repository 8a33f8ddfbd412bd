"""An S3 store that refuses what R2 and B2 refuse: moto in its own process behind a strict HTTP front.

moto accepts nearly everything. The front looks at each request first, refuses what a real store would, breaks on
demand, and passes the rest on. It knows nothing of the vault that it meets.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

import boto3  # type: ignore[import-untyped]  # it makes its clients when it runs

from zargar.backups.vaults.s3_calls import Bucket

LEAST_PART: Final = 5 << 20
_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "date", "server", "content-length"}
_NUMBERS = count(1)


@dataclass
class Fault:
    """What the front does instead of, or after, passing a request on; `times` is how often.

    `swallow`: passed on, but the answer is lost. `cut`: a body is broken off after so many bytes. `met`: set when the
    request has come (or, with `swallow`, been passed on); who asked is then never answered.
    """

    method: str
    match: str = ""
    times: int = 1
    status: int = 503
    code: str = "SlowDown"
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    swallow: bool = False
    cut: int | None = None
    met: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    """A request as it came: path with query, headers by lower-case name, the body's length."""

    method: str
    path: str
    headers: Mapping[str, str]
    length: int


class Front:
    """The strict front. `knows_versions` (B2 does, R2 does not), `knows_conditions` (R2 does, B2 does not).

    `bytes_per_second` slows bodies down; `page` makes listings come in pages of so many keys.
    """

    def __init__(self, moto: int, *, knows_versions: bool, knows_conditions: bool) -> None:
        self.moto = moto
        self.knows_versions = knows_versions
        self.knows_conditions = knows_conditions
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.bytes_per_second: float | None = None
        self.page: int | None = None
        self.parts: dict[str, dict[int, int]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"front": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def refusal(self, asked: Asked, body: bytes) -> tuple[int, str, str] | None:
        """What a strict store says to this request; None when it takes it."""
        query = parse_qs(urlsplit(asked.path).query, keep_blank_values=True)
        return _body_refusal(asked) or self._unknown(asked, query) or self._parts_refusal(asked, body, query)

    def _unknown(self, asked: Asked, query: dict[str, list[str]]) -> tuple[int, str, str] | None:
        if "delete" in query and "content-md5" not in asked.headers:
            return 400, "InvalidRequest", "Missing required header for this request: Content-MD5"
        if "if-none-match" in asked.headers and not self.knows_conditions:
            return 501, "NotImplemented", "If-None-Match is not implemented"
        if "versions" in query and not self.knows_versions:
            return 501, "NotImplemented", "ListObjectVersions not implemented"
        return None

    def _parts_refusal(self, asked: Asked, body: bytes, query: dict[str, list[str]]) -> tuple[int, str, str] | None:
        upload = query.get("uploadId", [""])[0]
        if asked.method == "PUT" and upload:
            self.parts.setdefault(upload, {})[int(query["partNumber"][0])] = asked.length
        if asked.method == "POST" and upload:
            sent = self.parts.get(upload, {})
            sizes = [sent.get(int(number), -1) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
            if len(set(sizes[:-1])) > 1 or (len(sizes) > 1 and sizes[-1] > sizes[0]):
                return 400, "InvalidPart", "All non-trailing parts must have the same length."
            if any(size < LEAST_PART for size in sizes[:-1]):
                return 400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
        return None

    def fault(self, asked: Asked) -> Fault | None:
        """The fault that this request meets, counted."""
        for fault in self.faults:
            if fault.times and fault.method == asked.method and re.search(fault.match, asked.path):
                fault.times -= 1
                return fault
        return None


def _body_refusal(asked: Asked) -> tuple[int, str, str] | None:
    checksums = [name for name in asked.headers if name.startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))]
    if "aws-chunked" in asked.headers.get("content-encoding", "") or "x-amz-trailer" in asked.headers:
        return 501, "NotImplemented", "STREAMING-UNSIGNED-PAYLOAD-TRAILER not implemented"
    if "transfer-encoding" in asked.headers:
        return 501, "NotImplemented", "A header you provided implies functionality that is not implemented"
    if checksums:
        return 400, "InvalidArgument", f"Unsupported header '{checksums[0]}'"
    return None


class _Handler(BaseHTTPRequestHandler):
    front: Front
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        asked = Asked(self.command, self.path, headers, len(body))
        self.front.asked.append(asked)
        if self.front.bytes_per_second and body:
            time.sleep(len(body) / self.front.bytes_per_second)
        fault = self.front.fault(asked)
        if fault is not None and fault.met is not None and not fault.swallow:
            self._hold(fault.met)
        elif fault is not None and not fault.swallow and fault.cut is None:
            self._refuse(fault.status, fault.code, fault.message, fault.headers)
        elif (refused := self.front.refusal(asked, body)) is not None:
            self._refuse(*refused, {})
        else:
            self._pass_on(asked, body, fault)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _any  # noqa: N815 -- http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        pass

    def _hold(self, met: threading.Event) -> None:
        """Say that a request has come, and answer nothing until whoever asked has hung up."""
        self.close_connection = True
        met.set()
        self.connection.settimeout(60)
        while self.connection.recv(1 << 16):
            pass

    def _refuse(self, status: int, code: str, message: str, headers: Mapping[str, str]) -> None:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self._answer(status, {"content-type": "application/xml", **headers}, b"" if self.command == "HEAD" else body)

    def _pass_on(self, asked: Asked, body: bytes, fault: Fault | None) -> None:
        connection = HTTPConnection("127.0.0.1", self.front.moto, timeout=30)
        headers = {name: value for name, value in asked.headers.items() if name not in {"expect", "connection"}}
        paged = self.front.page is not None and re.search(r"[?&](versions|list-type)", asked.path)
        path = f"{asked.path}&max-keys={self.front.page}" if paged else asked.path
        connection.request(asked.method, path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if fault is not None and fault.swallow:
            self.close_connection = True
            if fault.met is not None:
                self._hold(fault.met)
            return
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        length = answer.getheader("content-length", "0") if asked.method == "HEAD" else str(len(data))
        self._answer(answer.status, {**kept, "content-length": length}, data, fault.cut if fault else None)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True


@contextmanager
def moto_server() -> Iterator[int]:
    """moto in its own process; yields its port and ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def store(moto: int, *, versions: bool = False, conditions: bool = True) -> Iterator[Front]:
    """A front before moto: R2's ways; `versions=True, conditions=False` for B2's."""
    with Front(moto, knows_versions=versions, knows_conditions=conditions) as front:
        yield front


def bucket(front: Front, *, versioned: bool = False, lock: bool = False) -> Bucket:
    """Make a new bucket in moto and return it as it is reached through the front."""
    made = Bucket(front.url, f"vault-{next(_NUMBERS)}", "the-access-key", "the-secret-key", region="us-east-1")
    direct = admin(front)
    direct.create_bucket(Bucket=made.bucket, ObjectLockEnabledForBucket=lock)
    if versioned:
        direct.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
    return made


def admin(front: Front) -> "boto3.client":
    """A client of moto itself, past the front: for what a test arranges and looks at."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{front.moto}",
        region_name="us-east-1",
        aws_access_key_id="admin",
        aws_secret_access_key="admin",  # noqa: S106 -- moto takes anything
    )


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = "moto did not begin to listen"
    raise RuntimeError(message)
