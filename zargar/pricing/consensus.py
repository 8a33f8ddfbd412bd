"""The judgement: what gold costs now, given what every source said. Pure; the order of its inputs does not matter.

1. Screening: quotes whose clock or value stands still are rejected (`screening`).
2. Agreement: one price for each family; families far from the others are rejected (`agreement`). Fewer than the quorum
   left: `Stale`, which says who is missing and why. Because independent families must agree, a slip of a unit (ten or a
   thousand times) by one of them can never be accepted, not even as the first price.
3. Lead: two or more of the families that carried the last price have moved on together, and the rest has not: the
   market moves, most boards have not seen it yet, and what they agree on was the price. `Held`, for a quarter of an
   hour at most (`movement`).
4. Jump: the median is compared with the reference. A small move passes; a wide one needs more families; what is wider
   is `Held`. A level that holds for some ticks is believed in the end: real re-levels happen after outages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from statistics import median

from zargar.calendars.sessions import Session
from zargar.pricing.agreement import Agreement, agree
from zargar.pricing.movement import leaders
from zargar.pricing.quotes import Toman, Why, plain
from zargar.pricing.readings import Accepted, Decision, Held, PastTick, Reading, Reference, Rejected, Stale, State
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
) -> Decision:
    """Judge one tick.

    `recent` holds earlier ticks: the latest (for levels that hold) and, for each source that has not changed for long,
    the one in which it last did (to see whether the others moved since).
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
    if last is not None and ahead and not _waited(recent, now=now, rules=rules):
        reason = f"the market is moving: {', '.join(ahead)} moved together, {len(agreement.together)} families not yet"
        return Held(price, used, rejected, reason, last)
    return _judge_jump(price, used, rejected, agreement.together, last=last, recent=recent, now=now, rules=rules)


def _judge_jump(
    price: Toman,
    used: tuple[str, ...],
    rejected: tuple[Rejected, ...],
    together: Mapping[str, Toman],
    *,
    last: Reference | None,
    recent: Sequence[PastTick],
    now: datetime,
    rules: Rules,
) -> Decision:
    agreed = f"{len(together)} families agree"
    if last is None:
        return Accepted(price, used, rejected, f"first price: {agreed}")
    jump = _apart(price, last.price)
    if jump <= rules.normal_jump:
        return Accepted(price, used, rejected, agreed)
    if jump <= rules.wide_jump and len(together) >= rules.wide_families:
        return Accepted(price, used, rejected, f"{agreed} on a move of {jump:.2%}")
    held = _held_before(price, recent, now=now, rules=rules)
    if len(held) + 1 >= rules.relevel_ticks and now - held[0].at >= rules.relevel_span:
        minutes = int((now - held[0].at).total_seconds() // 60)
        reason = f"re-level by {jump:.2%}: {agreed}, as in {len(held)} ticks before over {minutes} minutes"
        return Accepted(price, used, rejected, reason)
    whose = "the operator's price" if last.by_operator else "the last price"
    reason = f"{agreed} on {plain(price)}, but that is {jump:.2%} from {whose} {plain(last.price)}"
    return Held(price, used, rejected, reason, last)


def _waited(recent: Sequence[PastTick], *, now: datetime, rules: Rules) -> bool:
    """Say whether the ticks right before `now` were all not accepted, for as long as a move may take."""
    past = sorted((tick for tick in recent if tick.at < now), key=lambda tick: tick.at, reverse=True)
    run = list(takewhile(lambda tick: tick.state is not State.ACCEPTED, past))
    return bool(run) and now - run[-1].at >= rules.relevel_span


def _held_before(price: Toman, recent: Sequence[PastTick], *, now: datetime, rules: Rules) -> list[PastTick]:
    """Return the unbroken run of ticks right before `now` that were held at about this level, oldest first."""
    run: list[PastTick] = []
    for tick in sorted((tick for tick in recent if tick.at < now), key=lambda tick: tick.at, reverse=True):
        if tick.state is not State.HELD or tick.level is None or _apart(tick.level, price) > rules.normal_jump:
            break
        run.append(tick)
    return run[::-1]


def _apart(price: Toman, reference: Toman) -> Decimal:
    return abs(price - reference) / reference


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
