"""A report in Persian: what it is called, one sentence that says it, and its figures as small tables. Pure.

The same words go into the letter, its plain text and the console's page, which only place them. Amounts are whole
Toman; days are Jalali and times of day Tehran's. Ids of ticks are shown as they are stored, in Persian digits too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import jdatetime

from zargar import persian
from zargar.calendars import jalali
from zargar.clock import TEHRAN
from zargar.persian import UNKNOWN
from zargar.pricing.periods import Kind, Span
from zargar.pricing.quotes import plain
from zargar.pricing.reports import AskedGap, Change, Prices, Report, SourceFacts
from zargar.pricing.trends import Trend, Volatility

Words: TypeAlias = Callable[[str], str]
"""Turns a stored reason (`zargar.pricing.quotes.Why`) into Persian."""

KINDS: Final = {Kind.DAILY: "گزارش روزانه", Kind.WEEKLY: "گزارش هفتگی", Kind.MONTHLY: "گزارش ماهانه"}
STATES: Final = {"held": "نگه داشته", "stale": "کهنه"}
NO_HISTORY: Final = "پیشینه به آن‌جا نمی‌رسد"
MOST_GAPS: Final = 12
"""Gaps that are listed; how many more there are is said."""

_ARROWS: Final = {True: "افزایش", False: "کاهش"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its heading, the heads of its columns, and its rows. Every cell is text as it is shown."""

    heading: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A whole report in words."""

    title: str
    lead: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def story(report: Report, *, words: Words) -> Story:
    """Say a report in Persian."""
    return Story(
        title=title(report.span),
        lead=_lead(report),
        notes=tuple(_notes(report)),
        tables=tuple(table for table in _tables(report, words) if table.rows),
    )


def plain_text(told: Story) -> str:
    """Write a story as text without markup, for readers of mail that show none."""
    lines = [told.title, "", told.lead, *told.notes]
    for table in told.tables:
        lines += ["", f"{table.heading} ({'، '.join(table.head)})"]
        lines += [f"- {'، '.join(row)}" for row in table.rows]
    return "\n".join([*lines, ""])


def title(span: Span) -> str:
    """Name the report of a period."""
    return f"{KINDS[span.kind]} قیمت طلا، {period(span)}"


def period(span: Span) -> str:
    """Name a period: a day, the days of a week, or a month."""
    match span.kind:
        case Kind.DAILY:
            return jalali.write_long(span.first_day)
        case Kind.WEEKLY:
            return f"{jalali.write_long(span.first_day)} تا {jalali.write_long(span.last_day)}"
        case Kind.MONTHLY:
            first = jdatetime.date.fromgregorian(date=span.first_day)
            return persian.digits(f"{jalali.MONTHS[first.month - 1]} {first.year}")


def per_mille(value: Decimal) -> str:
    """Write a change in per cent, with its direction as a word: per mille is not how people speak of prices."""
    if not value:
        return "بدون تغییر"
    return f"{_per_cent(abs(value))} {_ARROWS[value > 0]}"


def _lead(report: Report) -> str:
    prices = report.prices
    if prices is None:
        asked = report.facts.asked
        if not asked:
            return "در این دوره از هیچ منبعی پرسیده نشد، پس قیمتی هم در دست نیست."
        return f"در این دوره {persian.number(asked)} بار پرسیده شد و هیچ قیمتی پذیرفته نشد، پس عددی هم گفته نمی‌شود."
    close = f"آخرین قیمت هر گرم طلای ۱۸ عیار (۷۵۰) {persian.toman(prices.close)} تومان بود"
    if report.change is None:
        return f"{close}؛ از دوره پیش از آن قیمتی در دست نیست که با آن سنجیده شود."
    return f"{close}؛ نسبت به پایان دوره پیش: {per_mille(report.change.per_mille)}."


def _notes(report: Report) -> Iterator[str]:
    if not report.over:
        yield f"این دوره هنوز تمام نشده است؛ گزارش تا {jalali.write_moment(report.through)} را دربر دارد."
    prices = report.prices
    if prices and prices.backfilled:
        days = "، ".join(jalali.write_date(day) for day in prices.backfilled)
        yield f"قیمت این روزها را خود سامانه نپرسیده و از تاریخچه TGJU گرفته است: {days}."
    missing = report.facts.asked - report.facts.with_quotes
    if missing:
        yield f"از {persian.number(missing)} دور پرسش، گفته‌های منابع دیگر نگهداری نمی‌شود و در جدول منابع نیست."


def _tables(report: Report, words: Words) -> Iterator[Table]:
    if report.prices:
        yield _prices(report.prices)
        yield Table(
            "پنج عیار در پایان دوره", ("عیار", "تومان هر گرم"),
            tuple((persian.number(karat), persian.toman(price)) for karat, price in report.karats.items()),
        )  # fmt: skip
        yield Table("روند و نوسان", ("چه", "چقدر", "بر چه پایه"), tuple(_movements(report)))
    facts = report.facts
    yield Table(
        "دورهای پرسش", ("پذیرفته", "نگه داشته", "کهنه", "همه"),
        (tuple(map(persian.number, (facts.accepted, facts.held, facts.stale, facts.asked))),),
    )  # fmt: skip
    yield Table(
        "چرا پذیرفته نشد", ("رأی", "بار", "دلیل"),
        tuple((STATES.get(state, state), persian.number(count), reason) for state, reason, count in facts.reasons),
    )  # fmt: skip
    yield Table(
        "منابع", ("منبع", "پرسیده شد", "قیمت داد", "به کار رفت", "چرا رد شد"),
        tuple(_source(one, words) for one in facts.sources),
    )  # fmt: skip
    yield Table("جاهای خالی در ساعت کار بازار", ("از", "تا", "مدت بازار", "دور پرسش"), tuple(_gaps(report.gaps)))


def _prices(prices: Prices) -> Table:
    shown = prices.shown
    named = (
        ("نخستین", prices.open, shown.open if shown else None),
        ("بیشترین", prices.high, shown.high if shown else None),
        ("کمترین", prices.low, shown.low if shown else None),
        ("آخرین", prices.close, shown.close if shown else None),
    )
    return Table(
        "قیمت هر گرم ۷۵۰", ("کدام", "تومان", "شماره دور پرسش"),
        tuple((name, persian.toman(price), persian.digits(tick) if tick else UNKNOWN) for name, price, tick in named),
    )  # fmt: skip


def _movements(report: Report) -> Iterator[tuple[str, str, str]]:
    yield ("تغییر از پایان دوره پیش", *_change(report.change))
    for over, found in report.trends.items():
        yield (f"روند {persian.number(over)} روز", *_trend(found))
    yield ("نوسان روزانه (انحراف معیار بازده لگاریتمی روزانه)", *_volatility(report.volatility))


def _change(change: Change | None) -> tuple[str, str]:
    if change is None:
        return UNKNOWN, NO_HISTORY
    source = _with_source(f"پایان دوره پیش {persian.toman(change.from_close)} تومان", backfilled=change.backfilled)
    return f"{per_mille(change.per_mille)} ({persian.toman(abs(change.toman))} تومان)", source


def _trend(found: Trend | None) -> tuple[str, str]:
    if found is None:
        return UNKNOWN, NO_HISTORY
    base = f"{jalali.write_date(found.base)}: {persian.toman(found.base_close)} تومان"
    return per_mille(found.per_mille), _with_source(base, backfilled=found.backfilled)


def _volatility(found: Volatility | None) -> tuple[str, str]:
    if found is None:
        return UNKNOWN, "شمار روزهای پی‌درپی کافی نیست"
    base = f"{persian.number(found.returns)} روز از {persian.number(found.days)} روز گذشته"
    if found.backfilled:
        base += f"، {persian.number(found.backfilled)} روز از تاریخچه TGJU"
    return _per_cent(found.per_mille), base


def _per_cent(of_mille: Decimal) -> str:
    return f"{persian.number(Decimal(plain(of_mille / 10)))}٪"


def _with_source(base: str, *, backfilled: bool) -> str:
    return f"{base} (از تاریخچه TGJU)" if backfilled else base


def _source(one: SourceFacts, words: Words) -> tuple[str, ...]:
    counts = map(persian.number, (one.asked, one.answered, one.used))
    refused = "، ".join(f"{words(why)} {persian.number(count)} بار" for why, count in one.rejected)
    return (one.source, *counts, refused or "رد نشد")


def _gaps(gaps: tuple[AskedGap, ...]) -> Iterator[tuple[str, ...]]:
    for one in gaps[:MOST_GAPS]:
        asked = f"{persian.number(one.asked)}، هیچ‌یک پذیرفته نشد" if one.asked else "پرسیده نشد"
        yield _minute(one.gap.start), _minute(one.gap.end), _length(one.gap.open_for), asked
    more = gaps[MOST_GAPS:]
    if more:
        total = _length(sum((one.gap.open_for for one in more), timedelta()))
        yield f"و {persian.number(len(more))} جای دیگر", "", total, persian.number(sum(one.asked for one in more))


def _minute(moment: datetime) -> str:
    local = moment.astimezone(TEHRAN)
    return f"{jalali.write_date(local.date())} {persian.digits(f'{local:%H:%M}')}"


def _length(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    parts = [f"{persian.number(hours)} ساعت"] * bool(hours) + [f"{persian.number(rest)} دقیقه"] * bool(rest)
    return " و ".join(parts) or persian.span(span)
