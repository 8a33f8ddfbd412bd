"""The port to the boards keeps its guarantees, whatever a server, a network or a name server does.

The deadline is asserted with room for a loaded machine: what matters is that it ends near the deadline and not after
the half minute or for ever that each of these ways of hanging would take.
"""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.boards import BoardServer, healthy
from zargar.pricing.answers import Answer
from zargar.pricing.board import Board
from zargar.pricing.boards import HEADERS, HttpBoards
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.ports import Asked, Boards
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.sources import named

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEADLINE = timedelta(seconds=1)
ROOM = 2.0
WALLGOLD, TGJU, BONBAST = (named(name).board for name in ("wallgold", "tgju", "bonbast"))


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


def ask(boards: Boards, *asked: Board) -> Asked:
    began = time.monotonic()
    answers = boards.ask_all(asked, deadline=DEADLINE, now=NOW)
    assert time.monotonic() - began < DEADLINE.total_seconds() + ROOM
    assert set(answers.answers) == {board.name for board in asked}
    return answers


def at(board: Board, url: str) -> Board:
    return replace(board, url=url)


def rejection(asked: Asked, board: Board) -> Rejection:
    answer = asked.answers[board.name]
    assert isinstance(answer, Rejection)
    return answer


def test_healthy_boards_all_answer(board_server: BoardServer) -> None:
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD, TGJU)
    for answer in asked.answers.values():
        assert isinstance(answer, Answer)
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert NOW <= answer.received_at <= NOW + DEADLINE


def test_a_board_that_was_given_no_answer_is_unreachable() -> None:
    answer = Answer(200, "application/json", b"{}", NOW)
    asked = ask(GivenBoards({"tgju": answer}), WALLGOLD, TGJU)
    assert asked.answers["tgju"] == answer
    assert rejection(asked, WALLGOLD).why is Why.UNREACHABLE


@pytest.mark.parametrize("how", ["silent", "drip", "endless_headers"])
def test_a_board_that_hangs_costs_the_deadline_and_nothing_of_the_other(how: str, board_server: BoardServer) -> None:
    board_server.misbehave("wallgold", how)
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD, TGJU)
    assert rejection(asked, WALLGOLD).why is Why.TIMEOUT
    assert isinstance(asked.answers["tgju"], Answer)
    assert asked.elapsed >= DEADLINE


def test_all_boards_hanging_cost_one_deadline(board_server: BoardServer) -> None:
    for board in ("wallgold", "tgju"):
        board_server.misbehave(board, "silent")
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD, TGJU)
    assert {rejection(asked, board).why for board in (WALLGOLD, TGJU)} == {Why.TIMEOUT}


def test_a_body_without_end_is_cut_at_the_bound(board_server: BoardServer) -> None:
    board_server.misbehave("wallgold", "endless_body")
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD)
    assert rejection(asked, WALLGOLD) == Rejection("", Why.TOO_LARGE, "more than 1048576 bytes")


def test_a_connection_that_is_cut_is_unreachable(board_server: BoardServer) -> None:
    board_server.misbehave("wallgold", "refuse")
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD)
    assert rejection(asked, WALLGOLD).why is Why.UNREACHABLE


def test_a_redirect_is_not_followed(board_server: BoardServer) -> None:
    board_server.misbehave("wallgold", "redirect")
    before = len(board_server.calls())
    asked = ask(HttpBoards(sandbox=board_server.url), WALLGOLD)
    assert rejection(asked, WALLGOLD) == Rejection("", Why.REDIRECTED, "302 to /_sandbox/elsewhere")
    assert len(board_server.calls()) == before + 1


def test_an_error_page_is_an_answer_for_its_source_to_judge(board_server: BoardServer) -> None:
    board_server.misbehave("wallgold", "error500")
    answer = ask(HttpBoards(sandbox=board_server.url), WALLGOLD).answers["wallgold"]
    assert isinstance(answer, Answer)
    assert answer.status == 500


def test_each_board_gets_one_request_that_says_who_asks(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    ask(HttpBoards(sandbox=board_server.url), WALLGOLD, TGJU)
    calls = board_server.calls()[before:]
    assert {(call["board"], call["method"], call["path"]) for call in calls} == {
        ("wallgold", "GET", "/wallgold/api/v1/markets"),
        ("tgju", "GET", "/tgju/ajax.json"),
    }
    assert {call["headers"]["User-Agent"] for call in calls} == {HEADERS["User-Agent"]}


def test_a_declared_hand_shake_is_one_request_more_with_its_cookies(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    answer = ask(HttpBoards(sandbox=board_server.url), BONBAST).answers["bonbast"]
    assert isinstance(answer, Answer)
    assert b'"gol18"' in answer.body
    get, post = board_server.calls()[before:]
    assert [(call["method"], call["path"]) for call in (get, post)] == [("GET", "/bonbast/"), ("POST", "/bonbast/json")]
    assert post["headers"]["X-Requested-With"] == "XMLHttpRequest"
    assert post["headers"]["Cookie"].startswith("st_bb=")


@pytest.mark.parametrize(
    ("how", "why"), [("html", Why.MISSING), ("error403", Why.HTTP_STATUS), ("silent", Why.TIMEOUT)]
)
def test_a_hand_shake_that_fails_ends_there(how: str, why: Why, board_server: BoardServer) -> None:
    board_server.misbehave("bonbast", how)
    before = len(board_server.calls())
    asked = ask(HttpBoards(sandbox=board_server.url), BONBAST)
    assert rejection(asked, BONBAST).why is why
    assert len(board_server.calls()) == before + 1


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    asked = ask(HttpBoards(), at(WALLGOLD, f"http://127.0.0.1:{port}/"))
    assert rejection(asked, WALLGOLD).why is Why.UNREACHABLE


def test_a_name_server_that_never_answers_costs_the_deadline() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        asked = ask(HttpBoards(nameservers=[f"127.0.0.1:{deaf.getsockname()[1]}"]), WALLGOLD, TGJU)
        assert {rejection(asked, board).why for board in (WALLGOLD, TGJU)} == {Why.TIMEOUT}
        deaf.setblocking(False)  # noqa: FBT003 -- the standard library's signature
        assert b"wallgold" in deaf.recv(512)


def test_a_server_that_speaks_no_tls_has_no_trusted_price(board_server: BoardServer) -> None:
    asked = ask(HttpBoards(), at(WALLGOLD, board_server.url.replace("http:", "https:")))
    assert rejection(asked, WALLGOLD).why is Why.TLS


def test_a_server_that_speaks_no_http_has_no_price() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        asked = ask(HttpBoards(), at(WALLGOLD, f"http://127.0.0.1:{server.getsockname()[1]}/"))
        thread.join()
    assert rejection(asked, WALLGOLD).why is Why.NOT_HTTP
