"""Reports on backups, without a database: their periods, what is to worry at, and how they are told in Persian."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from zargar.backups import report_words, reports
from zargar.backups.report_words import plain_text, size, story
from zargar.backups.reports import Body, Lack, MadeBackup, Period, ShopStanding, Sizes, VaultStanding, Worry
from zargar.clock import TEHRAN

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=TEHRAN).astimezone(UTC)


def tehran(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN).astimezone(UTC)


def made(
    state: str = "complete", *, kind: str = "daily", fault: str = "", excluded: tuple[str, ...] = ()
) -> MadeBackup:
    return MadeBackup(
        backup="b-1", kind=kind, state=state, reason="the schedule", began_at=(NOW - timedelta(hours=3)).isoformat(),
        ended_at=NOW.isoformat(), stored_bytes=1_234_567, fault=fault, excluded=[*excluded],
    )  # fmt: skip


def vault(name: str, *lacking: Lack, configured: bool = True) -> VaultStanding:
    return VaultStanding(
        vault=name, configured=configured, copies=2, stored_bytes=2_000_000, unread=1, waiting=1, waiting_bytes=999,
        lacking=list(lacking),
    )  # fmt: skip


def shop(
    name: str, *ages: int | None, copies: int = 3, drilled: tuple[int | None, int | None] = (5, 6)
) -> ShopStanding:
    """A shop whose last proven copies in the vaults one and two are so many hours old, its drills so many hours ago."""
    return ShopStanding(holds=name, name=name, copies=copies, proven=moments(ages), restored=moments(drilled))


def moments(ages: Sequence[int | None]) -> dict[str, str | None]:
    """So many hours ago in the vaults one and two."""
    told = [None if age is None else (NOW - timedelta(hours=age)).isoformat() for age in ages]
    return dict(zip(("one", "two"), told, strict=True))


def report(
    *backups: MadeBackup,
    vaults: tuple[VaultStanding, ...] = (vault("one"), vault("two")),
    shops: tuple[ShopStanding, ...] = (shop("negin", 3, 27),),
    sizes: Sizes = Sizes(newest=1_500_000, week_before=1_200_000),  # noqa: B008 -- nobody changes it
    drills: timedelta | None = None,
) -> Body:
    span = reports.newest(Period.DAILY, now=NOW)
    return reports.compose(span, made=backups, vaults=vaults, shops=shops, sizes=sizes, now=NOW, drills=drills)


@pytest.mark.parametrize(
    ("period", "now", "since", "until"),
    [
        (Period.DAILY, "2026-11-23T06:00", "2026-11-22T06:00", "2026-11-23T06:00"),
        (Period.DAILY, "2026-11-23T05:59", "2026-11-21T06:00", "2026-11-22T06:00"),
        (Period.DAILY, "2026-11-23T23:00", "2026-11-22T06:00", "2026-11-23T06:00"),
        (Period.WEEKLY, "2026-11-23T07:00", "2026-11-16T07:00", "2026-11-23T07:00"),
        (Period.WEEKLY, "2026-11-23T06:59", "2026-11-09T07:00", "2026-11-16T07:00"),
        (Period.WEEKLY, "2026-11-29T12:00", "2026-11-16T07:00", "2026-11-23T07:00"),
    ],
)
def test_a_report_is_about_the_last_period_that_is_over(period: Period, now: str, since: str, until: str) -> None:
    span = reports.newest(period, now=tehran(now))
    assert (span.since, span.until) == (tehran(since), tehran(until))


def test_what_was_missed_is_owed_each_and_only_the_newest_after_a_long_pause() -> None:
    def ends(last: datetime | None) -> list[datetime]:
        return [span.until for span in reports.owed(Period.DAILY, last=last, now=NOW)]

    assert ends(None) == [NOW]
    assert ends(NOW) == []
    assert ends(NOW - timedelta(days=2)) == [NOW - timedelta(days=1), NOW]
    assert ends(NOW - timedelta(days=400)) == [NOW - timedelta(days=days) for days in range(6, -1, -1)]


def test_nothing_is_to_worry_at_where_all_is_well() -> None:
    assert report(made())["worries"] == {}


@pytest.mark.parametrize(
    ("body", "worry", "about"),
    [
        (report(), Worry.NOTHING_WHOLE, ["daily"]),
        (report(made(kind="shop")), Worry.NOTHING_WHOLE, ["daily"]),
        (report(made(), made("failed")), Worry.FAILED, ["b-1"]),
        (report(made("degraded")), Worry.DEGRADED, ["b-1"]),
        (
            report(made(excluded=("negin: it cannot be read", "negin: again", "files.media: gone"))),
            Worry.LEFT_OUT,
            ["negin", "files.media"],
        ),
        (report(made(), vaults=()), Worry.NO_VAULT, ["ZARGAR_VAULTS"]),
        (report(made(), shops=(shop("new", None, None, copies=0),)), Worry.SHOPS_WITHOUT, ["new"]),
        (report(made(), shops=(shop("a", 3, None), shop("b", 3, 4))), Worry.UNPROVEN, ["a"]),
        (report(made(), shops=(shop("a", 3, 24 * 7), shop("b", 3, 24 * 7 + 1))), Worry.UNPROVEN, ["b"]),
        (
            report(
                made(),
                shops=(shop("a", 3, 3, drilled=(4, 8 * 24)), shop("b", 3, 3, drilled=(4, 8 * 24 + 1))),
                drills=timedelta(days=7),
            ),
            Worry.UNDRILLED,
            ["b"],
        ),
        (report(made(), shops=(shop("a", 3, 3, drilled=(4, None)),), drills=timedelta(days=7)), Worry.UNDRILLED, ["a"]),
        (
            report(
                made(), vaults=(vault("one"), vault("two", Lack(backup="b", began_at="", state="missing", detail="")))
            ),
            Worry.LACKING,
            ["two"],
        ),
    ],
)
def test_what_is_wrong_is_to_worry_at_and_nothing_else(body: Body, worry: Worry, about: list[str]) -> None:
    assert body["worries"] == {worry.value: about}


def test_where_nobody_drills_by_himself_no_shop_is_a_worry_for_it() -> None:
    assert report(made(), shops=(shop("a", 3, 3, drilled=(None, None)),))["worries"] == {}


def test_a_vault_that_is_no_longer_configured_makes_no_shop_a_worry() -> None:
    old = vault("two", configured=False)
    assert report(made(), vaults=(vault("one"), old), shops=(shop("a", 3, None),))["worries"] == {}


def test_every_worry_and_state_has_persian_words() -> None:
    assert set(report_words._WORRIES) == set(Worry)  # noqa: SLF001 -- the table is the subject
    assert set(report_words.TITLES) == set(Period)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (0, "۰ بایت"),
        (999, "۹۹۹ بایت"),
        (1_000, "۱ کیلوبایت"),
        (1_234_567, "۱٫۲ مگابایت"),
        (5 * 10**15, "۵٬۰۰۰ ترابایت"),
    ],
)
def test_sizes_are_told_in_their_largest_unit(stored: int, shown: str) -> None:
    assert size(stored) == shown


def test_a_good_day_is_told_in_one_sentence_with_its_growth() -> None:
    told = story(report(made()))
    assert told.title == "گزارش روزانه پشتیبان‌ها، دوشنبه ۲ آذر ۱۴۰۵"
    assert told.lead == (
        "همه چیز سر جای خود است: ۱ پشتیبان ساخته شد."
        " آخرین پشتیبان همه فروشگاه‌ها ۱٫۵ مگابایت است، ۳۰۰ کیلوبایت بیشتر از هفته پیش."
    )
    assert told.notes == ()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (Sizes(newest=None, week_before=None), "ساخته شد."),
        (Sizes(newest=10, week_before=None), "پشتیبانی نیست که با آن سنجیده شود."),
        (Sizes(newest=10, week_before=10), "درست به اندازه هفته پیش."),
        (Sizes(newest=10, week_before=30), "۲۰ بایت کمتر از هفته پیش."),
    ],
)
def test_growth_is_told_where_there_is_something_to_compare(sizes: Sizes, words: str) -> None:
    assert story(report(made(), sizes=sizes)).lead.endswith(words)


def test_a_bad_day_names_what_is_wrong_in_the_letter_s_text() -> None:
    lack = Lack(backup="b-1", began_at=NOW.isoformat(), state="damaged", detail="segment 00003: stored hash differs")
    text = plain_text(
        story(
            report(
                made("failed", fault="one: the disk is full"),
                vaults=(vault("one", lack), vault("two")),
                shops=(shop("fresh", 3, 3), shop("old", 3, 24 * 30), shop("new", None, None, copies=0)),
            )
        )
    )
    assert "نیاز به رسیدگی هست" in text
    assert "فروشگاه‌هایی که هیچ پشتیبانی ندارند (۱): new" in text
    assert "- one، b-1، ۱۴۰۵/۰۹/۰۲ ۰۶:۰۰:۰۰، آسیب‌دیده، segment 00003: stored hash differs" in text
    assert "one: the disk is full" in text
    assert text.index("- new، هرگز، هرگز") < text.index("- old، ۳ ساعت، ۳۰ روز") < text.index("- fresh، ۳ ساعت، ۳ ساعت")


def test_of_many_shops_those_come_first_that_are_worst_off_and_the_others_are_counted() -> None:
    shops = tuple(shop(f"shop{number:03}", number, number) for number in range(100))
    table = next(one for one in story(report(made(), shops=shops)).tables if one.heading.startswith("سن"))
    assert (len(table.rows), table.rows[0][0]) == (20, "shop099")
    assert "۸۰ فروشگاه دیگر" in table.heading


def test_many_names_of_one_worry_are_cut_short_and_counted() -> None:
    shops = tuple(shop(f"s{number}", None, None, copies=0) for number in range(8))
    assert story(report(made(), shops=shops)).notes[0].endswith("(۸): s0، s1، s2، s3، s4 و ۳ دیگر")
