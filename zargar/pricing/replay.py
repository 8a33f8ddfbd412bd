"""The judgement on recorded ticks, starting from nothing, with the memory that the database gives it otherwise. Pure.

A line in is one tick: `{"now": ISO 8601, "quotes": [{"source", "toman_per_gram_18k", "source_time", "changed_at"}]}`.
`source` is a board of the catalogue, which knows its family, at most once a tick. `toman_per_gram_18k` is a JSON
number or a string of one, in Toman; null, zero and less are a board's bad answer, which is rejected like any other.
`source_time` and `changed_at` are ISO 8601 or null or absent. Every time names its zone, and ticks do not go back in
time. Other fields are not read.

A line out is one decision: `{"now", "state", "toman_per_gram_18k", "reason", "sources_used", "rejected"}`. The price
is a string, unrounded, and null unless `state` is "accepted". `reason` begins with one stable word (`agreed`,
`first_price`, `wide_move`, `relevel`; `jump`, `moving`; `no_quorum`), a colon, and the circumstances. Each of
`rejected` is `{"source", "reason", "detail"}`; its reason is one of the words of `quotes.Why`. Rejected are listed by
source.

What is carried along: the last accepted price with what each family showed then, the newest ticks (for levels that
hold), each tick in which a flat value began (for who moved meanwhile), and since when each source shows its value. The
latter is `changed_at` as it was given, but never later than what was seen here: an equal value has not changed since it
was first seen, whatever its board says; and one that differs has changed after it was last seen.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn

from zargar.calendars.sessions import session_at
from zargar.outcomes import JSON, Summary
from zargar.pricing.consensus import decide
from zargar.pricing.figures import shown
from zargar.pricing.quotes import Instrument, Quote, Rejection, Toman, Unit, Why, plain
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reading, Reference, Stale, state_of
from zargar.pricing.rules import Rules
from zargar.pricing.screening import Candidate, by_family
from zargar.pricing.sources import CATALOGUE
from zargar.refusals import InvalidError

FAMILIES: Final = {source.board.name: source.board.family for source in CATALOGUE}
RECENT_TICKS: Final = 240
MOST_DIGITS: Final = 24
"""Before the point and after it: beyond is no price, and arithmetic with it would not be exact."""


class BadLineError(InvalidError):
    """A line of a recording is no tick; the message names the line and the field."""

    def __init__(self, number: int, field: str, problem: str) -> None:
        super().__init__(f"line {number}: {field}: {problem}")


@dataclass(frozen=True)
class Told:
    """One tick as it was recorded; each reading's `changed_at` is as it was given."""

    now: datetime
    readings: tuple[Reading, ...]


@dataclass
class Replay:
    """The judge with his memory. Ticks come in the order of time."""

    rules: Rules
    now: datetime | None = None
    _last: Reference | None = None
    _newest: list[PastTick] = field(default_factory=list)
    _agreed: list[PastTick] = field(default_factory=list)
    _agreed_at: list[datetime] = field(default_factory=list)
    _shown: dict[str, tuple[Decimal, datetime, datetime]] = field(default_factory=dict)

    def judge(self, told: Told) -> Decision:
        """Judge a tick and remember it."""
        now = told.now
        readings = [self._dated(reading, now=now) for reading in told.readings]
        session = session_at(now)
        flat_before = session.back(now, self.rules.flat_for)
        flat = {reading.changed_at for reading in readings if reading.changed_at and reading.changed_at < flat_before}
        recent = [*self._newest, *self._began(flat, now=now)]
        decision = decide(readings, last=self._last, recent=recent, session=session, now=now, rules=self.rules)
        self._remember(readings, decision, now=now)
        return decision

    def _dated(self, reading: Reading, *, now: datetime) -> Reading:
        quote = reading.gold
        if quote is None:
            return reading
        since = reading.changed_at or now
        before = self._shown.get(reading.source)
        if before is not None:
            value, first, latest = before
            since = min(since, first) if value == quote.mid else since if since > latest else now
        self._shown[reading.source] = (Decimal(quote.mid), since, now)
        return Reading(reading.source, reading.family, reading.quotes, reading.rejections, since)

    def _began(self, flat: set[datetime], *, now: datetime) -> list[PastTick]:
        """Return, for each moment, the first tick at or after it in which families agreed."""
        found = {bisect_left(self._agreed_at, since) for since in flat}
        return [
            self._agreed[index] for index in sorted(found) if index < len(self._agreed) and self._agreed_at[index] < now
        ]

    def _remember(self, readings: Sequence[Reading], decision: Decision, *, now: datetime) -> None:
        self.now = now
        families = _carried(readings, decision.used)
        level = decision.price if isinstance(decision, Accepted) else None
        if isinstance(decision, Held):
            level = decision.candidate
        if level is not None:
            self._agreed.append(PastTick(now, state_of(decision), level, families))
            self._agreed_at.append(now)
        self._newest.append(PastTick(now, state_of(decision), level, {}))
        del self._newest[:-RECENT_TICKS]
        if isinstance(decision, Accepted):
            self._last = Reference(decision.price, now, families=families)


