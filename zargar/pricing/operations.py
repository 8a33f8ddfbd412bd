"""The calls that a task, a command or a button makes. `now` (aware UTC) and the market's parts are arguments.

A tick that finds no agreement is no failure: it is stored, and the answer is the last price that was agreed on, marked
as a fallback with its age. Only a tick that could not be stored at all raises.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from zargar.calendars.sessions import session_at
from zargar.outcomes import JSON, Permanent, Retryable, Snooze, Summary
from zargar.pricing import cache, checks, outlived, store
from zargar.pricing.answers import Answer
from zargar.pricing.board import Said, Source
from zargar.pricing.cache import Found, Published
from zargar.pricing.consensus import decide
from zargar.pricing.current import Answered, Standing, answer
from zargar.pricing.figures import BadFigure, positive
from zargar.pricing.karats import UnsupportedKaratError, supported
from zargar.pricing.ports import Asked, Boards
from zargar.pricing.quotes import Rejection, Toman, Why, plain
from zargar.pricing.readings import Decision, Reading, state_of
from zargar.pricing.retention import Keep, may_go
from zargar.pricing.rules import Rules
from zargar.pricing.store import Asking
from zargar.refusals import InvalidError

SCHEDULED: Final = "scheduled"


class ForceReason(StrEnum):
    """Why somebody asks for a price outside the schedule; a closed list, since messages carry ids and enums only."""

    OPERATOR = "operator"
    OUTAGE_OVER = "outage_over"
    MARKET_MOVED = "market_moved"
    BOARD_CHANGED = "board_changed"


class BadOverrideError(InvalidError):
    """An override's value must be a positive number of Toman per gram of 750, and its end must lie ahead."""


@dataclass(frozen=True)
class Market:
    """The parts that a tick needs: the port to the boards, which of them to ask, and by which limits.

    `pace` is the least time between two rounds of asking, since boards ban those who ask more often; a board whose own
    cadence is slower is left out of the rounds between. No pace (a sandbox): everybody is asked every time.
    """

    boards: Boards
    sources: tuple[Source, ...]
    rules: Rules
    deadline: timedelta
    pace: timedelta


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
    """
    try:
        last = store.last_asked()
        if last is not None and timedelta() <= now - last < market.pace:
            return Ticked(trigger, None, None, answer(store.facts(), now=now), cache.publish())
        sources = _due(market, now=now)
        asked = market.boards.ask_all([source.board for source in sources], deadline=market.deadline, now=now)
        decision = _judge_and_store(replace(market, sources=sources), asked, now=now, trigger=trigger)
        published = cache.publish()
        return Ticked(trigger, decision, asked, answer(store.facts(), now=now), published)
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
    """Ask every board that is due once and say what each answer is worth; nothing is judged, stored or published.

    `next_price` returns the first slot of the price schedule after a moment: a tick that is near goes first. A board so
    slow that a check and the ticks around it could not keep its pace is left to the ticks. Raises `Snooze` until the
    boards may be asked, `Permanent` where there is none to ask, `Retryable` without a database.
    """
    sources = [source for source in market.sources if source.board.at_most_every <= checks.SLOWEST]
    if not sources:
        message = "no board is enabled that can be checked"
        raise Permanent(message)
    try:
        last = store.last_asked()
    except (OperationalError, InterfaceError) as error:
        message = f"not known when the boards were asked last: {type(error).__name__}"
        raise Retryable(message) from error
    pace = max(source.board.at_most_every for source in sources) if market.pace else timedelta()
    until = checks.wait_until(last=last, next_price=next_price(now - pace), pace=pace, now=now)
    if until is not None:
        message = f"the boards are asked for a price; again after {pace.total_seconds():.0f} s"
        raise Snooze(message, until=until)
    asked = market.boards.ask_all([source.board for source in sources], deadline=market.deadline, now=now)
    said = {source.board.name: source.read(asked.answers[source.board.name]) for source in sources}
    return checks.as_json(checks.check(said, asked))


def current_price(*, now: datetime) -> Answered:
    """Answer what gold costs now, from the cache or else the database. No board is asked."""
    return answer(cache.facts(), now=now)


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


def _due(market: Market, *, now: datetime) -> tuple[Source, ...]:
    """Return the boards that may be asked now: one with a slower cadence than the pace sits out until it is over."""
    slow = {source.board.name: source.board.at_most_every for source in market.sources}
    slow = {name: every for name, every in slow.items() if market.pace and every > market.pace}
    early = {
        name
        for every in set(slow.values())
        for name in store.asked_since(now - every, [name for name, own in slow.items() if own == every])
    }
    return tuple(source for source in market.sources if source.board.name not in early)


def _judge_and_store(market: Market, asked: Asked, *, now: datetime, trigger: str) -> Decision:
    said = {source.board.name: source.read(asked.answers[source.board.name]) for source in market.sources}
    asking = Asking(
        at=now,
        trigger=trigger,
        latency_ms=_milliseconds(asked.elapsed),
        deadline_hit=any(_timed_out(reply) for reply in asked.answers.values()),
    )
    with store.judging():
        readings, since = _readings(market.sources, said, now=now)
        session = session_at(now)
        flat_before = session.back(now, market.rules.flat_for)
        flat = [reading.changed_at for reading in readings if reading.changed_at and reading.changed_at < flat_before]
        decision = decide(
            readings,
            last=store.reference(),
            recent=store.recent(now=now, flat_since=flat),
            session=session,
            now=now,
            rules=market.rules,
        )
        store.record(readings, since, decision, asking)
    return decision


def _readings(
    sources: tuple[Source, ...], said: dict[str, Said], *, now: datetime
) -> tuple[list[Reading], dict[store.Shown, datetime]]:
    since = store.changed_since({name: what.quotes for name, what in said.items()}, now=now)
    readings = []
    for source in sources:
        board, what = source.board, said[source.board.name]
        reading = Reading(board.name, board.family, what.quotes, what.rejections)
        changed_at = since[board.name, reading.gold.instrument] if reading.gold else None
        readings.append(Reading(board.name, board.family, what.quotes, what.rejections, changed_at))
    return readings, since


def _timed_out(reply: Answer | Rejection) -> bool:
    return isinstance(reply, Rejection) and reply.why is Why.TIMEOUT


def _rejected_as_json(decision: Decision) -> list[JSON]:
    return [
        {"source": one.source, "field": one.field, "why": one.why, "detail": one.detail} for one in decision.rejected
    ]


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
