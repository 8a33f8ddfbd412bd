"""What is said of the house in each situation, and what is not said because something worse explains it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from zargar.ledger.heartbeats import Kind, Pulse
from zargar.monitoring.families import Grade
from zargar.monitoring.house import Code, Facts, Level, Life, judge, life, state, without_database
from zargar.monitoring.sources import SourceRecord
from zargar.names import Family
from zargar.pricing.current import Answered, Standing
from zargar.pricing.quotes import Toman

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
SILENT = 60 * SECOND


def pulse(name: str, *queues: str, kind: Kind = Kind.WORKER, **different: object) -> Pulse:
    well = Pulse(
        name=name, kind=kind, queues=queues, silent_after=40 * SECOND, started_ago=HOUR, alive_ago=SECOND,
        moved_ago=SECOND, has_session=True, slots=1,
    )  # fmt: skip
    return replace(well, **different)  # type: ignore[arg-type]  # the fields of a pulse


PRICE = Answered(Standing.LIVE, Toman(Decimal(1)), NOW, SECOND, {}, "2 families agree")
REALTIME, HOUSE, BEAT = pulse("realtime", "realtime"), pulse("house", "maintenance"), pulse("beat", kind=Kind.BEAT)
GOOD = SourceRecord(asked=3, priced=3, used=3)
DOWN = SourceRecord(asked=3, priced=1, used=1, silent_since=NOW, why="not_json")
WELL = Facts(
    broker_answers=True, pulses=(REALTIME, HOUSE, BEAT), queues={"realtime", "maintenance"}, waits={}, price=PRICE,
    price_due=True, boards={"a": GOOD, "b": GOOD}, families={Family.PRICES: Grade.OK}, dead_letters=0, paused=(),
)  # fmt: skip


def dead(one: Pulse, *, ago: timedelta = SILENT) -> Pulse:
    return replace(one, has_session=False, alive_ago=ago, moved_ago=ago)


def stopped(one: Pulse) -> Pulse:
    return replace(one, moved_ago=SILENT, alive_ago=SILENT)


def found(**different: object) -> dict[Code, Level]:
    return {one.code: one.level for one in judge(replace(WELL, **different))}  # type: ignore[arg-type]  # as above


def test_a_well_house_has_no_findings() -> None:
    assert judge(WELL) == ()
    assert state(()) == "ok"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (REALTIME, Life.WORKING),
        (stopped(REALTIME), Life.NOT_WORKING),
        (replace(REALTIME, moved_ago=SILENT), Life.NOT_WORKING),
        (dead(REALTIME), Life.DEAD),
        (replace(REALTIME, has_session=False), Life.WORKING),
        (replace(REALTIME, moved_ago=None, started_ago=SECOND), Life.STARTING),
        (replace(REALTIME, moved_ago=None), Life.NOT_WORKING),
    ],
    ids=["working", "stopped", "its loop hangs", "killed", "between two sessions", "starting", "never consumed"],
)
def test_a_process_is_known_by_what_it_did_and_by_its_session(one: Pulse, expected: Life) -> None:
    assert life(one) is expected


def test_a_dead_worker_whose_queue_nobody_serves_is_a_part_away() -> None:
    assert found(pulses=(dead(REALTIME), HOUSE, BEAT)) == {Code.WORKER_DEAD: Level.AWAY}


def test_a_dead_worker_whose_work_others_do_is_a_note_and_in_time_forgotten() -> None:
    other = pulse("other", "realtime", started_ago=2 * HOUR)
    assert found(pulses=(dead(REALTIME), other, HOUSE, BEAT)) == {Code.WORKER_DEAD: Level.NOTE}
    assert found(pulses=(dead(REALTIME, ago=HOUR * 2), other, HOUSE, BEAT)) == {}


def test_a_dead_process_that_was_started_again_under_another_name_is_no_finding() -> None:
    again = pulse("beat-again", kind=Kind.BEAT, started_ago=SECOND)
    assert found(pulses=(REALTIME, HOUSE, dead(BEAT), again)) == {}


def test_a_stopped_worker_lives_and_does_not_consume() -> None:
    assert found(pulses=(stopped(REALTIME), HOUSE, BEAT)) == {Code.WORKER_NOT_CONSUMING: Level.AWAY}


def test_without_a_broker_only_the_broker_is_named() -> None:
    silent = (stopped(REALTIME), stopped(HOUSE), BEAT)
    waits = {"realtime": HOUR}
    assert found(broker_answers=False, pulses=silent, waits=waits) == {Code.BROKER_AWAY: Level.AWAY}


def test_one_of_two_beats_is_a_note_and_the_last_one_a_part_away() -> None:
    other = pulse("beat-2", kind=Kind.BEAT, started_ago=HOUR * 2)
    assert found(pulses=(REALTIME, HOUSE, dead(BEAT), other)) == {Code.BEAT_DEAD: Level.NOTE}
    assert found(pulses=(REALTIME, HOUSE, dead(BEAT))) == {Code.BEAT_DEAD: Level.AWAY}
    assert found(pulses=(REALTIME, HOUSE, stopped(BEAT))) == {Code.BEAT_NOT_TICKING: Level.AWAY}
    assert found(pulses=(REALTIME, HOUSE)) == {Code.NO_BEAT: Level.AWAY}


def test_a_queue_without_any_worker_is_named() -> None:
    assert found(pulses=(HOUSE, BEAT)) == {Code.QUEUE_UNSERVED: Level.AWAY}


def test_a_run_that_waits_beside_an_idle_worker_is_not_being_consumed_and_beside_a_busy_one_it_is_in_line() -> None:
    waits = {"realtime": HOUR}
    assert found(waits=waits) == {Code.QUEUE_WAITING: Level.PERSON}
    busy = replace(REALTIME, busy=1)
    assert found(waits=waits, pulses=(busy, HOUSE, BEAT)) == {Code.QUEUE_WAITING: Level.NOTE}
    assert found(waits={"realtime": SECOND}) == {}


def test_a_fallback_needs_a_person_only_while_a_price_is_due() -> None:
    fallback = replace(PRICE, standing=Standing.FALLBACK)
    assert found(price=fallback) == {Code.PRICE_FALLBACK: Level.PERSON}
    assert found(price=fallback, price_due=False) == {}
    none = Answered(Standing.NONE, None, None, None, {}, "no price")
    assert found(price=none, price_due=False) == {Code.PRICE_NONE: Level.PERSON}


def test_one_silent_board_is_a_note_and_all_of_them_need_a_person() -> None:
    assert found(boards={"a": GOOD, "b": DOWN}) == {Code.BOARD_DOWN: Level.NOTE}
    assert found(boards={"a": DOWN, "b": DOWN}) == {Code.BOARDS_ALL_DOWN: Level.PERSON}
    wild = SourceRecord(asked=3, priced=3, used=0, why="far_from_others")
    assert found(boards={"a": GOOD, "b": wild}) == {Code.BOARD_REFUSED: Level.NOTE}


def test_dead_letters_failing_families_and_pauses_need_a_person() -> None:
    worst = {Family.PRICES: Grade.FAILING}
    assert found(dead_letters=1, families=worst, paused=("update-gold-prices",)) == dict.fromkeys(
        (Code.FAMILY_FAILING, Code.DEAD_LETTERS, Code.PAUSED), Level.PERSON
    )


def test_the_state_is_that_of_the_gravest_finding_which_is_told_first() -> None:
    findings = judge(replace(WELL, pulses=(dead(REALTIME), HOUSE, BEAT), boards={"a": GOOD, "b": DOWN}))
    assert [one.code for one in findings] == [Code.WORKER_DEAD, Code.BOARD_DOWN]
    assert state(findings) == "away"
    assert state(findings[1:]) == "degraded"


def test_without_a_database_nothing_else_is_claimed_to_be_known() -> None:
    assert [one.code for one in without_database(broker_answers=True)] == [Code.DATABASE_AWAY]
    assert len(without_database(broker_answers=False)) == 2
