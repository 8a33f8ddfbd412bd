"""What a person must hear of about backups: once when it begins, once a day that it stands, once when it is over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.alarm_words import MOST, Told, letter
from zargar.backups.alarms import (
    OLD_NEWS,
    REMIND,
    Alarm,
    Behind,
    CutOff,
    Damage,
    Facts,
    Job,
    Kind,
    LeftOut,
    News,
    Open,
    Red,
    VaultFacts,
    change,
    judge,
    news,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEAD = Job(scope="", dead=True, at=NOW, words="Permanent: the vault one takes no more")


def keys(facts: Facts, opened: tuple[Open, ...] = ()) -> list[tuple[str, str]]:
    return [(alarm.kind.value, alarm.subject) for alarm in judge(facts, opened)]


def test_all_is_quiet_where_everything_is_well() -> None:
    well = Facts(
        jobs=[Job(scope="", dead=False, at=NOW)],
        whole={"": NOW},
        vaults=[VaultFacts(name="one", fault="", declared=True, refused=True), VaultFacts(name="two")],
    )
    assert keys(well) == []


def test_a_dead_job_stands_until_a_whole_backup_of_its_scope_or_of_everything_is_there() -> None:
    of_shop = Job(scope="7", dead=True, at=NOW)
    assert keys(Facts(jobs=[DEAD, of_shop], whole={"": NOW - HOUR})) == [("failed", ""), ("failed", "7")]
    assert keys(Facts(jobs=[DEAD, of_shop], whole={"7": NOW + HOUR})) == [("failed", "")]
    assert keys(Facts(jobs=[DEAD, of_shop], whole={"": NOW + HOUR})) == []


def test_a_dead_job_that_the_ledger_has_forgotten_is_not_mended_by_that() -> None:
    [alarm] = judge(Facts(jobs=[DEAD]), ())
    opened = (Open(alarm=alarm, opened_at=NOW),)
    assert judge(Facts(whole={"": NOW - HOUR}), opened) == (alarm,)
    assert judge(Facts(whole={"": NOW + HOUR}), opened) == ()


def test_nobody_waits_for_a_backup_of_a_shop_that_is_gone() -> None:
    of_shop = Open(alarm=Alarm(kind=Kind.FAILED, subject="7", figures={}), opened_at=NOW)
    assert keys(Facts(names={"7": "negin"}), (of_shop,)) == [("failed", "7")]
    assert keys(Facts(), (of_shop,)) == []


def test_what_the_newest_backup_lacks_is_one_alarm_that_names_it() -> None:
    lines = ["negin: it cannot be read: permission denied", "files.media: /srv/media is empty"]
    [alarm] = judge(Facts(left_out=LeftOut(backup="b-1", lines=lines)), ())
    assert alarm.key == (Kind.LEFT_OUT, "")
    assert alarm.figures["lacks"] == ["negin", "files.media"]
    told = letter([Told(id=1, what=News.BEGUN, alarm=alarm, opened_at=NOW)], to=("a@example.ir",), now=NOW)
    assert "negin، files.media" in told.text
    assert "permission denied" in told.text
    assert keys(Facts(), (Open(alarm=alarm, opened_at=NOW),)) == []


def test_a_restore_that_was_cut_off_is_an_alarm_with_the_command_that_settles_it_until_it_is_settled() -> None:
    [alarm] = judge(Facts(cut_off=[CutOff(shop=7, name="negin", at=NOW, closed=True)]), ())
    assert alarm.key == (Kind.UPKEEP, "restore/7")
    told = letter([Told(id=1, what=News.BEGUN, alarm=alarm, opened_at=NOW)], to=("a@example.ir",), now=NOW)
    assert "بازگرداندن فروشگاهی ناتمام ماند" in told.subject
    assert "zargar restore undo negin" in told.text
    assert "the shop is closed" in told.text
    assert "--state dead" not in told.text
    opened = (Open(alarm=alarm, opened_at=NOW),)
    assert judge(Facts(), opened) == ()
    dead = Alarm(kind=Kind.UPKEEP, subject="clean-up", figures={})
    assert judge(Facts(), (*opened, Open(alarm=dead, opened_at=NOW))) == (dead,)


@pytest.mark.parametrize(
    "vault",
    [
        VaultFacts(name="two", lacking=1, since=NOW, words="vault two: 403 cap_exceeded"),
        VaultFacts(name="two", fault="vault two: no answer"),
    ],
    ids=["lacks a backup", "did not do as it was asked"],
)
def test_a_vault_that_lacks_or_fails_is_one_alarm(vault: VaultFacts) -> None:
    [alarm] = judge(Facts(vaults=[VaultFacts(name="one", fault=""), vault]), ())
    assert (alarm.kind, alarm.subject) == (Kind.VAULT, "two")
    assert str(alarm.figures["words"]).startswith("vault two")


@pytest.mark.parametrize(
    ("declared", "refused", "alarms"),
    [(True, False, [("unlocked", "b2")]), (True, True, []), (True, None, []), (False, False, [])],
)
def test_a_lock_is_alarmed_about_only_where_one_is_declared_and_deleting_was_not_refused(
    *, declared: bool, refused: bool | None, alarms: list[tuple[str, str]]
) -> None:
    assert keys(Facts(vaults=[VaultFacts(name="b2", fault="", declared=declared, refused=refused)])) == alarms


def test_damage_red_drills_and_shops_that_are_behind_each_have_their_alarm() -> None:
    facts = Facts(
        damages=[Damage(vault="one", backup="b", words="other bytes")],
        reds=[Red(vault="one", holds="7", name="negin", at=NOW, words="table payment: 3 rows, not 4")],
        behind=[Behind(holds="7", name="negin", proven={"one": NOW, "two": None})],
    )
    assert keys(facts) == [("behind", "7"), ("damaged", "one/b"), ("drill_red", "one/7")]


SUBJECTS = st.sets(st.sampled_from(["one", "two", "three"]))


@given(st.lists(SUBJECTS, max_size=8))
def test_whatever_comes_and_goes_what_is_open_is_what_stands_and_each_episode_begins_and_ends_once(
    looks: list[set[str]],
) -> None:
    opened: dict[str, Open] = {}
    begun = ended = 0
    for subjects in looks:
        standing = [Alarm(kind=Kind.VAULT, subject=name, figures={"vault": name}) for name in sorted(subjects)]
        changed = change(list(opened.values()), standing)
        begun, ended = begun + len(changed.opened), ended + len(changed.closed)
        opened |= {alarm.subject: Open(alarm=alarm, opened_at=NOW) for alarm in changed.opened}
        opened = {name: one for name, one in opened.items() if one.alarm.key not in changed.closed}
        assert set(opened) == subjects
        assert changed.renewed == ()
    assert begun - ended == len(opened)


def test_figures_that_change_renew_the_alarm_and_begin_nothing() -> None:
    before = Alarm(kind=Kind.VAULT, subject="one", figures={"lacking": 1})
    after = Alarm(kind=Kind.VAULT, subject="one", figures={"lacking": 2})
    changed = change([Open(alarm=before, opened_at=NOW)], [after])
    assert (changed.opened, changed.renewed, changed.closed) == ((), (after,), ())


@pytest.mark.parametrize(
    ("told", "closed", "over_told", "expected"),
    [
        (None, None, None, News.BEGUN),
        (-HOUR, None, None, None),
        (-REMIND, None, None, News.STILL),
        (-HOUR, -HOUR, None, News.OVER),
        (None, -HOUR, None, News.OVER),
        (-HOUR, -HOUR, -HOUR, None),
        (-HOUR, -OLD_NEWS, None, None),
    ],
)
def test_news_is_told_once_and_brought_to_mind_once_a_day(
    told: timedelta | None, closed: timedelta | None, over_told: timedelta | None, expected: News | None
) -> None:
    def at(span: timedelta | None) -> datetime | None:
        return None if span is None else NOW + span

    assert news(told_at=at(told), closed_at=at(closed), over_told_at=at(over_told), now=NOW) is expected


def told(number: int, what: News = News.BEGUN) -> Told:
    alarm = Alarm(kind=Kind.BEHIND, subject=str(number), figures={"shop": f"shop{number}", "proven": {"one": None}})
    over = NOW if what is News.OVER else None
    return Told(id=number, what=what, alarm=alarm, opened_at=NOW - 3 * HOUR, closed_at=over)


def test_one_letter_tells_of_all_and_counts_what_it_does_not_list() -> None:
    sent = letter([told(number) for number in range(MOST + 3)], to=("op@shop.example",), now=NOW)
    assert "۲۳ هشدار تازه" in sent.subject
    assert "و ۳ خبر دیگر" in sent.text
    assert sent.text.count("shop") == MOST
    assert "هرگز" in sent.text


def test_the_same_news_have_the_same_key_and_others_another() -> None:
    def key(*which: Told, now: datetime = NOW) -> str:
        return letter(which, to=("op@shop.example",), now=now).key

    assert key(told(1), told(2)) == key(told(2), told(1), now=NOW + HOUR)
    assert len({key(told(1)), key(told(1, News.STILL)), key(told(1, News.OVER)), key(told(2))}) == 4
    assert key(told(1, News.STILL)) != key(told(1, News.STILL), now=NOW + REMIND)


def test_what_a_vault_said_cannot_become_markup_and_an_end_says_how_long_it_stood() -> None:
    alarm = Alarm(kind=Kind.VAULT, subject="one", figures={"vault": "one", "lacking": 2, "words": "<b>no</b>"})
    over = Told(id=1, what=News.OVER, alarm=alarm, opened_at=NOW - 3 * HOUR, closed_at=NOW)
    sent = letter([over], to=("op@shop.example",), now=NOW)
    assert "<b>no</b>" not in sent.html
    assert "رفع شد" in sent.subject
    assert "۳ ساعت" in sent.text
