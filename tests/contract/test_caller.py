"""The one HTTP call of a provider: what proves that nothing was sent, what leaves it open, and what is never told."""

import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
import urllib3

from tests.support.authority import Authority
from tests.support.hops import Listener, answering
from zargar.notifications.channels.http import Answer, Caller, Lost, NotSent, Reply, retry_after

KEY = "s3cretKey0fTheAccount"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
needs_openssl = pytest.mark.debian("openssl")


def url(listener: Listener, *, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{listener.port}/v1/{KEY}/sms/send.json"


def told(pieces: list[bytes], *, pause: float = 0, stays: bool = False) -> Callable[[Listener, socket.socket], None]:
    """A server that reads the head of a request and writes these pieces, then leaves or stays until the other does."""

    def serve(listener: Listener, connection: socket.socket) -> None:
        listener.head(connection)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        if stays:
            connection.recv(1)

    return serve


def asked(serve: Callable[[Listener, socket.socket], None], *, patience: float = 1.0, most: int = 1 << 20) -> Reply:
    with Listener(serve) as listener, closing(Caller(connect=patience, answer=0.1, most_bytes=most)) as caller:
        return caller.get(url(listener))


def test_an_answer_comes_whole() -> None:
    assert asked(answering(OK)) == Answer(200, b"{}")


def test_an_answer_in_chunks_is_put_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert asked(told([head, b"1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"])) == Answer(200, b"{}")


def test_a_connection_is_kept_for_the_next_call() -> None:
    with Listener(answering(OK)) as listener, closing(Caller()) as caller:
        assert [caller.get(url(listener)) for _ in range(3)] == [Answer(200, b"{}")] * 3
        assert (listener.connections, len(listener.heads)) == (1, 3)


def test_a_connection_that_has_been_idle_is_not_trusted_again() -> None:
    with Listener(answering(OK)) as listener, closing(Caller(idle=0.2)) as caller:
        assert [caller.get(url(listener)) for _ in range(2)] == [Answer(200, b"{}")] * 2
        time.sleep(0.3)
        assert caller.get(url(listener)) == Answer(200, b"{}")
        assert (listener.connections, len(listener.heads)) == (2, 3)


def test_a_kept_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    with Listener(told([OK])) as listener, closing(Caller()) as caller:
        assert caller.get(url(listener)) == Answer(200, b"{}")
        time.sleep(0.1)
        assert caller.get(url(listener)) == Answer(200, b"{}")
        assert listener.connections == 2


# -- proofs that nothing was sent -------------------------------------------------------------------------------------


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with Listener(answering()) as gone:
        where = url(gone)
    with closing(Caller()) as caller:
        assert caller.post(where, form={"a": "b"}) == NotSent("ConnectionRefusedError 111 (NewConnectionError)")


def test_a_name_that_is_none_proves_that_nothing_was_sent() -> None:
    with closing(Caller()) as caller:
        assert isinstance(caller.get(f"http://nobody.invalid/v1/{KEY}/x"), NotSent)


def test_a_server_that_accepts_no_connection_in_time_was_sent_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))), closing(Caller(connect=0.3, answer=0.3)) as caller:
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:  # the queue of a socket that nobody accepts from is full after a few
                filler.settimeout(0)
                filler.connect_ex(("127.0.0.1", port))
            assert isinstance(caller.get(f"http://127.0.0.1:{port}/v1/{KEY}/x"), NotSent)
            for filler in fillers:
                filler.close()


