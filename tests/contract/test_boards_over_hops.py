"""Between an asker and a board lie name servers, certificates and proxies: each may fail, and none may betray."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from socket import socket

import pytest

from tests.support.authority import Authority
from tests.support.boards import BoardServer, healthy
from tests.support.hops import Listener, NameServer, answering, proxy
from zargar.pricing.answers import Answer
from zargar.pricing.board import Board, Handshake
from zargar.pricing.boards import HttpBoards
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.resolver import is_public
from zargar.pricing.sources import named

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEADLINE = timedelta(seconds=3)
MILLI = named("milli").board
PASSWORD = "s3cret%2Fword"  # a slash, as a URL writes it
needs_openssl = pytest.mark.debian("openssl")


@pytest.fixture(scope="module")
def running() -> Iterator[BoardServer]:
    """One sandbox for this file."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def board_server(running: BoardServer) -> Iterator[BoardServer]:
    """The sandbox with every board well."""
    with healthy(running) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for this file: keys take time."""
    return Authority(tmp_path_factory.mktemp("authority"))


def ask(boards: HttpBoards, board: Board) -> Answer | Rejection:
    return boards.ask_all([board], deadline=DEADLINE, now=NOW).answers[board.name]


def why(boards: HttpBoards, board: Board) -> tuple[Why, str]:
    refused = ask(boards, board)
    assert isinstance(refused, Rejection), refused
    return refused.why, refused.detail


def at(url: str, board: Board = MILLI) -> Board:
    return replace(board, url=url)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_into_a_private_network_is_not_followed(address: str) -> None:
    with Listener(answering()) as listener, NameServer(address) as names:
        found = why(HttpBoards(nameservers=[names.at]), at(f"http://board.example:{listener.port}/"))
    assert found == (Why.PRIVATE_ADDRESS, f"board.example is {address}")
    assert listener.connections == 0


def test_the_sandboxs_own_name_may_lie_anywhere() -> None:
    with Listener(answering()) as listener, NameServer("127.0.0.1") as names:
        boards = HttpBoards(sandbox=f"http://sandbox.example:{listener.port}", nameservers=[names.at])
        assert isinstance(ask(boards, MILLI), Answer)


def test_a_proxys_own_name_may_lie_in_the_office_and_a_boards_may_not() -> None:
    with Listener(answering()) as board, Listener(proxy()) as hop, NameServer("127.0.0.1") as names:
        through = HttpBoards(nameservers=[names.at], proxies={"milli": f"http://proxy.example:{hop.port}"})
        assert isinstance(ask(through, at(f"http://127.0.0.1:{board.port}/")), Answer)
        assert why(through, at(f"http://proxy2.example:{board.port}/", named("tgju").board))[0] is Why.PRIVATE_ADDRESS


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("185.143.233.5", True), ("2606:4700::6810:85e5", True), ("100.64.0.1", False), ("192.168.1.1", False),
        ("240.0.0.1", False), ("224.0.0.1", False), ("::ffff:10.0.0.1", False), ("fe80::1", False),
    ],
)  # fmt: skip
def test_an_address_is_public_or_it_is_not(address: str, public: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert is_public(address) is public


# -- certificates -----------------------------------------------------------------------------------------------------


@needs_openssl
@pytest.mark.parametrize(
    ("name", "until", "detail"),
    [
        ("IP:127.0.0.1", timedelta(days=-1), "certificate has expired"),
        ("DNS:other.example", timedelta(days=1), "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_expired_or_of_another_is_refused(
    name: str, until: timedelta, detail: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with Listener(answering(), tls=authority.server(name, until=until)) as listener:
        found = why(HttpBoards(), at(f"https://127.0.0.1:{listener.port}/"))
    assert found[0] is Why.TLS
    assert detail in found[1]
    assert listener.heads == []


@needs_openssl
def test_a_certificate_of_an_authority_that_nobody_trusts_is_refused(authority: Authority) -> None:
    with Listener(answering(), tls=authority.server("IP:127.0.0.1")) as listener:
        found = why(HttpBoards(), at(f"https://127.0.0.1:{listener.port}/"))
    assert found[0] is Why.TLS
    assert listener.heads == []


@needs_openssl
def test_a_good_certificate_is_accepted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with Listener(answering(), tls=authority.server("IP:127.0.0.1")) as listener:
        assert isinstance(ask(HttpBoards(), at(f"https://127.0.0.1:{listener.port}/")), Answer)


# -- connections ------------------------------------------------------------------------------------------------------


def test_a_hand_shake_and_its_post_share_one_connection() -> None:
    with Listener(answering()) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        board = replace(at(url), handshake=Handshake(url, lambda _: {}))
        assert isinstance(ask(HttpBoards(), board), Answer)
        assert [head.split(" ")[0] for head in listener.heads] == ["GET", "POST"]
        assert listener.connections == 1


# -- proxies ----------------------------------------------------------------------------------------------------------


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize("key", ["milli", "*"])
def test_a_board_is_asked_through_its_proxy_with_its_user(key: str) -> None:
    with Listener(answering()) as board, Listener(proxy(wants=basic("sara", "s3cret/word"))) as hop:
        boards = HttpBoards(proxies={key: f"http://sara:{PASSWORD}@127.0.0.1:{hop.port}"})
        assert isinstance(ask(boards, at(f"http://127.0.0.1:{board.port}/price")), Answer)
        assert [head.split("\r\n")[0] for head in hop.heads] == [f"GET http://127.0.0.1:{board.port}/price HTTP/1.1"]
        assert len(board.heads) == 1


@needs_openssl
def test_a_board_that_speaks_tls_is_asked_through_a_tunnel(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    tls = authority.server("IP:127.0.0.1")
    with Listener(answering(), tls=tls) as board, Listener(proxy(wants=basic("sara", "s3cret/word"))) as hop:
        boards = HttpBoards(proxies={"milli": f"http://sara:{PASSWORD}@127.0.0.1:{hop.port}"})
        assert isinstance(ask(boards, at(f"https://127.0.0.1:{board.port}/price")), Answer)
        assert [head.split("\r\n")[0] for head in hop.heads] == [f"CONNECT 127.0.0.1:{board.port} HTTP/1.1"]
        assert "Proxy-Authorization" not in board.heads[0]


def test_the_routes_of_two_boards_are_their_own() -> None:
    with Listener(answering()) as board, Listener(proxy()) as hop:
        boards = HttpBoards(proxies={"tgju": f"http://127.0.0.1:{hop.port}"})
        url = f"http://127.0.0.1:{board.port}/"
        asked = boards.ask_all([at(url), at(url, named("tgju").board)], deadline=DEADLINE, now=NOW)
        assert all(isinstance(answer, Answer) for answer in asked.answers.values())
        assert (len(hop.heads), len(board.heads)) == (1, 2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_knows_another_password_is_the_proxys_failure_and_shows_no_secret(scheme: str) -> None:
    with Listener(answering()) as board, Listener(proxy(wants=basic("sara", "other"))) as hop:
        boards = HttpBoards(proxies={"milli": f"http://sara:{PASSWORD}@127.0.0.1:{hop.port}"})
        reason, detail = why(boards, at(f"{scheme}://127.0.0.1:{board.port}/"))
    assert reason is Why.PROXY
    assert not any(secret in detail + repr(boards) for secret in ("s3cret", "sara"))
    assert board.heads == []


def test_a_password_is_not_shown_by_half_where_an_error_is_cut_short() -> None:
    long = "http://127.0.0.1:1/" + "x" * 60 + "?sara&s3cret/word"
    to = f"HTTP/1.1 302 Found\r\nLocation: {long}\r\nContent-Length: 0\r\n\r\n"
    with Listener(answering(to.encode())) as board, Listener(proxy()) as hop:
        boards = HttpBoards(proxies={"milli": f"http://sara:{PASSWORD}@127.0.0.1:{hop.port}"})
        reason, detail = why(boards, at(f"http://127.0.0.1:{board.port}/"))
    assert reason is Why.REDIRECTED
    assert detail.endswith("?...&...")


def test_a_proxy_where_nobody_listens_is_the_proxys_failure_and_shows_no_secret() -> None:
    with Listener(answering()) as gone:
        port = gone.port
    boards = HttpBoards(proxies={"*": f"http://sara:{PASSWORD}@127.0.0.1:{port}"})
    reason, detail = why(boards, at("http://board.example/"))
    assert reason is Why.PROXY
    assert not any(secret in detail for secret in ("s3cret", "sara"))


def test_beside_the_sandbox_no_proxy_is_asked(board_server: BoardServer) -> None:
    with Listener(proxy()) as hop:
        boards = HttpBoards(sandbox=board_server.url, proxies={"*": f"http://127.0.0.1:{hop.port}"})
        assert isinstance(ask(boards, MILLI), Answer)
        assert hop.connections == 0


# -- bodies and redirects ---------------------------------------------------------------------------------------------


def test_an_empty_body_is_an_answer_that_its_source_cannot_read(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "empty")
    answer = ask(HttpBoards(sandbox=board_server.url), MILLI)
    assert isinstance(answer, Answer)
    assert [one.why for one in named("milli").read(answer).rejections] == [Why.NOT_JSON]


def test_an_error_that_calls_itself_200_holds_no_price(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "error_in_200")
    said = named("milli").read(ask(HttpBoards(sandbox=board_server.url), MILLI))
    assert (said.quotes, [one.why for one in said.rejections]) == ((), [Why.MISSING])


def test_ten_megabytes_are_not_read() -> None:
    sent: list[int] = []

    def serve(listener: Listener, connection: socket) -> None:
        listener.head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
        for _ in range(160):
            connection.sendall(b" " * 65_536)
            sent.append(65_536)

    with Listener(serve) as listener:
        found = why(HttpBoards(), at(f"http://127.0.0.1:{listener.port}/"))
    assert found == (Why.TOO_LARGE, "more than 1048576 bytes")
    assert sum(sent) < 10 << 20


@pytest.mark.parametrize("how", ["redirect_loop", "redirect_inward"])
def test_a_redirect_in_a_circle_or_inward_is_one_request(how: str, board_server: BoardServer) -> None:
    board_server.misbehave("milli", how)
    before = len(board_server.calls())
    assert why(HttpBoards(sandbox=board_server.url), MILLI)[0] is Why.REDIRECTED
    assert len(board_server.calls()) == before + 1


def test_a_redirect_to_this_machine_is_not_followed() -> None:
    with Listener(answering()) as inside:
        to = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside.port}/admin\r\nContent-Length: 0\r\n\r\n"
        with Listener(answering(to.encode())) as board:
            found = why(HttpBoards(), at(f"http://127.0.0.1:{board.port}/"))
        assert found == (Why.REDIRECTED, f"302 to http://127.0.0.1:{inside.port}/admin")
        assert inside.connections == 0


def test_what_a_board_asks_to_be_left_alone_for_comes_with_its_answer(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "busy", seconds=90)
    answer = ask(HttpBoards(sandbox=board_server.url), MILLI)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.retry_after) == (429, timedelta(seconds=90))


def test_a_page_that_forbids_its_hand_shake_is_the_boards_answer(board_server: BoardServer) -> None:
    board_server.misbehave("bonbast", "error403")
    answer = ask(HttpBoards(sandbox=board_server.url), named("bonbast").board)
    assert isinstance(answer, Answer)
    assert answer.status == 403
