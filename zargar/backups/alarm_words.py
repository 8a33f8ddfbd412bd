"""Alarms about backups in Persian: what, since when, the figures, and the command that shows more. Pure but templates.

Days are Jalali, times Tehran's, digits Persian. Names of vaults and shops, and what a vault said, stay as they are,
marked as running from left to right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.template.loader import render_to_string

from zargar import persian
from zargar.backups.alarms import CLEAN_UP, DRILLS, EVERYTHING, RESTORE, Alarm, Kind, News
from zargar.calendars import jalali
from zargar.mail import Brief, Letter
from zargar.outcomes import JSON

NAMES: Final[Mapping[Kind, str]] = {
    Kind.FAILED: "پشتیبان ساخته نشد",
    Kind.VAULT: "مخزنی کار خود را نمی‌کند یا پشتیبانی کم دارد",
    Kind.DAMAGED: "نسخه‌ای از پشتیبان آسیب دیده است",
    Kind.DRILL_RED: "بازیابی آزمایشی درست درنیامد",
    Kind.UNDECIDED: "بازیابی آزمایشی به نتیجه نمی‌رسد",
    Kind.LEFT_OUT: "پشتیبان همه فروشگاه‌ها چیزی کم دارد",
    Kind.BEHIND: "نسخه بازخوانی‌شده تازه‌ای نیست",
    Kind.UPKEEP: "رسیدگی روزانه به پشتیبان‌ها انجام نشد",
    Kind.UNLOCKED: "قفل مخزن جلوی حذف را نمی‌گیرد",
}
"""What each kind is called: by letters and by the console."""

COMMANDS: Final[Mapping[Kind, str]] = {
    Kind.FAILED: "zargar runs list --state dead",
    Kind.VAULT: "zargar backups vaults",
    Kind.DAMAGED: "zargar backups list",
    Kind.DRILL_RED: "zargar backups list",
    Kind.UNDECIDED: "zargar backups drill --due",
    Kind.LEFT_OUT: "zargar backups list",
    Kind.BEHIND: "zargar backups report",
    Kind.UPKEEP: "zargar runs list --state dead",
    Kind.UNLOCKED: "zargar backups vaults",
}

MOST: Final = 20
"""Alarms of a letter that are told in full; how many more there are is said."""

_PREFIX: Final[Mapping[News, str]] = {News.BEGUN: "هشدار", News.STILL: "هنوز برپاست", News.OVER: "رفع شد"}
_NEVER: Final = "هرگز"
_MOST_WORDS: Final = 600
_UPKEEP: Final[Mapping[str, str]] = {
    CLEAN_UP: "بازخوانی و پاک‌سازی", DRILLS: "بازیابی آزمایشی", RESTORE: "بازگرداندن فروشگاه به جای خودش",
}  # fmt: skip
_CUT_OFF: Final = "بازگرداندن فروشگاهی ناتمام ماند"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of one alarm: `id` of its row, when it began, when it was over (None: it stands)."""

    id: int
    what: News
    alarm: Alarm
    opened_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure with its name; `ltr` marks what is not Persian."""

    name: str
    value: str
    ltr: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alarm in words."""

    title: str
    sentence: str
    lines: tuple[Line, ...]
    command: str
    over: bool


def letter(told: Sequence[Told], *, to: tuple[str, ...], now: datetime) -> Letter:
    """Return one letter that tells of several alarms, those that begin first; the same news have the same key."""
    ordered = _ordered(told)
    context = {
        "title": _title(ordered),
        "items": [item(one, now=now) for one in ordered[:MOST]],
        "more": persian.number(len(ordered) - MOST) if len(ordered) > MOST else "",
        "critical": any(one.what is not News.OVER for one in ordered),
        "made_at": jalali.write_moment(now),
    }
    return Letter(
        to=to,
        subject=f"زرگر | {context['title']}",
        text=render_to_string("backups/alarms.txt", context),
        html=render_to_string("backups/alarms.html", context),
        key=_key(ordered, now),
    )


def brief(told: Sequence[Told], *, now: datetime) -> Brief:
    """Return what a telephone is told of alarms: how many, and the first of them."""
    ordered = _ordered(told)
    first = item(ordered[0], now=now)
    return Brief(_key(ordered, now), _title(ordered), f"{first.title}، {first.sentence}")