@needs_openssl
def test_a_certificate_that_nobody_trusts_ends_it_before_a_byte_of_the_request(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    tls = authority.server("IP:127.0.0.1")
    with Listener(answering(OK), tls=tls) as listener:
        with closing(Caller()) as stranger:
            refused = stranger.post(url(listener, scheme="https"), form={"a": "b"})
        assert isinstance(refused, NotSent)
        assert listener.heads == []
        with closing(Caller(certificates=str(authority.certificate))) as caller:
            assert caller.post(url(listener, scheme="https"), form={"a": "b"}) == Answer(200, b"{}")


def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    with Listener(told([b"hello\r\n"])) as listener, closing(Caller()) as caller:
        assert isinstance(caller.get(url(listener, scheme="https")), NotSent)


def test_a_hand_shake_that_never_ends_costs_its_time_and_sent_nothing() -> None:
    def silent(_: Listener, connection: socket.socket) -> None:
        while connection.recv(65_536):
            pass

    with Listener(silent) as listener, closing(Caller(connect=0.3, answer=5)) as caller:
        began = time.monotonic()
        assert isinstance(caller.get(url(listener, scheme="https")), NotSent)
        assert time.monotonic() - began < 3


# -- what leaves it open ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "serve",
    [
        told([]),
        told([b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"]),
        told([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"]),
        told([b"220 mail.example ESMTP\r\n"]),
        told([b"\x00" * 100]),
        told([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"]),
        told([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n", gzip.compress(b"{}")]),
    ],
    ids=["closed", "cut", "cut in a chunk", "another protocol", "noise", "too many headers", "compressed"],
)
def test_an_answer_that_is_none_leaves_it_open(serve: Callable[[Listener, socket.socket], None]) -> None:
    assert isinstance(asked(serve), Lost)


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"] + [b" "] * 900,
        [b"HTTP/1.1 200 OK\r\n"] + [b"X-More: 1\r\n"] * 90,
        [bytes([one]) for one in b"HTTP/1.1 200 OK\r\n" * 100],
    ],
    ids=["silence", "a body by the byte", "headers by the line", "a head by the byte"],
)
def test_one_deadline_holds_against_every_slowness(pieces: list[bytes]) -> None:
    began = time.monotonic()
    assert isinstance(asked(told(pieces, pause=0.05, stays=True), patience=0.5), Lost)
    assert time.monotonic() - began < 3


def test_what_was_waited_for_already_counts_when_silence_follows() -> None:
    began = time.monotonic()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
    assert isinstance(asked(told([head] + [b" "] * 45, pause=0.1, stays=True), patience=4.9), Lost)
    assert time.monotonic() - began < 9


def test_a_reset_after_the_request_leaves_it_open() -> None:
    def reset(listener: Listener, connection: socket.socket) -> None:
        listener.head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    assert isinstance(asked(reset), Lost)


def test_ten_megabytes_are_not_taken_into_memory() -> None:
    sent: list[int] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        listener.head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
        for _ in range(160):
            connection.sendall(b" " * 65_536)
            sent.append(65_536)

    assert asked(serve, patience=5) == Lost("an answer of more than 1048576 bytes")
    assert sum(sent) < 10_485_760


def test_a_redirect_is_an_answer_and_nobody_goes_there() -> None:
    with Listener(answering(OK)) as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {url(elsewhere)}\r\nContent-Length: 0\r\n\r\n".encode()
        assert asked(answering(moved)) == Answer(307, b"")
        assert elsewhere.connections == 0


def test_nothing_is_tried_twice() -> None:
    with Listener(told([])) as listener, closing(Caller()) as caller:
        assert isinstance(caller.post(url(listener), form={"a": "b"}), Lost)
        assert (listener.connections, len(listener.heads)) == (1, 1)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener(answering(OK)) as listener, Listener(answering(OK)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        with closing(Caller()) as caller:
            assert caller.get(url(listener)) == Answer(200, b"{}")
        assert (proxy.connections, listener.connections) == (0, 1)


# -- what is read, and what is never told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", timedelta(seconds=30)), ("0", timedelta()), ("86400", timedelta(hours=1)), (None, None), ("-1", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("۳۰", None), ("9" * 30, None)],
)  # fmt: skip
def test_a_wait_that_is_asked_for_is_believed_up_to_an_hour(header: str | None, wait: timedelta | None) -> None:
    assert retry_after(header) == wait


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 200_000, b"1" * 10_000, b"\xff", b"null"])
def test_what_is_no_json_reads_as_none(body: bytes) -> None:
    assert Answer(200, body).json() is None


def test_no_address_and_no_body_is_ever_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret_body = f"HTTP/1.1 200 OK\r\nContent-Length: {len(KEY)}\r\n\r\n{KEY}".encode()
    bad_header = b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n{}"
    replies = [asked(serve) for serve in (answering(secret_body), told([]), told([b"x"]), told([bad_header]))]
    with closing(Caller(connect=0.2)) as caller:
        replies += [caller.get(f"http://{host}/v1/{KEY}/x") for host in ("127.0.0.1:9", "nobody.invalid")]
        replies += [caller.get(f"http://127.0.0.1:9/x?key={KEY}", headers={"X-API-KEY": KEY})]
    assert len(replies) == 7
    assert KEY not in repr(replies) + "".join(record.getMessage() for record in caplog.records)


def test_what_others_do_with_the_same_library_is_still_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Listener(answering(OK)) as listener, closing(Caller()) as caller:
        caller.get(url(listener))
        assert caplog.records == []
        with urllib3.PoolManager() as pool:
            pool.request("GET", f"http://127.0.0.1:{listener.port}/other")
    assert any("/other" in record.getMessage() for record in caplog.records)


def test_a_document_travels_as_it_is_written() -> None:
    bodies: list[bytes] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        head = listener.head(connection)
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        bodies.append(connection.recv(length, socket.MSG_WAITALL))
        connection.sendall(OK)

    with Listener(serve) as listener, closing(Caller()) as caller:
        caller.post(url(listener), document={"text": "سلام"}, headers={"X-API-KEY": KEY})
        assert "content-type: application/json; charset=utf-8" in listener.heads[0].lower()
        assert f"X-API-KEY: {KEY}" in listener.heads[0]
    assert bodies == ['{"text":"سلام"}'.encode()]
    assert json.loads(bodies[0]) == {"text": "سلام"}


def test_two_threads_are_quiet_each_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Listener(told([], stays=True)) as slow, closing(Caller(connect=1, answer=0.1)) as caller:
        thread = threading.Thread(target=caller.get, args=(url(slow),))
        thread.start()
        with Listener(answering(OK)) as listener, urllib3.PoolManager() as pool:
            pool.request("GET", f"http://127.0.0.1:{listener.port}/other")
        thread.join()
    assert any("/other" in record.getMessage() for record in caplog.records)
    assert not any(KEY in record.getMessage() for record in caplog.records)
