"""What a report on backups says: what was made in its period, what each vault and shop has, what is to worry at.

Pure. A report's period is the 24 hours up to 06:00 or the week up to Monday 07:00, Tehran, when its entry comes. What
was made and what failed is that of the period; how the vaults and shops stand is as it was when the report was made,
since the catalogue keeps no past: one that was made late says so by `made_at`.

Its body is what is stored, printed by `--json` and told in Persian: JSON alone. Moments are ISO 8601 in UTC, sizes in
bytes.

Note [The last proven copy]
---------------------------
For each shop and vault it is the newest backup that holds the shop and whose copy in that vault was good when it was
last read back. Its age is counted from the moment of the shop's snapshot, not from the reading: it says how much would
be lost. The last proven restore is another figure: when a drill last brought the shop back out of that vault. Where
drills are done by themselves, one that is older than their period and a day is to worry at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final, NotRequired, TypedDict

from zargar.backups.exclusions import lacks, names
from zargar.clock import TEHRAN

MOST_OWED: Final = 7
"""Reports of past periods that are made up for after a pause."""

STALE_AFTER: Final = timedelta(days=7)
"""A shop whose last proven copy in a vault is older than this is to worry at."""

WEEK: Final = timedelta(days=7)

_DAY: Final = timedelta(days=1)
_SIX, _SEVEN = timedelta(hours=6), timedelta(hours=7)


class Period(StrEnum):
    """How long a time a report is about."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Worry(StrEnum):
    """What a person should look at."""

    NO_VAULT = "no_vault"
    NOTHING_WHOLE = "nothing_whole"
    FAILED = "failed"
    DEGRADED = "degraded"
    LEFT_OUT = "left_out"
    LACKING = "lacking"
    SHOPS_WITHOUT = "shops_without"
    UNPROVEN = "unproven"
    UNDRILLED = "undrilled"


@dataclass(frozen=True, slots=True)
class Span:
    """[since, until), aware UTC."""

    period: Period
    since: datetime
    until: datetime


class MadeBackup(TypedDict):
    """A backup that was begun in the period. `fault` is in the words of what failed; empty where nothing did.

    `excluded`: what it does not hold, a line each (`exclusions`); reports of earlier versions have none.
    """

    backup: str
    kind: str
    state: str
    reason: str
    began_at: str
    ended_at: str | None
    stored_bytes: int
    fault: str
    excluded: NotRequired[list[str]]


class Lack(TypedDict):
    """A backup that a vault has not, not all of, or damaged."""

    backup: str
    began_at: str
    state: str
    detail: str


class VaultStanding(TypedDict):
    """A vault: what it holds, how much of it nobody has read back, what waits for its grace to end, what it lacks."""

    vault: str
    configured: bool
    copies: int
    stored_bytes: int
    unread: int
    waiting: int
    waiting_bytes: int
    lacking: list[Lack]


class ShopStanding(TypedDict):
    """A shop (or another pack): by vault the moment of its last proven copy, and when it was last proven to come back.

    None where there is none.
    """

    holds: str
    name: str
    copies: int
    proven: dict[str, str | None]
    restored: dict[str, str | None]


class Sizes(TypedDict):
    """Stored bytes of the newest backup of everything, and of the newest from a week before; None: there is none."""

    newest: int | None
    week_before: int | None


class Body(TypedDict):
    """A report."""

    period: str
    since: str
    until: str
    made_at: str
    made: list[MadeBackup]
    vaults: list[VaultStanding]
    shops: list[ShopStanding]
    sizes: Sizes
    worries: dict[str, list[str]]


def newest(period: Period, *, now: datetime) -> Span:
    """Return the newest period that is over: until the last 06:00, or the last Monday 07:00, Tehran."""
    hour = _SIX if period is Period.DAILY else _SEVEN
    local = (now.astimezone(TEHRAN) - hour).replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.WEEKLY:
        local -= _DAY * local.weekday()
    return _span(period, (local + hour).astimezone(now.tzinfo))


def lately(period: Period, *, now: datetime) -> Span:
    """Return the day or week up to now."""
    return _span(period, now)


def owed(period: Period, *, last: datetime | None, now: datetime) -> tuple[Span, ...]:
    """Return the periods to report on, oldest first: those that are over since `last` (the end of the last reported).

    Without `last`, and after a pause of more than `MOST_OWED` periods, only the newest ones.
    """
    spans = _backwards(newest(period, now=now))
    if last is None:
        return (next(spans),)
    return tuple(reversed(list(takewhile(lambda span: span.until > last, spans))[:MOST_OWED]))


def compose(
    span: Span,
    *,
    made: Sequence[MadeBackup],
    vaults: Sequence[VaultStanding],
    shops: Sequence[ShopStanding],
    sizes: Sizes,
    now: datetime,
    drills: timedelta | None = None,
) -> Body:
    """Put a report together from what the catalogue says, and find what is to worry at.

    `drills`: within how long every shop of every vault is drilled; None where nobody does that by himself.
    """
    body = Body(
        period=span.period.value, since=span.since.isoformat(), until=span.until.isoformat(), made_at=now.isoformat(),
        made=list(made), vaults=list(vaults), shops=list(shops), sizes=sizes, worries={},
    )  # fmt: skip
    body["worries"] = {worry.value: what for worry, what in _worries(body, drills, now=now).items() if what}
    return body


def stale(shop: ShopStanding, vault: str, *, now: datetime) -> bool:
    """Say whether a shop's last proven copy in a vault is missing or too old; see Note [The last proven copy]."""
    return _older(shop["proven"].get(vault), STALE_AFTER, now=now)


def _older(moment: str | None, age: timedelta, *, now: datetime) -> bool:
    return moment is None or now - datetime.fromisoformat(moment) > age


def _worries(body: Body, drills: timedelta | None, *, now: datetime) -> Mapping[Worry, list[str]]:
    """Return what each worry is about: ids of backups, names of vaults or shops. Empty: it does not stand."""
    in_use = [one["vault"] for one in body["vaults"] if one["configured"]]
    whole = [one for one in body["made"] if one["kind"] in {"daily", "weekly"} and one["state"] in _WHOLE]
    return {
        Worry.NO_VAULT: [] if in_use else ["ZARGAR_VAULTS"],
        Worry.NOTHING_WHOLE: [] if whole else [body["period"]],
        Worry.FAILED: [one["backup"] for one in body["made"] if one["state"] == "failed"],
        Worry.DEGRADED: [one["backup"] for one in body["made"] if one["state"] == "degraded"],
        Worry.LEFT_OUT: names(line for one in body["made"] for line in lacks(one.get("excluded", []))),
        Worry.LACKING: [one["vault"] for one in body["vaults"] if one["lacking"]],
        Worry.SHOPS_WITHOUT: [one["name"] for one in body["shops"] if not one["copies"]],
        Worry.UNPROVEN: [
            one["name"]
            for one in body["shops"]
            if one["copies"] and any(stale(one, vault, now=now) for vault in in_use)
        ],
        Worry.UNDRILLED: [
            one["name"]
            for one in body["shops"]
            if drills and one["copies"] and any(_older(one["restored"].get(v), drills + _DAY, now=now) for v in in_use)
        ],
    }


_WHOLE: Final = frozenset({"complete", "degraded"})


def _span(period: Period, until: datetime) -> Span:
    return Span(period, until - (_DAY if period is Period.DAILY else WEEK), until)


def _backwards(span: Span) -> Iterator[Span]:
    while True:
        yield span
        span = _span(span.period, span.since)
