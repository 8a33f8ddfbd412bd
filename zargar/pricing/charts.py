"""The picture of a report: the last price of each bar as a line between its extremes, in Persian, as PNG.

Where there is no bar there is no line: a night, and a gap, break it; hours in which the market was open and nothing was
accepted are shaded as well. Days that were back-filled are dashed. Time runs from left to right, as it does in every
chart of the trade, Persian ones too; its ticks are Jalali days and Tehran's hours.

matplotlib is loaded when something is drawn: a worker that draws nothing does not carry it. Its object interface is
used alone, since `pyplot` keeps every figure it ever made. It shapes Persian text itself (3.11 and later).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from zargar import persian
from zargar.calendars import jalali
from zargar.clock import TEHRAN
from zargar.pricing.bars import Bar, Gap, Period, Provenance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE: Final = (9.0, 4.0)
"""Inches, at `DOTS` an inch."""

DOTS: Final = 110
GOLD: Final = "#8a6508"
BAND: Final = "#b8860b"
SHADE: Final = "#a8201a"
QUIET: Final = "#6b6558"
MOST_LABELS: Final = 8
_FIRST_STEP_HOURS: Final = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336)


def draw(bars: Sequence[Bar], *, gaps: Sequence[Gap], since: datetime, until: datetime) -> bytes | None:
    """Draw bars of one period, in order of time, over [since, until); None when there is none."""
    if not bars:
        return None
    from matplotlib.figure import Figure  # noqa: PLC0415 -- see above

    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for run in _runs(bars):
        _line(axes, run)
    for gap in gaps:
        axes.axvspan(_x(gap.start), _x(gap.end), color=SHADE, alpha=0.10, linewidth=0)
    _label(axes, bars, since=since, until=until)
    axes.set_xlabel("؛ ".join(_legend(bars, gaps)), color=QUIET, fontsize=9)
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _runs(bars: Sequence[Bar]) -> Iterator[list[Bar]]:
    """Split where a span has no bar, and where the origin of the bars changes."""
    run = [bars[0]]
    for before, bar in pairwise(bars):
        if bar.start != before.end or bar.provenance is not before.provenance:
            yield run
            run = []
        run.append(bar)
    yield run


def _line(axes: "Axes", run: Sequence[Bar]) -> None:
    where = [_x(bar.start + (bar.end - bar.start) / 2) for bar in run]
    own = run[0].provenance is Provenance.TICKS
    axes.fill_between(
        where, [float(bar.low) for bar in run], [float(bar.high) for bar in run], color=BAND, alpha=0.22, linewidth=0
    )
    axes.plot(
        where, [float(bar.close) for bar in run], color=GOLD, linewidth=1.8, marker="o", markersize=3,
        linestyle="-" if own else "--", markerfacecolor=GOLD if own else "white",
    )  # fmt: skip


def _label(axes: "Axes", bars: Sequence[Bar], *, since: datetime, until: datetime) -> None:
    axes.set_xlim(_x(since), _x(until))
    ticks = _ticks(since, until, days_only=bars[0].period is not Period.HOUR)
    by_hour = ticks[1] - ticks[0] < timedelta(days=1) if len(ticks) > 1 else True
    axes.set_xticks([_x(moment) for moment in ticks], [_moment(moment, by_hour=by_hour) for moment in ticks])
    axes.yaxis.set_major_formatter(lambda value, _: persian.toman(round(value)))
    axes.set_title("قیمت هر گرم طلای ۷۵۰ (تومان)", color=QUIET, fontsize=11)
    axes.tick_params(colors=QUIET, labelsize=9)
    axes.grid(visible=True, axis="y", color="#e4dfd3", linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _legend(bars: Sequence[Bar], gaps: Sequence[Gap]) -> Iterator[str]:
    yield "خط: آخرین قیمت؛ نوار: از کمترین تا بیشترین"
    if any(bar.provenance is not Provenance.TICKS for bar in bars):
        yield "خط‌چین: از تاریخچه TGJU"
    if gaps:
        yield "سایه: بازار باز بود و قیمتی پذیرفته نشد"


def _ticks(since: datetime, until: datetime, *, days_only: bool) -> list[datetime]:
    """Choose moments to name: full hours or midnights of Tehran, at most `MOST_LABELS`."""
    steps = [timedelta(hours=hours) for hours in _FIRST_STEP_HOURS if hours >= 24 or not days_only]  # noqa: PLR2004 -- a day
    step = next((step for step in steps if (until - since) / step <= MOST_LABELS), steps[-1])
    first = since.astimezone(TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((until - first) / step) + 1
    return [moment for n in range(count) if since <= (moment := first + n * step) < until]


def _moment(moment: datetime, *, by_hour: bool) -> str:
    local = moment.astimezone(TEHRAN)
    return persian.digits(f"{local:%H:%M}") if by_hour else jalali.write_date(local.date())


def _x(moment: datetime) -> float:
    return moment.timestamp()
