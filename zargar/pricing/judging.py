"""A tick between its two ends: whose turn it is, and what was said becomes readings, a judgement and rows.

The feeds of the world's ounce are kept with the tick like any other quote, and are not among the readings that are
judged: they are no opinion about what gold costs in Tehran. With the ounces and dollars that boards show they make the
band (`band`) around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zargar.calendars import operations as calendar
from zargar.pricing import asking, board_store, checks, store
from zargar.pricing.answers import Answer
from zargar.pricing.asking import Round, Turn
from zargar.pricing.band import world_band
from zargar.pricing.board import Said, Source
from zargar.pricing.consensus import decide
from zargar.pricing.market import Market
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.readings import Decision, Reading
from zargar.pricing.store import Asking


def take_turn(market: Market, *, now: datetime) -> Turn | None:
    """Take the turn of a tick; None within the pace of the tick before, or where another round asks just now."""
    last = store.last_asked()
    if last is not None and timedelta() <= now - last < market.pace:
        return None
    turn = asking.take_turn(
        market.quick,
        beside=market.world,
        unasked=[source.board.name for source in market.slow],
        politely=bool(market.pace),
        rules=market.manners,
        now=now,
    )
    return None if turn.too_early else turn


def judge_and_store(market: Market, turn: Turn, done: Round, *, now: datetime, trigger: str) -> Decision:
    """Judge what was said, and keep it with the judgement and with how the boards stand now, in one transaction."""
    slow = asking.slow_said(market.slow, turn, since=now - checks.SLOW_FOR, now=now)
    said = {**done.said, **turn.refusals(), **slow}
    circumstances = Asking(
        at=now,
        trigger=trigger,
        latency_ms=done.asked.elapsed // timedelta(milliseconds=1),
        deadline_hit=any(_timed_out(reply) for reply in done.asked.answers.values()),
    )
    with store.judging():
        since = store.changed_since({name: what.quotes for name, what in said.items()}, now=now)
        readings = _readings(market.sources, said, since)
        session = calendar.session(now=now)
        flat_before = session.back(now, market.rules.flat_for)
        flat = [reading.changed_at for reading in readings if reading.changed_at and reading.changed_at < flat_before]
        decision = decide(
            readings,
            last=store.reference(),
            recent=store.recent(now=now, flat_since=flat),
            session=session,
            now=now,
            rules=market.rules,
            band=world_band([quote for what in said.values() for quote in what.quotes], now=now, rules=market.rules),
        )
        store.record([*readings, *_readings(market.world, said, since)], since, decision, circumstances)
        board_store.keep(asking.standing_after(turn, done, rules=market.manners, now=now))
    return decision


def _readings(
    sources: Sequence[Source], said: Mapping[str, Said], since: Mapping[store.Shown, datetime]
) -> list[Reading]:
    """Return what each source said; one that was not asked, and has nothing to answer for, is left out."""
    readings = []
    for source in sources:
        board, what = source.board, said.get(source.board.name)
        if what is None:
            continue
        reading = Reading(board.name, board.family, what.quotes, what.rejections)
        changed_at = since[board.name, reading.gold.instrument] if reading.gold else None
        readings.append(replace(reading, changed_at=changed_at))
    return readings


def _timed_out(reply: Answer | Rejection) -> bool:
    return isinstance(reply, Rejection) and reply.why is Why.TIMEOUT
