"""The letter that tells of an alert, in Persian: what, since when, the figures, and what to do. Pure but for templates.

Times are Tehran's in the Jalali calendar, amounts whole Toman per gram of 750. What the judge of prices said himself
stays in his own words, marked as running from left to right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.template.loader import render_to_string

from zargar import persian
from zargar.calendars import jalali
from zargar.mail import Brief, Letter
from zargar.outcomes import JSON, Summary
from zargar.pricing.alarms import Kind
from zargar.pricing.alert_changes import NoticeKind

NAMES: Final[Mapping[Kind, str]] = {
    Kind.FAILURE_RATE: "به‌روزرسانی قیمت طلا پیاپی ناکام می‌ماند",
    Kind.SOURCES_POOR: "منابع کمی قیمت طلا می‌دهند",
    Kind.UPDATE_FAILED: "قیمت طلا به‌روز نمی‌شود",
    Kind.JUMP: "قیمت طلا جهش کرد",
    Kind.PRICE_HELD: "قیمت تازه‌ای پذیرفته نمی‌شود",
}

ADVICE: Final[Mapping[Kind, str]] = {
    Kind.FAILURE_RATE: "علت هر اجرا با این دستور دیده می‌شود:",
    Kind.SOURCES_POOR: "حال هر منبع با این دستور دیده می‌شود:",
    Kind.UPDATE_FAILED: "حال سامانه با این دستور دیده می‌شود:",
    Kind.JUMP: "تیک‌ها و دلیل هر قیمت در میز کار دیده می‌شود؛ قیمت کنونی:",
    Kind.PRICE_HELD: "اگر سطح تازه درست است، با این دستور می‌توان قیمت گذاشت:",
}

COMMANDS: Final[Mapping[Kind, str]] = {
    Kind.FAILURE_RATE: "zargar runs list --task update_gold_prices",
    Kind.SOURCES_POOR: "zargar prices sources",
    Kind.UPDATE_FAILED: "zargar status",
    Kind.JUMP: "zargar prices show",
    Kind.PRICE_HELD: "zargar prices override VALUE --until 2h --reason WHY",
}

_PREFIX: Final[Mapping[str, str]] = {
    NoticeKind.OPENED: "هشدار",
    NoticeKind.REMINDER: "یادآوری",
    NoticeKind.RECOVERED: "رفع شد",
}
_STATES: Final = {"held": "نگه داشته شده", "stale": "بدون توافق منابع"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a notice tells: the alert, and the figures of the moment in which the notice was made."""

    notice: int
    what: str
    made_at: datetime
    kind: str
    severity: str
    opened_at: datetime
    closed_at: datetime | None
    figures: Summary


@dataclass(frozen=True, kw_only=True)
class Line:
    """A figure with its name; `ltr` marks what is not Persian."""

    name: str
    value: str
    ltr: bool = False


def letter(told: Told, *, to: tuple[str, ...]) -> Letter:
    """Return the letter of a notice; its key is the notice's, so that sending it again is recognisable."""
    kind = Kind(told.kind)
    title = _title(told)
    context = {
        "title": title,
        "sentence": _sentence(told),
        "lines": lines(kind, told.figures),
        "advice": "" if told.what == NoticeKind.RECOVERED else ADVICE[kind],
        "command": COMMANDS[kind],
        "critical": told.severity == "critical" and told.what != NoticeKind.RECOVERED,
        "made_at": jalali.write_moment(told.made_at),
    }
    return Letter(
        to=to,
        subject=f"زرگر | {title}، {_when(kind)} {jalali.write_moment(told.opened_at)}",
        text=render_to_string("pricing/alert.txt", context),
        html=render_to_string("pricing/alert.html", context),
        key=_key(told),
    )


def brief(told: Told) -> Brief:
    """Return what a telephone is told of a notice."""
    return Brief(_key(told), _title(told), _sentence(told))


def lines(kind: Kind, figures: Summary) -> list[Line]:
    """Return the figures of an alert for people, in the order in which they are read."""
    return [line for line in _LINES[kind](figures) if line.value]


def _key(told: Told) -> str:
    return f"price-alert-notice/{told.notice}/{told.made_at.isoformat()}"


def _title(told: Told) -> str:
    return f"{_PREFIX[told.what]}: {NAMES[Kind(told.kind)]}"


def _when(kind: Kind) -> str:
    return "در" if kind.is_event else "از"


