"""Recorded ticks, judged from nothing: what a line may be, what is remembered, and what is said."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.replay import FAMILIES, BadLineError, Replay, as_line, read_tick
from zargar.pricing.rules import Rules

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 09:30 in Tehran, on a Sunday
PANEL = ("wallgold", "talasea", "ecogold", "daric", "technogold", "melligold", "bonbast", "talair")


def line(minutes: int, prices: dict[str, Any], **more: Any) -> str:  # noqa: ANN401 -- JSON
    quotes = [
        {"source": name, "toman_per_gram_18k": price, "source_time": None, "changed_at": None, **more}
        for name, price in prices.items()
    ]
    return json.dumps({"now": (START + timedelta(minutes=minutes)).isoformat(), "quotes": quotes})


def replay(*lines: str) -> Iterator[Any]:
    judge = Replay(Rules())
    for number, text in enumerate(lines, start=1):
        told = read_tick(text, number=number, after=judge.now)
        yield as_line(told.now, judge.judge(told))


def level(price: float, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    return {**dict.fromkeys(PANEL, price), **other}


def why(decision: Any) -> dict[str, str]:  # noqa: ANN401 -- JSON
    return {one["source"]: one["reason"] for one in decision["rejected"]}


def test_a_decision_is_said_in_the_words_of_the_contract() -> None:
    (decision,) = replay(line(0, {"wallgold": 18_500_000.5, "ecogold": "18510000", "daric": None, "milli": 0}))
    assert decision == {
        "now": "2026-11-22T06:00:00+00:00",
        "state": "accepted",
        "toman_per_gram_18k": "18505000.25",
        "reason": "first_price: 2 families agree",
        "sources_used": ["ecogold", "wallgold"],
        "rejected": [
            {"source": "daric", "reason": "missing", "detail": "None"},
            {"source": "milli", "reason": "not_positive", "detail": "0"},
        ],
    }


def test_every_board_of_the_contract_may_be_named() -> None:
    names = [
        "wallgold", "tgju", "talasea", "milli", "tlyn", "bonbast", "ecogold", "daric", "technogold", "melligold",
        "digikala", "goldika", "talair", "union", "brsapi", "navasan",
    ]  # fmt: skip
    assert set(FAMILIES) == set(names)
    (decision,) = replay(line(0, dict.fromkeys(names, 18_500_000)))
    assert decision["sources_used"] == sorted(names)


def test_two_boards_of_one_owner_are_no_quorum() -> None:
    (decision,) = replay(line(0, {"talair": 18_500_000, "union": 18_500_000}))
    assert (decision["state"], decision["toman_per_gram_18k"]) == ("stale", None)
    assert decision["reason"].startswith("no_quorum: 1 of 2")


@pytest.mark.parametrize("slip", [10, 0.1, 1000])
def test_a_slip_of_a_unit_is_never_the_first_price(slip: float) -> None:
    first, second = replay(line(0, {"wallgold": 18_500_000 * slip, "daric": 18_500_000}), line(5, level(18_500_000)))
    assert first["state"] == "stale"
    assert why(first) == {"wallgold": "far_from_others", "daric": "far_from_others"}
    assert second["toman_per_gram_18k"] == "18500000"


def test_a_re_level_is_held_and_then_believed_within_thirty_minutes() -> None:
    ticks = [level(22_300_000)] * 3 + [level(16_970_000)] * 5
    states = [(one["state"], one["reason"].split(":")[0]) for one in replay(*_every_five(ticks))]
    assert states[:4] == [("accepted", "first_price"), ("accepted", "agreed"), ("accepted", "agreed"), ("held", "jump")]
    assert states[4:] == [("held", "jump")] * 2 + [("accepted", "relevel"), ("accepted", "agreed")]


def test_three_families_are_enough_for_it() -> None:
    old, new = (dict.fromkeys(PANEL[:3], price) for price in (22_300_000, 16_970_000))
    states = [one["state"] for one in replay(*_every_five([old] * 2 + [new] * 6))]
    assert states[2:].index("accepted") < 6


def test_a_frozen_board_is_named_though_its_board_says_that_it_changed() -> None:
    ticks = [level(18_500_000 + 3_000 * n, bonbast=18_500_000) for n in range(30)]
    lines = list(_every_five(ticks))
    told = [json.loads(text) for text in lines]
    for tick in told:
        for quote in tick["quotes"]:
            quote["changed_at"] = quote["source_time"] = tick["now"]
    decisions = list(replay(*map(json.dumps, told)))
    assert why(decisions[18]) == {}
    assert why(decisions[-1]) == {"bonbast": "frozen"}
    assert all(one["state"] == "accepted" for one in decisions)


def test_the_boards_of_one_tick_may_come_in_any_order() -> None:
    ticks = [level(18_500_000), level(18_600_000, daric=185_000_000), level(18_400_000, wallgold=None)]
    there = list(replay(*_every_five(ticks)))
    back = list(replay(*_every_five([dict(reversed(list(tick.items()))) for tick in ticks])))
    assert there == back


def _every_five(ticks: list[dict[str, Any]]) -> Iterator[str]:
    return (line(5 * number, tick) for number, tick in enumerate(ticks))


GOOD = {"source": "wallgold", "toman_per_gram_18k": 1, "source_time": None, "changed_at": None}
NOW = "2026-11-22T06:00:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "line"),
        ("[]", "line"),
        ('{"now": NaN}', "line"),
        ({"quotes": []}, "now"),
        ({"now": "2026-11-22T06:00:00", "quotes": []}, "now"),
        ({"now": 1795327200, "quotes": []}, "now"),
        ({"now": "2026-11-22T05:59:59Z", "quotes": []}, "now"),
        ({"now": NOW}, "quotes"),
        ({"now": NOW, "quotes": {}}, "quotes"),
        ({"now": NOW, "quotes": [7]}, r"quotes\[0\]"),
        ({"now": NOW, "quotes": [{**GOOD, "source": "nobody"}]}, r"quotes\[0\].source"),
        ({"now": NOW, "quotes": [GOOD, GOOD]}, r"quotes\[1\].source"),
        ({"now": NOW, "quotes": [{"source": "wallgold"}]}, r"quotes\[0\].toman_per_gram_18k"),
        ({"now": NOW, "quotes": [{**GOOD, "toman_per_gram_18k": "18,5"}]}, r"quotes\[0\].toman_per_gram_18k"),
        ({"now": NOW, "quotes": [{**GOOD, "toman_per_gram_18k": True}]}, r"quotes\[0\].toman_per_gram_18k"),
        ({"now": NOW, "quotes": [{**GOOD, "toman_per_gram_18k": "NaN"}]}, r"quotes\[0\].toman_per_gram_18k"),
        ({"now": NOW, "quotes": [{**GOOD, "source_time": "noon"}]}, r"quotes\[0\].source_time"),
        ({"now": NOW, "quotes": [{**GOOD, "changed_at": 5}]}, r"quotes\[0\].changed_at"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_number_and_field(body: object, field: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(BadLineError, match=rf"^line 2: {field}: "):
        list(replay(line(0, level(18_500_000)), text))


@given(
    st.integers(3, len(PANEL)),
    st.decimals("0.55", "1.9", places=3).filter(lambda factor: abs(factor - 1) > Decimal("0.101")),
    st.lists(st.integers(-40_000, 40_000), min_size=len(PANEL), max_size=len(PANEL)),
)
def test_a_true_re_level_that_three_families_carry_is_believed_within_thirty_minutes(
    families: int, factor: Decimal, apart: list[int]
) -> None:
    before = {name: 18_500_000 + far for name, far in zip(PANEL[:families], apart, strict=False)}
    after = {name: str(price * factor) for name, price in before.items()}
    states = [one["state"] for one in replay(*_every_five([before, before] + [after] * 7))]
    assert states[:3] == ["accepted", "accepted", "held"]
    assert states[2:].index("accepted") <= 30 // 5


@given(
    st.sampled_from(PANEL),
    st.sampled_from(["10", "0.1", "1000", "0.001", "4.3318"]),
    st.lists(st.integers(-40_000, 40_000), min_size=len(PANEL), max_size=len(PANEL)),
    st.integers(2, len(PANEL)),
)
def test_a_slip_of_one_family_is_never_accepted_however_long_it_lasts(
    wild: str, slip: str, apart: list[int], families: int
) -> None:
    names = sorted({wild, *PANEL[:families]})
    prices = {name: 18_500_000 + far for name, far in zip(names, apart, strict=False)}
    tick = {**prices, wild: str(prices[wild] * Decimal(slip))}
    for decision in replay(*_every_five([tick] * 8)):
        assert wild not in decision["sources_used"]
        if decision["state"] == "accepted":
            assert abs(Decimal(decision["toman_per_gram_18k"]) / 18_500_000 - 1) < Decimal("0.003")
        assert (decision["state"] == "accepted") == (len(names) > 2)
