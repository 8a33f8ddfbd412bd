"""What a price board has been worth lately: how often it gave a price when asked, and how often that was used. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from zargar.monitoring.families import Grade, Metric, Record, line
from zargar.outcomes import Summary

WINDOW: Final = timedelta(hours=24)
DEGRADED_BELOW: Final = Decimal(95)
"""Per cent. A public board that fails once in twenty times is as good as they come; see reference of boards."""

FAILING_BELOW: Final = Decimal(50)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What the stored quotes say of one board over a window.

    Attributes:
        asked: ticks in which its price was wanted: it was asked, or left alone for its failures.
        priced: those in which it gave the price of a gram of 750, whatever the judge made of it.
        used: those in which that price carried the decision or could have.
        silent_since: the oldest tick since which it gave no price at all; None when it gave one in the newest.
        why: the newest reason for which something of it was refused; empty when there was none.
    """

    asked: int = 0
    priced: int = 0
    used: int = 0
    silent_since: datetime | None = None
    why: str = ""

    @property
    def rate(self) -> Decimal | None:
        """Per cent of the askings that gave a price, to a tenth and never rounded up; None when it was not asked."""
        if not self.asked:
            return None
        return (Decimal(100 * self.priced) / self.asked).quantize(Decimal("0.1"), ROUND_FLOOR)


def judge(record: SourceRecord) -> Grade:
    """Judge a board by how often it gave a price; one that was not asked is not known."""
    if record.rate is None:
        return Grade.IDLE
    if record.rate < FAILING_BELOW:
        return Grade.FAILING
    return Grade.DEGRADED if record.rate < DEGRADED_BELOW else Grade.OK


def overall(records: Mapping[str, SourceRecord]) -> str | None:
    """Return the mission's line for all sources together: of all askings, how many gave a price; None without any."""
    priced, asked = sum(one.priced for one in records.values()), sum(one.asked for one in records.values())
    return line(Metric("gold_price_sources", ()), Record(successful=priced, failed=asked - priced))


def each(records: Mapping[str, SourceRecord]) -> Iterator[str]:
    """Yield the mission's line for every source that was asked, by its name."""
    for name, one in sorted(records.items()):
        said = line(
            Metric(f"gold_price_source.{name}", ()), Record(successful=one.priced, failed=one.asked - one.priced)
        )
        if said is not None:
            yield said


def as_json(record: SourceRecord) -> Summary:
    """Say it in JSON: the rate in per cent as a string, null when the board was not asked."""
    return {
        "grade": judge(record).value,
        "success_rate": None if record.rate is None else str(record.rate),
        "asked": record.asked,
        "priced": record.priced,
        "used": record.used,
        "silent_since": record.silent_since.isoformat() if record.silent_since else None,
        "why": record.why,
    }
