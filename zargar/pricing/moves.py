"""Whether a price that enough families agree on is believed, seen from the last one and from the world's. Pure.

- A small move is.
- Up to `wide_jump` it takes `wide_families`; after a pause (a night, an outage) the quorum alone if the world's price
  speaks for it, because last night's price then says little: one gap in a hundred is wider than 7.7 %.
- After a pause `wide_families` may carry any move that the world's price speaks for.
- What is left is held, and believed when it has held for `relevel_ticks` ticks over `relevel_span`: re-levels happen.
- But for a move by `slip_factor`: that is another unit until a person says that it is not (`zargar prices override`).
  After an `absence` of a month it takes `absent_factor`, since gold may have doubled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import takewhile

from zargar.pricing.band import Band
from zargar.pricing.quotes import Toman, plain
from zargar.pricing.readings import PastTick, Reference, State
from zargar.pricing.rules import Rules


@dataclass(frozen=True)
class Belief:
    """Whether a price is accepted, and why or why not."""

    accepted: bool
    reason: str


def believe(
    price: Toman,
    *,
    families: int,
    last: Reference | None,
    recent: Sequence[PastTick],
    band: Band | None,
    now: datetime,
    rules: Rules,
) -> Belief:
    """Judge a price that `families` agree on. `recent` holds earlier ticks in any order; later ones are ignored."""
    agreed = f"{families} families agree"
    enough = _enough(price, families=families, last=last, band=band, now=now, rules=rules)
    if enough is not None:
        return Belief(accepted=True, reason=enough.format(agreed=agreed))
    doubt = f"{agreed} on {plain(price)}, but that is {_far_from(price, last)}"
    if _slipped(price, last, band, now=now, rules=rules):
        return Belief(accepted=False, reason=f"{doubt}: another unit, unless a person says so")
    held = list(takewhile(lambda tick: _at_level(tick, price, rules), _backwards(recent, now)))
    if held and len(held) + 1 >= rules.relevel_ticks and now - held[-1].at >= rules.relevel_span:
        minutes = int((now - held[-1].at).total_seconds() // 60)
        by = f" by {apart(price, last.price):.2%}" if last else ""
        reason = f"re-level{by}: {agreed}, as in {len(held)} ticks before over {minutes} minutes"
        return Belief(accepted=True, reason=reason)
    return Belief(accepted=False, reason=doubt)


def _enough(
    price: Toman, *, families: int, last: Reference | None, band: Band | None, now: datetime, rules: Rules
) -> str | None:
    """Return why the price is believed at once, with a place for who agrees; None when it is not."""
    backed = band is not None and band.holds(price)
    if last is None:
        return "first price: {agreed}" if band is None or backed else None
    jump = apart(price, last.price)
    if jump <= rules.normal_jump:
        return "{agreed}"
    many, paused = families >= rules.wide_families, now - last.at >= rules.pause
    if many and jump <= rules.wide_jump:
        return f"{{agreed}} on a move of {jump:.2%}"
    if (
        backed
        and paused
        and (many or jump <= rules.wide_jump)
        and not _slipped(price, last, band, now=now, rules=rules)
    ):
        return f"{{agreed}} on a move of {jump:.2%} after a pause, and the world's price with them"
    return None


def _far_from(price: Toman, last: Reference | None) -> str:
    if last is None:
        return "far from the world's price"
    whose = "the operator's price" if last.by_operator else "the last price"
    return f"{apart(price, last.price):.2%} from {whose} {plain(last.price)}"


def waited(recent: Sequence[PastTick], *, now: datetime, rules: Rules) -> bool:
    """Say whether the ticks right before `now` were all not accepted, for as long as a move may take."""
    run = list(takewhile(lambda tick: tick.state is not State.ACCEPTED, _backwards(recent, now)))
    return bool(run) and now - run[-1].at >= rules.relevel_span


def apart(price: Toman, reference: Toman) -> Toman:
    """Return how far a price is from another, as a ratio of the other."""
    return Toman(abs(price - reference) / reference)


def _at_level(tick: PastTick, price: Toman, rules: Rules) -> bool:
    return tick.state is State.HELD and tick.level is not None and apart(tick.level, price) <= rules.normal_jump


def _slipped(price: Toman, last: Reference | None, band: Band | None, *, now: datetime, rules: Rules) -> bool:
    """Say whether a price is so far from the last one, or from the world's, that it must be in another unit.

    Both are asked: on the day on which all boards change their unit, those that say the dollar change with them.
    """
    levels: list[tuple[Toman, Decimal]] = []
    if last is not None:
        levels.append((last.price, rules.absent_factor if now - last.at >= rules.absence else rules.slip_factor))
    if band is not None:
        levels.append((band.value, rules.slip_factor))
    return any(not level / factor < price < level * factor for level, factor in levels)


def _backwards(recent: Sequence[PastTick], now: datetime) -> list[PastTick]:
    """Return the ticks before `now`, the newest first."""
    return sorted((tick for tick in recent if tick.at < now), key=lambda tick: tick.at, reverse=True)
