"""What a check says of a board, and how it keeps out of the way of the ticks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.checks import as_json, check, wait_until
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Instrument, Quote, Rejection, Unit, Why

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PACE = timedelta(seconds=30)
LATER = NOW + timedelta(hours=1)


def gold(price: int) -> Said:
    return Said((Quote.one_sided(Instrument.GOLD_750, Decimal(price), Unit.TOMAN, source_time=None),), ())


def asked(*silent: str, **said: Said) -> Asked:
    answers = {name: Answer(200, "application/json", b"{}", NOW) for name in said}
    refused = {name: Rejection("", Why.TIMEOUT) for name in silent}
    return Asked({**answers, **refused}, dict.fromkeys(said, timedelta(milliseconds=120)), timedelta(seconds=1))


def test_each_board_is_told_by_how_far_it_is_from_the_middle_of_the_others() -> None:
    said = {"a": gold(1000), "b": gold(1002), "c": gold(1010)}
    found = {one.source: one for one in check(said, asked(**said))}
    assert {name: str(one.deviation) for name, one in found.items()} == {"a": "-6.0", "b": "-3.0", "c": "9.0"}


def test_silence_an_unreadable_answer_and_a_lone_price_are_three_things() -> None:
    said = {
        "silent": Said((), (Rejection("", Why.TIMEOUT),)),
        "html": Said((), (Rejection("", Why.NOT_JSON, "<!doctype"),)),
        "lone": gold(1000),
    }
    told = as_json(check(said, asked("silent", **said)))
    assert (told["asked"], told["answered"], told["readable"]) == (3, 2, 1)
    boards = told["boards"]
    assert isinstance(boards, dict)
    assert boards["silent"] == {
        "answered": False, "readable": False, "latency_ms": 120, "toman_per_gram_18k": None,
        "deviation_per_mille": None, "rejected": [{"field": "", "why": "timeout", "detail": ""}],
    }  # fmt: skip
    assert boards["lone"] == {
        "answered": True, "readable": True, "latency_ms": 120, "toman_per_gram_18k": "1000",
        "deviation_per_mille": None, "rejected": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("last", "next_price", "until"),
    [
        (None, LATER, None),
        (NOW - PACE, LATER, None),
        (NOW - timedelta(seconds=10), LATER, timedelta(seconds=20)),
        (None, NOW - timedelta(seconds=1), timedelta(seconds=29)),
        (None, NOW + timedelta(seconds=20), timedelta(seconds=50)),
        (NOW - timedelta(seconds=20), NOW + timedelta(seconds=20), timedelta(seconds=50)),
    ],
    ids=["never asked", "long ago", "a moment ago", "a tick is asking", "a tick is near", "both"],
)
def test_it_asks_only_when_no_board_was_or_will_be_asked_within_their_pace(
    last: datetime | None, next_price: datetime, until: timedelta | None
) -> None:
    found = wait_until(last=last, next_price=next_price, pace=PACE, now=NOW)
    assert found == (None if until is None else NOW + until)


def test_beside_the_sandbox_there_is_no_pace_and_so_no_wait() -> None:
    assert wait_until(last=NOW, next_price=NOW, pace=timedelta(), now=NOW) is None
