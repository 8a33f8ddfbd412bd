"""The calls that a task, a command or a button makes. `now` (aware UTC) and the market's parts are arguments.

A tick that finds no agreement is no failure: it is stored, and the answer is the last price that was agreed on, marked
as a fallback with its age. Only a tick that could not be stored at all raises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from zargar.calendars import operations as calendar
from zargar.outcomes import JSON, Permanent, Retryable, Snooze, Summary
from zargar.pricing import asking, board_store, cache, checks, judging, marks_store, outlived, store, venues_store
from zargar.pricing.board import Source
from zargar.pricing.cache import Found, Published
from zargar.pricing.current import Answered, Standing, answer
from zargar.pricing.figures import BadFigure, positive
from zargar.pricing.karats import STANDARD, Fineness, UnsupportedKaratError, supported
from zargar.pricing.market import Market
from zargar.pricing.marks import Mark
from zargar.pricing.politeness import MannerRules, Manners, held_back
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Toman, plain
from zargar.pricing.readings import Decision, state_of
from zargar.pricing.retention import Keep, may_go
from zargar.pricing.rules import Rules
from zargar.pricing.sources import known
from zargar.pricing.venues import View, view
from zargar.refusals import InvalidError, RefusedError

SCHEDULED: Final = "scheduled"


class ForceReason(StrEnum):
    """Why somebody asks for a price outside the schedule; a closed list, since messages carry ids and enums only."""

    OPERATOR = "operator"
    OUTAGE_OVER = "outage_over"
    MARKET_MOVED = "market_moved"
    BOARD_CHANGED = "board_changed"


class BadOverrideError(InvalidError):
    """An override's value must be a positive number of Toman per gram of 750, and its end must lie ahead."""


class NotLeftAloneError(RefusedError):
    """A board can only be forgiven while it is left alone."""


@dataclass(frozen=True)
class Ticked:
    """What came of a tick, and what shops are answered from now on."""

    trigger: str
    decision: Decision | None
    asked: Asked | None
    answered: Answered
    cache: Published

    def summary(self) -> Summary:
        """Say it in JSON: prices in Toman as strings, durations as whole numbers. `decision` is null when not asked."""
        found: Summary = {
            **answered_as_json(self.answered),
            "trigger": self.trigger,
            "decision": state_of(self.decision) if self.decision else None,
            "decided_because": self.decision.reason if self.decision else "the boards were asked a moment ago",
            "used": list(self.decision.used) if self.decision else [],
            "rejected": _rejected_as_json(self.decision) if self.decision else [],
            "latency_ms": _milliseconds(self.asked.elapsed) if self.asked else 0,
            "board_latency_ms": {n: _milliseconds(t) for n, t in self.asked.took.items()} if self.asked else {},
            "cache": self.cache,
        }
        return found


def update_prices(*, market: Market, now: datetime, trigger: str = SCHEDULED) -> Ticked:
    """Ask every board once, judge what they say, store it, and publish. Raises `Retryable` when it cannot be stored.

    Within `market.pace` of the tick before, no board is asked and nothing is judged; the answer is the current one.
    Boards with patience are not asked here; what the check heard of them counts for `checks.SLOW_FOR`.
    """
    try:
        turn = judging.take_turn(market, now=now)
        if turn is None:
            return Ticked(trigger, None, None, _answer(market, now=now), cache.publish())
        done = asking.ask(market.boards, turn, deadline=market.deadline, now=now)
        decision = judging.judge_and_store(market, turn, done, now=now, trigger=trigger)
        published = cache.publish()
        return Ticked(trigger, decision, done.asked, _answer(market, now=now), published)
    except (OperationalError, InterfaceError) as error:
        message = f"the tick could not be stored: {type(error).__name__}"
        raise Retryable(message) from error


def update_single_karat(*, market: Market, karat: int, now: datetime) -> Summary:
    """Make a tick and answer one karat. Raises `Permanent` for a karat that is not sold, before any board is asked."""
    try:
        wanted = supported(karat)
    except UnsupportedKaratError as error:
        raise Permanent(str(error)) from error
    ticked = update_prices(market=market, now=now, trigger="single karat")
    price = ticked.answered.karats.get(wanted)
    return {**ticked.summary(), "karat": wanted, "toman_per_gram": plain(price) if price is not None else None}


def force_refresh(*, market: Market, reason: str, now: datetime) -> Ticked:
    """Make a tick outside the schedule. Raises `Permanent` for a reason that is not one of `ForceReason`."""
    if reason not in set(ForceReason):
        message = f"unknown reason {reason!r}: one of {', '.join(ForceReason)}"
        raise Permanent(message)
    return update_prices(market=market, now=now, trigger=f"forced: {reason}")


def validate_boards(*, market: Market, next_price: Callable[[datetime], datetime], now: datetime) -> Summary:
    """Ask every board that is due once and say what each answer is worth; nothing is judged or published.

    What boards with patience said is kept for the ticks, and of every board how it stands. `next_price` returns the
    first slot of the price schedule after a moment: a tick that is near goes first. A board so slow that a check and
    the ticks around it could not keep its pace is left to the ticks. Raises `Snooze` until the boards may be asked,
    `Permanent` where there is none to ask, `Retryable` without a database.
    """
    sources = [source for source in market.sources if checks.checkable(source.board)]
    if not sources:
        message = "no board is enabled that can be checked"
        raise Permanent(message)
    try:
        _wait_for_ticks(sources, market=market, next_price=next_price, now=now)
        turn = asking.take_turn(sources, politely=bool(market.pace), rules=market.manners, now=now)
        done = asking.ask(market.boards, turn, deadline=market.deadline, now=now)
        asking.keep_check(turn, done, rules=market.manners, now=now)
    except (OperationalError, InterfaceError) as error:
        message = f"the check could not be made or kept: {type(error).__name__}"
        raise Retryable(message) from error
    return checks.as_json(checks.check(done.said, done.asked), left=turn.left)