def read_tick(line: str, *, number: int, after: datetime | None) -> Told:
    """Read a line; `number` counts from 1, `after` is the time of the tick before. Raises `BadLineError`."""
    try:
        body = json.loads(line, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as bad:
        raise BadLineError(number, "line", f"no JSON: {shown(line.strip())}") from bad
    if not isinstance(body, dict):
        raise BadLineError(number, "line", "no JSON object")
    now = _moment(body.get("now"), number, "now")
    if now is None:
        raise BadLineError(number, "now", "missing")
    if after is not None and now < after:
        raise BadLineError(number, "now", f"{now.isoformat()} is before the tick before, {after.isoformat()}")
    quotes = body.get("quotes")
    if not isinstance(quotes, list):
        raise BadLineError(number, "quotes", "no list")
    readings = tuple(_reading(quote, number, f"quotes[{index}]") for index, quote in enumerate(quotes))
    names = [reading.source for reading in readings]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadLineError(number, f"quotes[{index}].source", f"{name} is there twice")
    return Told(now, readings)


def as_line(now: datetime, decision: Decision) -> Summary:
    """Say a decision in JSON; see the module for the words."""
    word, text = _in_words(decision)
    rejected: list[JSON] = [
        {"source": one.source, "reason": one.why, "detail": one.detail} for one in sorted(decision.rejected)
    ]
    return {
        "now": now.isoformat(),
        "state": state_of(decision),
        "toman_per_gram_18k": plain(decision.price) if isinstance(decision, Accepted) else None,
        "reason": f"{word}: {text}",
        "sources_used": list(decision.used) if isinstance(decision, Accepted) else [],
        "rejected": rejected,
    }


def _in_words(decision: Decision) -> tuple[str, str]:
    match decision:
        case Accepted():
            words = {"first price: ": "first_price", "re-level ": "relevel"}
            for start, word in words.items():
                if decision.reason.startswith(start):
                    return word, decision.reason.removeprefix(start)
            return "wide_move" if " on a move of " in decision.reason else "agreed", decision.reason
        case Held():
            return "moving" if decision.reason.startswith("the market is moving") else "jump", decision.reason
        case Stale():
            return "no_quorum", decision.reason


def _carried(readings: Sequence[Reading], used: Sequence[str]) -> dict[str, Toman]:
    return by_family(
        [
            Candidate(reading.source, reading.family, Toman(reading.gold.mid), None)
            for reading in readings
            if reading.source in used and reading.gold is not None
        ]
    )


def _reading(quote: object, number: int, path: str) -> Reading:
    if not isinstance(quote, dict):
        raise BadLineError(number, path, "no JSON object")
    source = quote.get("source")
    if not isinstance(source, str) or source not in FAMILIES:
        raise BadLineError(number, f"{path}.source", f"{shown(source)} is none of {', '.join(FAMILIES)}")
    if "toman_per_gram_18k" not in quote:
        raise BadLineError(number, f"{path}.toman_per_gram_18k", "missing")
    stamp = _moment(quote.get("source_time"), number, f"{path}.source_time")
    changed_at = _moment(quote.get("changed_at"), number, f"{path}.changed_at")
    price = _price(quote["toman_per_gram_18k"], number, f"{path}.toman_per_gram_18k")
    if isinstance(price, Why):
        seen = shown(quote["toman_per_gram_18k"])
        return Reading(source, FAMILIES[source], (), (Rejection("toman_per_gram_18k", price, seen),))
    said = Quote.one_sided(Instrument.GOLD_750, price, Unit.TOMAN, source_time=stamp)
    return Reading(source, FAMILIES[source], (said,), (), changed_at)


def _price(value: object, number: int, path: str) -> Decimal | Why:
    if value is None:
        return Why.MISSING
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadLineError(number, path, f"{shown(value)} is no number")
    try:
        price = Decimal(value)
    except InvalidOperation as bad:
        raise BadLineError(number, path, f"{shown(value)} is no number") from bad
    exponent = price.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadLineError(number, path, f"{shown(value)} is no number")
    if price <= 0:
        return Why.NOT_POSITIVE
    return price if abs(exponent) <= MOST_DIGITS and abs(price.adjusted()) <= MOST_DIGITS else Why.NOT_A_NUMBER


def _moment(value: object, number: int, path: str) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as bad:
        raise BadLineError(number, path, f"{shown(value)} is no ISO 8601") from bad
    if found is None or found.tzinfo is None:
        raise BadLineError(number, path, f"{shown(value)} is no ISO 8601 with a zone")
    return found.astimezone(UTC)


def _refuse_constant(name: str) -> NoReturn:
    message = f"JSON has no {name}"
    raise ValueError(message)