def _sentence(told: Told) -> str:
    name, since = NAMES[Kind(told.kind)], jalali.write_moment(told.opened_at)
    if Kind(told.kind).is_event:
        return f"{name}."
    if told.what == NoticeKind.RECOVERED and told.closed_at is not None:
        lasted = persian.span(told.closed_at - told.opened_at)
        return f"این هشدار از {since} برپا بود و پس از {lasted} برطرف شد. آنچه در زمان هشدار دیده شد:"
    lasted = persian.span(told.made_at - told.opened_at)
    still = f" و هنوز برپاست ({lasted})" if told.what == NoticeKind.REMINDER else ""
    return f"{name}، از {since}{still}."


def _failure_rate(figures: Summary) -> list[Line]:
    return [
        Line(name="درصد کامیابی در یک ساعت", value=_number(figures.get("success_rate"))),
        Line(name="اجراهای انجام‌شده", value=_number(figures.get("successful"))),
        Line(name="اجراهای ناکام", value=_number(figures.get("failed"))),
    ]


def _sources_poor(figures: Summary) -> list[Line]:
    failing = figures.get("failing")
    named = ", ".join(str(one) for one in failing) if isinstance(failing, list) else ""
    return [
        Line(name="خانواده‌های پاسخ‌گو", value=_number(figures.get("families"))),
        Line(name="خانواده‌های لازم برای اطمینان", value=_number(figures.get("needed"))),
        Line(name="کمترین خانواده‌ها برای توافق", value=_number(figures.get("quorum"))),
        Line(name="منابع پرسیده‌شده", value=_number(figures.get("asked"))),
        Line(name="منابع خاموش", value=named, ltr=True),
    ]


def _update_failed(figures: Summary) -> list[Line]:
    dead = "آخرین اجرا مرده است" if figures.get("last_run_dead") else ""
    return [
        Line(name="آخرین پرسش از منابع", value=_moment(figures.get("last_tick"))),
        Line(name="نوبت‌های بی‌پاسخ", value=_number(figures.get("missed_slots"))),
        Line(name="دفتر کارها", value=dead),
        *_accepted(figures),
    ]


def _jump(figures: Summary) -> list[Line]:
    return [
        Line(name="قیمت پیشین (تومان)", value=_toman(figures.get("before"))),
        Line(name="زمان قیمت پیشین", value=_moment(figures.get("before_at"))),
        Line(name="قیمت تازه (تومان)", value=_toman(figures.get("after"))),
        Line(name="زمان قیمت تازه", value=_moment(figures.get("at"))),
        Line(name="تغییر", value=_change(figures.get("per_cent"))),
    ]


def _price_held(figures: Summary) -> list[Line]:
    return [
        Line(name="بدون قیمت پذیرفته از", value=_moment(figures.get("since"))),
        Line(name="به مدت (دقیقه)", value=_number(figures.get("minutes"))),
        Line(name="وضع آخرین تیک", value=_STATES.get(str(figures.get("state")), "")),
        Line(name="قیمت نگه داشته (تومان)", value=_toman(figures.get("candidate"))),
        Line(name="دلیل", value=str(figures.get("reason") or ""), ltr=True),
        *_accepted(figures),
    ]


def _accepted(figures: Summary) -> list[Line]:
    minutes = figures.get("session_minutes")
    age = persian.span(timedelta(minutes=minutes)) if isinstance(minutes, int) else ""
    return [
        Line(name="آخرین قیمت پذیرفته (تومان)", value=_toman(figures.get("last_price"))),
        Line(name="زمان آن", value=_moment(figures.get("last_price_at"))),
        Line(name="عمر آن در ساعت‌های بازار", value=age),
    ]


_LINES: Final[Mapping[Kind, Callable[[Summary], list[Line]]]] = {
    Kind.FAILURE_RATE: _failure_rate,
    Kind.SOURCES_POOR: _sources_poor,
    Kind.UPDATE_FAILED: _update_failed,
    Kind.JUMP: _jump,
    Kind.PRICE_HELD: _price_held,
}


def _number(value: JSON) -> str:
    return "" if value is None else persian.number(Decimal(str(value)))


def _change(value: JSON) -> str:
    """Write a change in words: a minus before Persian digits ends up on either side of them."""
    if value is None:
        return ""
    change = Decimal(str(value))
    return f"{persian.number(abs(change))} درصد {'افزایش' if change > 0 else 'کاهش'}"


def _toman(value: JSON) -> str:
    return "" if value is None else persian.toman(Decimal(str(value)))


def _moment(value: JSON) -> str:
    return "" if value is None else jalali.write_moment(datetime.fromisoformat(str(value)))
