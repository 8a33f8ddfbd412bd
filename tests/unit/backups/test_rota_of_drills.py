"""Whose turn it is to be drilled: everybody's within the period, the one drilled longest ago first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.rota import Target, Turn, due, share
from zargar.backups.scratch import OLD, abandoned, name_at

NOW = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)

targets = st.sets(
    st.builds(Target, st.from_regex(r"[0-9]{1,4}", fullmatch=True), st.sampled_from(["one", "two"])), max_size=40
)
periods = st.integers(1, 30).map(lambda days: days * DAY)


@given(targets, periods, st.lists(st.integers(1, 24 * 60), min_size=70, max_size=70))
def test_with_a_run_a_day_nothing_is_ever_older_than_the_period(
    who: set[Target], period: timedelta, minutes: list[int]
) -> None:
    last: dict[Target, datetime | None] = dict.fromkeys(who)
    now, runs = NOW, 0
    for wait in minutes:
        assert all(at is None or now - at <= period for at in last.values())
        assert runs < period // DAY or None not in last.values()
        for target in due([Turn(target, at) for target, at in last.items()], period=period, now=now):
            last[target] = now
        now, runs = now + timedelta(minutes=wait), runs + 1


@given(targets, periods)
def test_a_day_takes_no_more_than_its_share_when_no_day_was_missed(who: set[Target], period: timedelta) -> None:
    last: dict[Target, datetime | None] = dict.fromkeys(who)
    for day in range(2 * (period // DAY)):
        now = NOW + day * DAY
        chosen = due([Turn(target, at) for target, at in last.items()], period=period, now=now)
        assert len(chosen) <= share(len(who), period=period)
        last |= dict.fromkeys(chosen, now)


@given(st.dictionaries(st.builds(Target, st.text("ab", max_size=3), st.just("one")), st.integers(0, 90)), periods)
def test_what_is_chosen_was_drilled_no_later_than_what_is_not(ages: dict[Target, int], period: timedelta) -> None:
    turns = [Turn(target, NOW - age * DAY) for target, age in ages.items()]
    chosen = set(due(turns, period=period, now=NOW))
    oldest_left = max((ages[target] for target in ages.keys() - chosen), default=0)
    assert all(ages[target] >= oldest_left for target in chosen)
    assert all(age <= period // DAY - 1 for target, age in ages.items() if target not in chosen)


def test_the_never_drilled_come_first() -> None:
    old, new = Target("1", "one"), Target("2", "one")
    assert due([Turn(old, NOW - DAY), Turn(new, None)], period=7 * DAY, now=NOW) == (new,)


def test_after_days_without_drills_what_is_too_old_is_caught_up() -> None:
    turns = [Turn(Target(str(number), "one"), NOW - 9 * DAY) for number in range(10)]
    assert len(due(turns, period=7 * DAY, now=NOW)) == 10


def test_only_old_databases_of_drills_are_abandoned() -> None:
    old, young = name_at(NOW - OLD - DAY, "0" * 12), name_at(NOW - OLD / 2, "f" * 12)
    others = ["zargar", "zargar_drill_", "zargar_drill_0000000001_xyz", f"{old}_live", f"my_{old}"]
    assert abandoned([old, young, *others], now=NOW) == (old,)


@given(targets, periods, st.integers(0, 40))
def test_those_without_a_verdict_come_back_the_next_day_and_never_before_the_others(
    who: set[Target], period: timedelta, doubtful: int
) -> None:
    named = sorted(who)
    turns = [Turn(target, NOW - DAY, undecided=place < doubtful) for place, target in enumerate(named)]
    chosen = due(turns, period=period, now=NOW)
    undecided = set(named[:doubtful])
    assert undecided <= set(chosen)
    assert [target in undecided for target in chosen] == sorted(target in undecided for target in chosen)


def test_what_came_to_no_verdict_today_waits_until_tomorrow() -> None:
    turns = [Turn(Target("1", "one"), NOW - DAY / 2, undecided=True), Turn(Target("2", "one"), None)]
    assert due(turns, period=7 * DAY, now=NOW) == (Target("2", "one"),)
