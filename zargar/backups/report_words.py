"""A report on backups in Persian: its title, one sentence that says it, what is to worry at, and small tables. Pure.

Days are Jalali, times Tehran's, digits Persian. Names of vaults and shops, and what a vault said, stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from zargar import persian
from zargar.backups.exclusions import name
from zargar.backups.reports import STALE_AFTER, Body, Period, ShopStanding, Worry
from zargar.calendars import jalali
from zargar.clock import TEHRAN

TITLES: Final = {Period.DAILY: "گزارش روزانه پشتیبان‌ها", Period.WEEKLY: "گزارش هفتگی پشتیبان‌ها"}
KINDS: Final = {"daily": "روزانه", "weekly": "هفتگی", "shop": "یک فروشگاه", "snapshot": "پیش از تغییر"}
STATES: Final = {
    "running": "در حال ساخت", "failed": "ناکام", "degraded": "با کاستی", "complete": "کامل",
    "missing": "ندارد", "damaged": "آسیب‌دیده",
}  # fmt: skip
NEVER: Final = "هرگز"
SPECIAL: Final = {"shared": "داده‌های مشترک", "roles": "نقش‌های پایگاه داده"}
"""What packs that belong to no shop are called."""

MOST_SHOPS: Final = 20
"""Shops that are listed, those first whose last proven copy is oldest; how many more there are is said."""

_UNITS: Final = ("بایت", "کیلوبایت", "مگابایت", "گیگابایت", "ترابایت")
_STEP: Final = 1000
_MOST_NAMES: Final = 5

_WORRIES: Final = {
    Worry.NO_VAULT: "هیچ مخزنی تعیین نشده است",
    Worry.NOTHING_WHOLE: "در این دوره هیچ پشتیبانی از همه فروشگاه‌ها ساخته نشد",
    Worry.FAILED: "پشتیبان‌های ناکام",
    Worry.DEGRADED: "پشتیبان‌هایی که در همه مخزن‌ها نیستند یا چیزی کم دارند",
    Worry.LEFT_OUT: "آنچه در پشتیبان‌های این دوره جا مانده است",
    Worry.LACKING: "مخزن‌هایی که چیزی کم دارند یا آسیب دیده‌اند",
    Worry.SHOPS_WITHOUT: "فروشگاه‌هایی که هیچ پشتیبانی ندارند",
    Worry.UNPROVEN: f"فروشگاه‌هایی که در {persian.span(STALE_AFTER)} گذشته نسخه بازخوانی‌شده‌ای در هر مخزن ندارند",
    Worry.UNDRILLED: "فروشگاه‌هایی که در مهلت مقرر از هر مخزن بازگردانده و آزموده نشده‌اند",
}
_WITHOUT_NAMES: Final = {Worry.NO_VAULT, Worry.NOTHING_WHOLE}


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
    foot: str


def story(body: Body) -> Story:
    """Say a report in Persian."""
    return Story(
        title=title(body),
        lead=_lead(body),
        notes=tuple(_notes(body)),
        tables=tuple(table for table in _tables(body) if table.rows),
        foot=f"ساعت‌ها به وقت تهران است. این گزارش در {_moment(body['made_at'])} ساخته شد.",
    )


def title(body: Body) -> str:
    """Name the report of a period by its last day, or by its first and last."""
    last = datetime.fromisoformat(body["until"]).astimezone(TEHRAN).date()
    days = jalali.write_long(last)
    if body["period"] == Period.WEEKLY:
        days = f"{jalali.write_long(datetime.fromisoformat(body['since']).astimezone(TEHRAN).date())} تا {days}"
    return f"{TITLES[Period(body['period'])]}، {days}"


def plain_text(told: Story) -> str:
    """Write a story as text without markup."""
    lines = [told.title, "", told.lead, *told.notes]
    for table in told.tables:
        lines += ["", f"{table.heading} ({'، '.join(table.head)})"]
        lines += [f"- {'، '.join(row)}" for row in table.rows]
    return "\n".join([*lines, "", told.foot, ""])


def size(stored: int) -> str:
    """Write a number of bytes in its largest unit, to a tenth: `۱٫۲ مگابایت`."""
    value, unit = Decimal(stored), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    shown = value.quantize(Decimal("0.1"))
    return f"{persian.number(int(shown) if shown == int(shown) else shown)} {_UNITS[unit]}"


def took(began_at: str, ended_at: str | None) -> str:
    """Say how long a backup took, of two moments as a report has them."""
    if ended_at is None:
        return "تمام نشده"
    return persian.span(datetime.fromisoformat(ended_at) - datetime.fromisoformat(began_at))


def _lead(body: Body) -> str:
    whole = sum(one["state"] in {"complete", "degraded"} for one in body["made"])
    verdict = "نیاز به رسیدگی هست" if body["worries"] else "همه چیز سر جای خود است"
    return f"{verdict}: {persian.number(whole)} پشتیبان ساخته شد.{_growth(body)}"


def _growth(body: Body) -> str:
    newest, before = body["sizes"]["newest"], body["sizes"]["week_before"]
    if newest is None:
        return ""
    told = f" آخرین پشتیبان همه فروشگاه‌ها {size(newest)} است"
    if before is None:
        return f"{told} و از هفته پیش پشتیبانی نیست که با آن سنجیده شود."
    if newest == before:
        return f"{told}، درست به اندازه هفته پیش."
    return f"{told}، {size(abs(newest - before))} {'بیشتر' if newest > before else 'کمتر'} از هفته پیش."


def _notes(body: Body) -> Iterator[str]:
    for worry, about in body["worries"].items():
        words = _WORRIES[Worry(worry)]
        if Worry(worry) in _WITHOUT_NAMES:
            yield f"{words}."
            continue
        more = f" و {persian.number(len(about) - _MOST_NAMES)} دیگر" if len(about) > _MOST_NAMES else ""
        yield f"{words} ({persian.number(len(about))}): {'، '.join(about[:_MOST_NAMES])}{more}"


def _tables(body: Body) -> Iterator[Table]:
    yield _made(body)
    yield Table(
        "آنچه در پشتیبان‌ها نیست",
        ("آغاز پشتیبان", "چه", "چرا"),
        tuple(
            (_moment(one["began_at"]), SPECIAL.get(name(line), name(line)), line.partition(": ")[2])
            for one in body["made"]
            for line in one.get("excluded", [])[:MOST_SHOPS]
        ),
    )
    yield _vaults(body)
    yield Table(
        "آنچه مخزن‌ها کم دارند",
        ("مخزن", "پشتیبان", "از", "وضع", "دلیل"),
        tuple(
            (vault["vault"], one["backup"], _moment(one["began_at"]), _word(one["state"]), one["detail"])
            for vault in body["vaults"]
            for one in vault["lacking"]
        ),
    )
    yield from _shops(body)


def _made(body: Body) -> Table:
    return Table(
        "پشتیبان‌های این دوره",
        ("آغاز", "مدت", "گونه", "وضع", "اندازه", "دلیل"),
        tuple(
            (
                _moment(one["began_at"]),
                took(one["began_at"], one["ended_at"]),
                KINDS.get(one["kind"], one["kind"]),
                _word(one["state"]),
                size(one["stored_bytes"]),
                one["fault"],
            )
            for one in body["made"]
        ),
    )


def _vaults(body: Body) -> Table:
    return Table(
        "مخزن‌ها",
        ("مخزن", "نسخه‌ها", "اندازه", "هنوز بازخوانی‌نشده", "در انتظار حذف"),
        tuple(
            (
                one["vault"] if one["configured"] else f"{one['vault']} (دیگر تعیین نشده)",
                persian.number(one["copies"]),
                size(one["stored_bytes"]),
                persian.number(one["unread"]),
                f"{persian.number(one['waiting'])} ({size(one['waiting_bytes'])})" if one["waiting"] else "۰",
            )
            for one in body["vaults"]
        ),
    )


def _shops(body: Body) -> Iterator[Table]:
    """Two ages by vault: of the last copy that was read back, and since the last proven restore."""
    names = [one["vault"] for one in body["vaults"]]
    now = datetime.fromisoformat(body["made_at"])
    for heading, figure in (("سن آخرین نسخه بازخوانی‌شده", _copies), ("زمان از آخرین بازگردانی آزموده", _restores)):
        ranked = sorted(body["shops"], key=lambda shop: _oldest(shop, figure(shop)))
        left = len(ranked) - MOST_SHOPS
        more = f"، {persian.number(left)} فروشگاه دیگر تازه‌ترند" if left > 0 else ""
        yield Table(
            f"{heading}{more}",
            ("فروشگاه", *names),
            tuple(
                (SPECIAL.get(one["holds"], one["name"]), *(_age(figure(one).get(vault), now) for vault in names))
                for one in ranked[:MOST_SHOPS]
            ),
        )


def _copies(shop: ShopStanding) -> dict[str, str | None]:
    return shop["proven"]


def _restores(shop: ShopStanding) -> dict[str, str | None]:
    return shop["restored"]


def _oldest(shop: ShopStanding, moments: dict[str, str | None]) -> tuple[str, str]:
    """Sort key: never proven somewhere comes first, then the oldest (ISO moments in UTC sort as text)."""
    return min((moment or "" for moment in moments.values()), default=""), shop["name"]


def _age(moment: str | None, now: datetime) -> str:
    return NEVER if moment is None else persian.span(max(now - datetime.fromisoformat(moment), timedelta()))


def _word(state: str) -> str:
    return STATES.get(state, state)


def _moment(text: str) -> str:
    return jalali.write_moment(datetime.fromisoformat(text))