def item(told: Told, *, now: datetime) -> Item:
    """Say one alarm in words."""
    return Item(
        title=f"{_PREFIX[told.what]}: {_name(told.alarm)}",
        sentence=_sentence(told, now=now),
        lines=tuple(line for line in lines(told.alarm) if line.value),
        command="" if told.what is News.OVER else _command(told.alarm),
        over=told.what is News.OVER,
    )


def lines(alarm: Alarm) -> Iterator[Line]:
    """Give the figures of an alarm for people, in the order in which they are read."""
    figures = alarm.figures
    if alarm.kind is Kind.FAILED:
        yield Line(name="پشتیبانِ", value="همه فروشگاه‌ها" if alarm.subject == EVERYTHING else "یک فروشگاه")
    yield Line(name="کار", value=_UPKEEP.get(_text(figures.get("upkeep")), ""))
    yield Line(name="فروشگاه", value=_text(figures.get("shop")), ltr=True)
    yield Line(name="مخزن", value=_text(figures.get("vault")), ltr=True)
    lacks = figures.get("lacks")
    yield Line(name="در آن نیست", value="، ".join(map(str, lacks)) if isinstance(lacks, list) else "", ltr=True)
    yield Line(name="شمار آنچه در آن نیست", value=_count(figures.get("lacking_in_it")))
    yield Line(name="پشتیبان", value=_text(figures.get("backup")), ltr=True)
    yield Line(name="پشتیبان‌هایی که کم دارد", value=_count(figures.get("lacking")))
    yield Line(name="قدیمی‌ترین آن‌ها از", value=_moment(figures.get("since")))
    yield Line(name="زمان", value=_moment(figures.get("at")))
    proven = figures.get("proven")
    for vault, moment in (proven if isinstance(proven, dict) else {}).items():
        yield Line(name=f"آخرین نسخه بازخوانی‌شده در {vault}", value=_moment(moment) or _NEVER)
    yield Line(name="شرح", value=_text(figures.get("words"))[:_MOST_WORDS], ltr=True)


def _is_cut_off(alarm: Alarm) -> bool:
    return alarm.figures.get("upkeep") == RESTORE


def _name(alarm: Alarm) -> str:
    return _CUT_OFF if _is_cut_off(alarm) else NAMES[alarm.kind]


def _command(alarm: Alarm) -> str:
    return f"zargar restore undo {_text(alarm.figures.get('shop'))}" if _is_cut_off(alarm) else COMMANDS[alarm.kind]


def _ordered(told: Sequence[Told]) -> list[Told]:
    return sorted(told, key=lambda one: ([*News].index(one.what), one.opened_at, one.id))


def _key(ordered: Sequence[Told], now: datetime) -> str:
    return f"backup alarms {' '.join(f'{one.id}:{one.what.value}:{_day(one, now)}' for one in ordered)}"


def _title(told: Sequence[Told]) -> str:
    if len(told) == 1:
        return f"{_PREFIX[told[0].what]}: {_name(told[0].alarm)}"
    begun = sum(one.what is News.BEGUN for one in told)
    over = sum(one.what is News.OVER for one in told)
    still = len(told) - begun - over
    counted = ((begun, "هشدار تازه"), (still, "هشدار برپا"), (over, "هشدار رفع‌شده"))
    return f"پشتیبان‌ها: {'، '.join(f'{persian.number(count)} {word}' for count, word in counted if count)}"


def _sentence(told: Told, *, now: datetime) -> str:
    since = jalali.write_moment(told.opened_at)
    if told.what is News.OVER and told.closed_at is not None:
        lasted = persian.span(told.closed_at - told.opened_at)
        return f"از {since} برپا بود و پس از {lasted} برطرف شد. آنچه در زمان هشدار دیده شد:"
    still = f" ({persian.span(now - told.opened_at)})" if told.what is News.STILL else ""
    return f"از {since}{still}."


def _day(told: Told, now: datetime) -> str:
    """What tells one reminder from the next; a beginning and an end happen once."""
    return now.date().isoformat() if told.what is News.STILL else ""


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _count(value: JSON) -> str:
    return persian.number(value) if isinstance(value, int) and value else ""


def _moment(value: JSON) -> str:
    return jalali.write_moment(datetime.fromisoformat(value)) if isinstance(value, str) else ""
