"""The two clocks of a source: which quotes are too old, too new or frozen before anybody compares them. Pure.

A board's stamp says when it last spoke; only the change of its value says that it lives. In 2026 a public board showed
the same gold price for 683 hours with a stamp that was never older than six minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, median_low

from zargar.calendars.sessions import Session
from zargar.pricing.quotes import Quote, Toman, Why
from zargar.pricing.readings import PastTick, Reading, Rejected
from zargar.pricing.rules import Rules


@dataclass(frozen=True)
class Candidate:
    """A source's price of one gram of 750, before it is compared with the others."""

    source: str
    family: str
    price: Toman
    changed_at: datetime | None


def by_family(candidates: Sequence[Candidate]) -> dict[str, Toman]:
    """Return one price for each family: the median of its sources, the mean of the middle two when they are even."""
    prices: dict[str, list[Toman]] = {}
    for candidate in candidates:
        prices.setdefault(candidate.family, []).append(candidate.price)
    return {family: Toman(median(prices[family])) for family in sorted(prices)}


def screen(
    readings: Sequence[Reading], *, recent: Sequence[PastTick], session: Session, now: datetime, rules: Rules
) -> tuple[list[Candidate], list[Rejected]]:
    """Split readings into candidates and what is rejected: their own rejections, FUTURE, STALE and FROZEN."""
    rejected = [
        Rejected(reading.source, reading.family, refused.field, refused.why, refused.detail)
        for reading in readings
        for refused in reading.rejections
    ]
    candidates: list[Candidate] = []
    for reading in readings:
        quote = reading.gold
        if quote is None:
            continue
        wrong = _wrong_time(quote, session=session, now=now, rules=rules)
        if wrong is None:
            candidates.append(Candidate(reading.source, reading.family, Toman(quote.mid), reading.changed_at))
        else:
            rejected.append(Rejected(reading.source, reading.family, "", *wrong))
    frozen = list(_frozen(candidates, recent=recent, session=session, now=now, rules=rules))
    stuck = {refused.source for refused in frozen}
    return [candidate for candidate in candidates if candidate.source not in stuck], rejected + frozen


def _wrong_time(quote: Quote, *, session: Session, now: datetime, rules: Rules) -> tuple[Why, str] | None:
    stamp = quote.source_time
    if stamp is None:
        return None
    if stamp > now + rules.future_skew:
        return Why.FUTURE, f"its clock says {stamp:%Y-%m-%dT%H:%M:%SZ}"
    oldest = rules.quiet_source_age if session.quiet else rules.source_age
    if stamp < session.back(now, oldest):
        return Why.STALE, f"its clock says {stamp:%Y-%m-%dT%H:%M:%SZ}"
    return None


def _frozen(
    candidates: Sequence[Candidate], *, recent: Sequence[PastTick], session: Session, now: datetime, rules: Rules
) -> Iterator[Rejected]:
    """Name each source whose value stood still for `flat_for` of session time while the other families moved."""
    prices = by_family(candidates)
    flat_since = session.back(now, rules.flat_for)
    telling = [tick for tick in recent if tick.families]
    for candidate in candidates:
        if candidate.changed_at is None or candidate.changed_at >= flat_since:
            continue
        peers = {family: price for family, price in prices.items() if family != candidate.family}
        moved = _moved(peers, _families_at(candidate.changed_at, telling, peers))
        if moved is not None and moved > rules.peer_move:
            detail = f"unchanged since {candidate.changed_at:%Y-%m-%dT%H:%M:%SZ}; others moved by {moved:.2%}"
            yield Rejected(candidate.source, candidate.family, "", Why.FROZEN, detail)


def _families_at(since: datetime, recent: Sequence[PastTick], peers: Mapping[str, Toman]) -> Mapping[str, Toman]:
    """Return what the families showed in the first tick at or after `since` that knows one of the peers."""
    known = [tick for tick in recent if tick.at >= since and not peers.keys().isdisjoint(tick.families)]
    return min(known, key=lambda tick: tick.at).families if known else {}


def _moved(now: Mapping[str, Toman], then: Mapping[str, Toman]) -> Toman | None:
    """Return how far the peers moved, as a ratio: the lower median, so that one wild peer is not a moving market."""
    moves = [abs(now[family] / then[family] - 1) for family in now if family in then]
    return Toman(median_low(moves)) if moves else None
