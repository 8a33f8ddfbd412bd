"""Whose turn it is to be drilled: everybody's within the period, the one drilled longest ago first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.rota import AGAIN, Plan, Target, Turn, due, plan, share
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


def test_of_those_without_a_verdict_the_one_tried_longest_ago_is_begun_first() -> None:
    later, sooner = Target("files.media", "one"), Target("9", "two")
    turns = [Turn(later, NOW - DAY, undecided=True), Turn(sooner, NOW - 3 * DAY, undecided=True)]
    found = plan([*turns, Turn(Target("1", "one"), None)], period=7 * DAY, now=NOW)
    assert found == Plan((Target("1", "one"),), (sooner, later))


def test_what_came_to_no_verdict_and_has_waited_for_longer_than_the_period_comes_with_the_others() -> None:
    waited, other = Target("9", "two"), Target("1", "one")
    turns = [Turn(other, NOW - 6 * DAY), Turn(waited, NOW - 8 * DAY, undecided=True)]
    assert due(turns, period=7 * DAY, now=NOW) == (waited,)
    assert plan(turns, period=7 * DAY, now=NOW) == Plan((waited,))


def test_what_was_too_long_waits_for_the_day_s_share_and_then_begins_a_sitting() -> None:
    long, other = Target("files.media", "one"), Target("1", "one")
    before = Turn(long, NOW - DAY, undecided=True, too_long=True)
    assert plan([before, Turn(other, NOW - DAY)], period=DAY, now=NOW) == Plan((other,), (), (long,))
    assert plan([before, Turn(other, NOW)], period=DAY, now=NOW) == Plan((), (), (long,))
    tried = Turn(long, NOW, undecided=True, too_long=True)
    assert plan([tried, Turn(other, NOW)], period=DAY, now=NOW) == Plan((other,), (long,)), "it had its sitting"


@given(
    st.dictionaries(st.builds(Target, st.text("abc", max_size=3), st.just("one")), st.booleans(), max_size=12), periods
)
def test_sittings_that_follow_one_another_come_to_an_end_and_each_too_long_one_has_begun_one(
    who: dict[Target, bool], period: timedelta
) -> None:
    last = {target: Turn(target, NOW - DAY, undecided=long, too_long=long) for target, long in who.items()}
    begun: set[Target] = set()
    for _ in range(len(who) + 1):
        found = plan(list(last.values()), period=period, now=NOW)
        first = [*found.sure, *found.doubtful] or found.alone[:1]
        begun |= {target for target in found.alone if list(found.alone[:1]) == list(first) == [target]}
        last |= {target: Turn(target, NOW, undecided=who[target], too_long=who[target]) for target in first}
        if not found.alone or (list(first) == list(found.alone)):
            break
    else:
        raise AssertionError(found)
    assert begun == {target for target, long in who.items() if long}
    assert all(turn.drilled_at is not None and NOW - turn.drilled_at < AGAIN for turn in last.values() if turn.too_long)
