"""Which alarms stand in which situation, and what follows for the alerts that are open."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.alarms import (
    GOLD,
    SEVERITIES,
    Alarm,
    Facts,
    Judged,
    Kept,
    Kind,
    Runs,
    SourceHealth,
    Thresholds,
    judge,
)
from zargar.pricing.alert_changes import Open, transition
from zargar.pricing.current import Priced
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = Thresholds()


def source(name: str, *, family: str = "", asked: int = 12, priced: int = 12, silent: int = 0) -> SourceHealth:
    return SourceHealth(source=name, family=family or name, asked=asked, priced=priced, silent=silent)


def silent(name: str, *, family: str = "") -> SourceHealth:
    return source(name, family=family, priced=9, silent=3)


def priced(*prices: int) -> tuple[Priced, ...]:
    first = NOW - 5 * MINUTE * (len(prices) - 1)
    return tuple(Priced(Toman(Decimal(price)), first + 5 * MINUTE * index) for index, price in enumerate(prices))


def kept(minutes: int, *, state: State = State.HELD) -> Kept:
    candidate = Toman(Decimal(20_000_000)) if state is State.HELD else None
    return Kept(since=NOW - minutes * MINUTE, newest=NOW, state=state, candidate=candidate, reason="too far")


WELL = Facts(
    runs=Runs(successful=12, failed=0),
    sources=tuple(source(name) for name in ("a", "b", "c", "d")),
    quorum=2,
    due=True,
    last_tick=NOW,
    missed=0,
    kept=None,
    accepted=priced(18_000_000, 18_010_000),
    accepted_age=timedelta(),
)


def standing(facts: Facts, limits: Thresholds = LIMITS) -> set[Kind]:
    return {alarm.kind for alarm in judge(facts, limits, now=NOW).standing}


def test_when_all_is_well_nothing_stands_and_every_condition_is_known_to_be_gone() -> None:
    judged = judge(WELL, LIMITS, now=NOW)
    assert judged.standing == ()
    assert judged.gone == {kind for kind in Kind if not kind.is_event}


@pytest.mark.parametrize(
    ("what", "facts", "stands"),
    [
        ("one failure of ten", {"runs": Runs(successful=9, failed=1)}, set()),
        ("two failures of twelve", {"runs": Runs(successful=10, failed=2)}, {Kind.FAILURE_RATE}),
        ("one failure of two", {"runs": Runs(successful=1, failed=1)}, set()),
        ("one silent source of four", {"sources": (*WELL.sources[:3], silent("d"))}, set()),
        (
            "one family more than the quorum is lost",
            {"sources": (*WELL.sources[:2], silent("c"), silent("d"))},
            {Kind.SOURCES_POOR},
        ),
        (
            "three sources of one family count once",
            {"sources": (source("a"), source("b", family="x"), source("c", family="x"), silent("d"))},
            {Kind.SOURCES_POOR},
        ),
        (
            "more than half are failing, though enough answer",
            {"sources": (*WELL.sources, *(silent(name) for name in "efghi"))},
            {Kind.SOURCES_POOR},
        ),
        (
            "a source that answers now, but gave a price in fewer than half of the hour's askings",
            {"sources": (*WELL.sources[:2], source("c", priced=5), source("d", priced=5))},
            {Kind.SOURCES_POOR},
        ),
        ("a source that failed twice in a row", {"sources": (*WELL.sources[:2], source("c", silent=2))}, set()),
        ("a deployment of two families, both well", {"sources": WELL.sources[:2]}, set()),
        ("a deployment of two families, one silent", {"sources": (source("a"), silent("b"))}, {Kind.SOURCES_POOR}),
        ("one missed slot", {"missed": 1}, set()),
        ("two missed slots", {"missed": 2}, {Kind.UPDATE_FAILED}),
        ("the last run is dead", {"runs": Runs(successful=11, failed=1, last_is_dead=True)}, {Kind.UPDATE_FAILED}),
        ("no tick was ever made and nothing has died", {"last_tick": None, "missed": 0, "kept": None}, set()),
        ("two missed slots while the window is closed", {"missed": 2, "due": False}, set()),
        ("a move of 2.9 %", {"accepted": priced(10_000_000, 10_290_000)}, set()),
        ("a move of 3 %", {"accepted": priced(10_000_000, 10_300_000)}, {Kind.JUMP}),
        ("a fall of 3 %", {"accepted": priced(10_000_000, 9_700_000)}, {Kind.JUMP}),
        ("the first price of all", {"accepted": priced(10_000_000)}, set()),
        ("held for 15 minutes", {"kept": kept(15)}, set()),
        ("held for 20 minutes", {"kept": kept(20)}, {Kind.PRICE_HELD}),
        ("no agreement for 20 minutes", {"kept": kept(20, state=State.STALE)}, {Kind.PRICE_HELD}),
        ("held when the window closed", {"kept": kept(20), "due": False}, set()),
    ],
)  # fmt: skip
def test_an_alarm_stands_in_these_situations_and_in_no_other(
    what: str, facts: dict[str, object], stands: set[Kind]
) -> None:
    assert standing(replace(WELL, **facts)) == stands, what  # type: ignore[arg-type]  # a table of changes


@pytest.mark.parametrize(
    ("facts", "unknown"),
    [
        ({"runs": Runs(successful=2, failed=1)}, {Kind.FAILURE_RATE}),
        ({"sources": ()}, {Kind.SOURCES_POOR}),
        ({"due": False, "kept": kept(5)}, {Kind.SOURCES_POOR, Kind.UPDATE_FAILED, Kind.PRICE_HELD}),
        ({"kept": kept(5)}, {Kind.PRICE_HELD}),
    ],
)
def test_what_cannot_be_judged_is_neither_standing_nor_gone(facts: dict[str, object], unknown: set[Kind]) -> None:
    judged = judge(replace(WELL, **facts), LIMITS, now=NOW)  # type: ignore[arg-type]  # a table of changes
    seen = judged.gone | {alarm.kind for alarm in judged.standing} | {Kind.JUMP}
    assert set(Kind) - seen == unknown


def test_every_jump_of_the_hour_is_an_alarm_of_its_own_and_an_old_one_is_no_news() -> None:
    jumps = judge(replace(WELL, accepted=priced(100, 110, 110, 100)), LIMITS, now=NOW).standing
    assert [(one.figures["before"], one.figures["after"], one.figures["per_cent"]) for one in jumps] == [
        ("100", "110", "10.0"), ("110", "100", "-9.1"),
    ]  # fmt: skip
    assert len({one.subject for one in jumps}) == 2
    assert judge(replace(WELL, accepted=priced(100, 110)), LIMITS, now=NOW + timedelta(days=2)).standing == ()


def test_figures_are_json_without_floats() -> None:
    bad = replace(
        WELL, runs=Runs(successful=1, failed=9, last_is_dead=True), sources=(silent("a"),), missed=2, kept=kept(60),
        accepted=priced(100, 110),
    )  # fmt: skip
    figures = [value for alarm in judge(bad, LIMITS, now=NOW).standing for value in alarm.figures.values()]
    assert len(figures) > 15
    assert {type(value) for value in figures} <= {str, int, bool, list, type(None)}


def test_every_kind_has_its_severity() -> None:
    assert set(SEVERITIES) == set(Kind)


# -- what follows -----------------------------------------------------------------------------------------------------

HELD = Alarm(kind=Kind.PRICE_HELD)
STANDS = Judged(standing=(HELD,), gone=frozenset())
GONE = Judged(standing=(), gone=frozenset({Kind.PRICE_HELD}))
UNKNOWN = Judged(standing=(), gone=frozenset())


def alert(*, told: timedelta = MINUTE, gone: timedelta | None = None, untold: bool = False) -> Open:
    gone_since = None if gone is None else NOW - gone
    return Open(kind=Kind.PRICE_HELD, subject=GOLD, told_at=NOW - told, gone_since=gone_since, untold=untold)


@pytest.mark.parametrize(
    ("alerts", "judged", "follows"),
    [
        ([], STANDS, "opened"),
        ([alert()], STANDS, "kept"),
        ([alert(told=LIMITS.remind - MINUTE)], STANDS, "kept"),
        ([alert(told=LIMITS.remind)], STANDS, "reminded"),
        ([alert(told=LIMITS.remind, untold=True)], STANDS, "kept"),
        ([alert(gone=LIMITS.calm)], STANDS, "kept"),
        ([alert()], GONE, "leaving"),
        ([alert(gone=LIMITS.calm - MINUTE)], GONE, ""),
        ([alert(gone=LIMITS.calm)], GONE, "closed"),
        ([alert(gone=LIMITS.calm)], UNKNOWN, ""),
        ([], GONE, ""),
    ],
)
def test_what_follows_for_one_alert(alerts: list[Open], judged: Judged, follows: str) -> None:
    change = transition(alerts, judged, happened=(), limits=LIMITS, now=NOW)
    changed = [name for name in ("opened", "reminded", "kept", "closed", "leaving") if getattr(change, name)]
    assert changed == ([follows] if follows else [])


def test_an_event_is_told_once_and_never_reminded_of() -> None:
    jump = Alarm(kind=Kind.JUMP, subject="2026-11-23T08:00:00+00:00")
    judged = Judged(standing=(jump,), gone=frozenset())
    assert transition([], judged, happened=(), limits=LIMITS, now=NOW).opened == (jump,)
    later = transition([], judged, happened={jump.subject}, limits=LIMITS, now=NOW + LIMITS.remind)
    assert not later.opened
    assert not later.reminded


LOOKS = st.lists(
    st.tuples(
        st.sets(st.sampled_from([Kind.PRICE_HELD, Kind.SOURCES_POOR, Kind.JUMP])),
        st.sets(st.sampled_from([Kind.PRICE_HELD, Kind.SOURCES_POOR])),
        st.integers(1, 500),
    ),
    max_size=30,
)


@given(LOOKS)
def test_whatever_comes_there_is_one_alert_of_a_kind_closed_at_most_once_and_no_notice_without_a_cause(
    looks: list[tuple[set[Kind], set[Kind], int]],
) -> None:
    now, alerts, events = NOW, dict[tuple[Kind, str], Open](), set[str]()
    told_of: dict[tuple[Kind, str], list[datetime]] = {}
    for stand, gone, minutes in looks:
        now += minutes * MINUTE
        subject = {Kind.JUMP: f"tick {min(minutes, 5)}"}
        alarms = tuple(Alarm(kind=kind, subject=subject.get(kind, GOLD)) for kind in sorted(stand))
        judged = Judged(standing=alarms, gone=frozenset(gone - stand))
        change = transition([*alerts.values()], judged, happened=events, limits=LIMITS, now=now)

        assert all(alarm in alarms for alarm in (*change.opened, *change.reminded)), "a notice needs its cause"
        for alarm in change.opened:
            assert alarm.key not in alerts
            told_of[alarm.key] = [now]
            if alarm.kind.is_event:
                assert alarm.subject not in events
                events.add(alarm.subject)
            else:
                alerts[alarm.key] = Open(kind=alarm.kind, subject=alarm.subject, told_at=now)
        for alarm in change.reminded:
            assert now - told_of[alarm.key][-1] >= LIMITS.remind
            told_of[alarm.key].append(now)
            alerts[alarm.key] = replace(alerts[alarm.key], told_at=now, gone_since=None)
        for alarm in change.kept:
            alerts[alarm.key] = replace(alerts[alarm.key], gone_since=None)
        for leaving in change.leaving:
            alerts[leaving.key] = replace(leaving, gone_since=now)
        for over in change.closed:
            assert over.kind not in stand, "what stands does not recover"
            closing = alerts.pop(over.key)
            assert closing.gone_since is not None
            assert now - closing.gone_since >= LIMITS.calm
        accounted = [*change.opened, *change.reminded, *change.kept]
        assert len(accounted) == len({alarm.key for alarm in accounted})
        assert {alarm.key for alarm in alarms if not alarm.kind.is_event} <= alerts.keys()
