"""The judgement: what gold costs now, given what every source said. Pure; the order of its inputs does not matter.

1. Screening: quotes whose clock or value stands still are rejected (`screening`).
2. Agreement: one price for each family; families far from the others are rejected (`agreement`). Fewer than the quorum
   left: `Stale`, which says who is missing and why. Because independent families must agree, a slip of a unit (ten or a
   thousand times) by one of them can never be accepted, not even as the first price.
3. Lead: two or more of the families that carried the last price have moved on together, and the rest has not: the
   market moves, most boards have not seen it yet, and what they agree on was the price. `Held`, for a quarter of an
   hour at most (`movement`).
4. Move: the median is compared with the last price and, after a pause, with the world's. A small move passes; a wide
   one needs more families; what is wider is `Held`, and believed when it lasts (`moves`).
"""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from zargar.calendars.sessions import Session
from zargar.pricing.agreement import Agreement, agree
from zargar.pricing.band import Band
from zargar.pricing.movement import leaders
from zargar.pricing.moves import believe, waited
from zargar.pricing.quotes import Toman, Why, plain
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reading, Reference, Rejected, Stale
from zargar.pricing.rules import Rules
from zargar.pricing.screening import Candidate, by_family, screen


def decide(
    readings: Sequence[Reading],
    *,
    last: Reference | None,
    recent: Sequence[PastTick],
    session: Session,
    now: datetime,
    rules: Rules,
    band: Band | None = None,
) -> Decision:
    """Judge one tick.

    `band` is what gold may cost by the world's price, if that says anything. `recent` holds earlier ticks: the latest
    (for levels that hold) and, for each source that has not changed for long, the one in which it last did (to see
    whether the others moved since).
    """
    candidates, refused = screen(readings, recent=recent, session=session, now=now, rules=rules)
    prices = by_family(candidates)
    agreement = agree(prices, rules.agreement)
    refused += _far(candidates, agreement)
    rejected = tuple(sorted(refused))
    if len(agreement.together) < rules.quorum:
        age = now - last.at if last else None
        return Stale(_too_few(readings, agreement, rejected, rules), rejected, last, age)
    used = tuple(sorted(candidate.source for candidate in candidates if candidate.family in agreement.together))
    price = Toman(median(agreement.together.values()))
    ahead = leaders(prices, price, last=last, rules=rules)
    if last is not None and ahead and not waited(recent, now=now, rules=rules):
        reason = f"the market is moving: {', '.join(ahead)} moved together, {len(agreement.together)} families not yet"
        return Held(price, used, rejected, reason, last)
    families = len(agreement.together)
    belief = believe(price, families=families, last=last, recent=recent, band=band, now=now, rules=rules)
    if belief.accepted:
        return Accepted(price, used, rejected, belief.reason)
    return Held(price, used, rejected, belief.reason, last)


def _far(candidates: Sequence[Candidate], agreement: Agreement) -> list[Rejected]:
    return [
        Rejected(
            candidate.source,
            candidate.family,
            "",
            Why.FAR_FROM_OTHERS,
            f"{plain(candidate.price)} is {agreement.apart[candidate.family]:.2%} from the others",
        )
        for candidate in candidates
        if candidate.family in agreement.apart
    ]


def _too_few(readings: Sequence[Reading], agreement: Agreement, rejected: Sequence[Rejected], rules: Rules) -> str:
    """Say how many families agree, and why each of the others does not count."""
    causes: dict[str, set[str]] = {reading.family: set() for reading in readings}
    for refused in rejected:
        causes.setdefault(refused.family, set()).add(refused.why)
    missing = [
        f"{family} ({', '.join(sorted(causes[family])) or 'no price'})"
        for family in sorted(causes)
        if family not in agreement.together
    ]
    agreed = f"{len(agreement.together)} of {rules.quorum} needed families agree"
    return f"{agreed}; not counted: {', '.join(missing)}" if missing else agreed
