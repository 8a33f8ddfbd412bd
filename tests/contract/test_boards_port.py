"""The port to the boards keeps its guarantees, whatever a server, a network or a name server does.

The deadline is asserted with room for a loaded machine: what matters is that it ends near the deadline and not after
the half minute or for ever that each of these ways of hanging would take.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.boards import BoardServer, healthy
from zargar.pricing.answers import Answer
from zargar.pricing.board import Board
from zargar.pricing.boards import HEADERS, HttpBoards
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.ports import Asked, Boards
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.sources import CATALOGUE, named

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEADLINE = timedelta(seconds=1)
ROOM = 2.0
WALLGOLD, TGJU, BONBAST, MELLIGOLD, NAVASAN = (
    named(name).board for name in ("wallgold", "tgju", "bonbast", "melligold", "navasan")
)


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


@pytest.mark.parametrize(("how", "why"), [("html", Why.MISSING), ("redirect", Why.REDIRECTED), ("silent", Why.TIMEOUT)])
def test_a_hand_shake_that_fails_ends_there(how: str, why: Why, board_server: BoardServer) -> None:
    board_server.misbehave("bonbast", how)
    before = len(board_server.calls())
    asked = ask(HttpBoards(sandbox=board_server.url), BONBAST)
    assert rejection(asked, BONBAST).why is why
    assert len(board_server.calls()) == before + 1


KEYS = {"brsapi": "k1+secret/1", "navasan": "k2-secret"}


def test_every_stand_in_is_read_by_the_source_that_it_stands_in_for(board_server: BoardServer) -> None:
    boards = [source.board for source in CATALOGUE]
    asked = ask(HttpBoards(sandbox=board_server.url, keys=KEYS), *boards)
    market = Decimal(json.loads(board_server.get("/_sandbox/market"))["toman_per_gram_18k"])
    for source in CATALOGUE:
        said = source.read(asked.answers[source.board.name])
        assert said.rejections == (), source.board.name
        per_gram = [quote.toman_per_gram_18k for quote in said.quotes if quote.toman_per_gram_18k is not None]
        assert per_gram, source.board.name
        assert all(abs(price / market - 1) < Decimal("0.006") for price in per_gram), source.board.name


def test_a_guard_that_sets_a_cookie_is_asked_once_more_at_the_same_address(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    answer = ask(HttpBoards(sandbox=board_server.url), MELLIGOLD).answers["melligold"]
    assert isinstance(answer, Answer)
    assert answer.status == 200
    first, second = board_server.calls()[before:]
    assert first["path"] == second["path"] == "/melligold/api/v1/exchange/buy-sell-price/"
    assert first["query"] == second["query"] == "format=json"
    assert "Cookie" not in first["headers"]
    assert second["headers"]["Cookie"].startswith("__arcsco=")


def test_a_guard_that_only_sends_elsewhere_is_not_followed(board_server: BoardServer) -> None:
    board_server.misbehave("melligold", "redirect")
    before = len(board_server.calls())
    assert rejection(ask(HttpBoards(sandbox=board_server.url), MELLIGOLD), MELLIGOLD).why is Why.REDIRECTED
    assert len(board_server.calls()) == before + 1


def test_a_key_is_sent_to_its_board_alone(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    ask(HttpBoards(sandbox=board_server.url, keys=KEYS), NAVASAN, WALLGOLD)
    queries = {call["board"]: call["query"] for call in board_server.calls()[before:]}
    assert queries == {"navasan": "item=18ayar&api_key=k2-secret", "wallgold": ""}


def test_a_failure_that_repeats_the_address_does_not_show_the_key() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                target = connection.recv(4096).split(b" ")[1]
                connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://other.example" + target + b"\r\n\r\n")

        thread = threading.Thread(target=echo)
        thread.start()
        board = at(named("brsapi").board, f"http://127.0.0.1:{server.getsockname()[1]}/gold")
        refused = rejection(ask(HttpBoards(keys=KEYS), board), board)
        thread.join()
    assert refused == Rejection("", Why.REDIRECTED, "302 to http://other.example/gold?key=...")


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
