"""The sandbox as a process: it says where it is, notes what it is asked, does as it is told, and ends."""

import json
from pathlib import Path

import pytest

from tests.support.boards import BoardServer


def test_it_notes_every_call_before_it_answers(tmp_path: Path) -> None:
    journal = tmp_path / "calls.jsonl"
    with BoardServer("--journal", str(journal)) as server:
        server.misbehave("wallgold", "refuse")
        with pytest.raises(ConnectionError):
            server.get("/wallgold/api/v1/markets?x=1")
        server.get("/tgju/ajax.json")
        calls = server.calls()
    assert [(call["n"], call["board"], call["query"], call["how"]) for call in calls] == [
        (1, "wallgold", "x=1", "refuse"), (2, "tgju", "", None),
    ]  # fmt: skip
    assert [json.loads(line) for line in journal.read_text().splitlines()] == calls


def test_the_level_of_its_market_can_be_moved() -> None:
    with BoardServer() as server:
        before = json.loads(server.get("/_sandbox/market"))
        server.move("0.76")
        after = json.loads(server.get("/_sandbox/market"))
    assert abs(int(after["toman_per_gram_18k"]) / int(before["toman_per_gram_18k"]) - 0.76) < 0.001


@pytest.mark.parametrize("order", ['{"board": "nobody", "how": "silent"}', '{"board": "tgju", "how": "sing"}', "junk"])
def test_an_order_that_means_nothing_is_refused(order: str) -> None:
    with BoardServer() as server, pytest.raises(AssertionError, match="error"):
        server.order(order)