def standings() -> dict[str, Manners]:
    """Return how every board stands that was ever asked, by name."""
    return board_store.standings()


def retry_board(*, name: str, reason: str, actor: str, rules: MannerRules, now: datetime) -> Manners:
    """Forgive a board, so that the next round asks it; return how it stood. Its cadence is kept. Audited.

    Raises `UnknownSourceError`, `NotLeftAloneError` for a board that nothing holds back, `InvalidError` for a blank
    reason.
    """
    board = known(name).board
    with board_store.taking_turn():
        before = board_store.standings([board.name]).get(board.name, Manners())
        if held_back(before, rules=rules, now=now) is None:
            message = f"{board.name} is not left alone: the next round asks it anyway"
            raise NotLeftAloneError(message)
        board_store.forgive(board.name, before, Manners(last_asked=before.last_asked), reason=reason, by=actor)
    return before


def current_price(*, now: datetime, fineness: Fineness = STANDARD) -> Answered:
    """Answer what gold costs now, from the cache or else the database. No board is asked.

    `fineness` is what 18 and 24 karat mean here; `wiring.fineness()` is the deployment's.
    """
    return answer(cache.facts(), now=now, fineness=fineness)


def market_view(*, rules: Rules) -> View | None:
    """Look at the newest stored tick as a trader does; None when the boards were never asked. No board is asked."""
    tick = venues_store.newest()
    return None if tick is None else view(tick, session=calendar.session(now=tick.at), rules=rules)


def newest_mark(*, now: datetime) -> Mark | None:
    """Return the price that things are valued at now, with its identity; None when there never was one."""
    return marks_store.newest(now=now)


def set_override(*, value: str, until: datetime, reason: str, actor: str, now: datetime) -> Published:
    """Set the price that is answered while the boards do not agree, and the level that the next one is compared with.

    `value` is Toman per gram of 750. It is audited in the same transaction. Raises `BadOverrideError` for a value that
    is no price or an end that is past, `InvalidError` for a blank reason.
    """
    try:
        price = Toman(positive(value, grouped=True))
    except BadFigure as bad:
        message = f"{value!r} is no price ({bad.why}): {BadOverrideError.__doc__}"
        raise BadOverrideError(message) from bad
    if until <= now:
        message = f"{until.isoformat()} is not ahead: {BadOverrideError.__doc__}"
        raise BadOverrideError(message)
    store.set_override(value=price, until=until, reason=reason, by=actor, now=now)
    return cache.publish()


def cleanup_cache() -> Summary:
    """Compare the cache with the database, repair it, and remove what older versions left. A cache away is reported."""
    found = cache.inspect()
    if found is Found.UNREACHABLE:
        return {"found": found, "repaired": False, "old_versions_removed": 0}
    repaired = found is not Found.SAME and cache.publish() is Published.REPLACED
    try:
        removed = cache.remove_old_versions()
    except RedisError:
        return {"found": Found.UNREACHABLE, "repaired": repaired, "old_versions_removed": 0}
    return {"found": found, "repaired": repaired, "old_versions_removed": removed}


def retain(*, keep: Keep, now: datetime, at_most: int) -> dict[str, int]:
    """Remove at most so many quotes and so many ticks that have outlived their period; return how many, by kind.

    Never what a judgement or an answer may still look at; the judge waits meanwhile, so that he refers to nothing that
    goes. Call it again until nothing goes.
    """
    with store.judging():
        return outlived.remove(may_go(keep, outlived.referred(), now=now), at_most=at_most)


def answered_as_json(answered: Answered) -> Summary:
    """Say what shops are answered, in JSON: amounts are strings in Toman, ages whole seconds, `price` null if none."""
    return {
        "state": answered.standing,
        "price": plain(answered.price) if answered.price is not None else None,
        "karats": {str(karat): plain(price) for karat, price in answered.karats.items()},
        "fallback": answered.standing is not Standing.LIVE,
        "at": answered.at.isoformat() if answered.at else None,
        "age_seconds": int(answered.age.total_seconds()) if answered.age is not None else None,
        "reason": answered.reason,
    }


def _answer(market: Market, *, now: datetime) -> Answered:
    return answer(store.facts(), now=now, fineness=market.fineness)


def _wait_for_ticks(
    sources: Sequence[Source], *, market: Market, next_price: Callable[[datetime], datetime], now: datetime
) -> None:
    """Raise `Snooze` while ticks ask, or are about to ask, the boards that they share with the check."""
    shared = [source.board.at_most_every for source in sources if source.board.patience is None]
    pace = max(shared, default=timedelta()) if market.pace else timedelta()
    until = checks.wait_until(last=store.last_asked(), next_price=next_price(now - pace), pace=pace, now=now)
    if until is not None:
        message = f"the boards are asked for a price; again after {pace.total_seconds():.0f} s"
        raise Snooze(message, until=until)


def _rejected_as_json(decision: Decision) -> list[JSON]:
    return [
        {"source": one.source, "field": one.field, "why": one.why, "detail": one.detail} for one in decision.rejected
    ]


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
