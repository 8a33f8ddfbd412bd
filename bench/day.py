"""A day in the sandbox in fast motion: every tick of a Tehran day with its decision and reasons, as a table.

The ticks are the catalogue's slots from 08:00 to 08:00 of the next day, 121 of them; the hourly lines between tell what
shops are answered while no tick is due. The sandbox's clock is set to each slot, so that the boards speak as they would
then; everything else is real: HTTP, the judgement, PostgreSQL, the cache. What goes wrong, where and for how long is
drawn from a seed: a board frozen, tenfold, HTML, silent; all boards down; the whole market re-levelled.

Checked: whatever goes wrong, no accepted price is farther from the honest market than boards differ among each other.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bench.machine import report
from bench.parts import parts
from zargar.clock import TEHRAN

if TYPE_CHECKING:
    from tests.support.boards import BoardServer
    from zargar.pricing.market import Market
    from zargar.pricing.operations import Ticked

SEED: Final = 7
OPENS: Final = datetime(2026, 11, 22, 8, 0, tzinfo=TEHRAN)
"""A Sunday; a day on which the market trades all hours."""

DEADLINE: Final = timedelta(seconds=0.5)
FARTHEST: Final = Decimal("0.01")
"""How far families may lie apart and still agree (`zargar.pricing.rules`)."""

RELEVEL: Final = "0.86"
ALL: Final = ("wallgold", "tgju", "talasea", "milli", "tlyn", "bonbast")
HEAD: Final = f"{'Tehran':<6} {'decision':<9} {'price':>12} {'shops':<9} {'used':<37} rejected (reason)"


@dataclass(frozen=True)
class Event:
    """Something that happens to boards from `at` until `until`; `how` None moves the market instead."""

    at: datetime
    until: datetime
    how: str | None
    boards: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say what happens, in a line of the table."""
        if self.how is None:
            return f"the market moves to {RELEVEL} of its level"
        whose = "all boards" if self.boards == ALL else ", ".join(self.boards)
        return f"{whose}: {self.how} until {self.until:%H:%M}"


def main() -> None:
    """Start the parts, live through the day, and print it."""
    with parts():
        from tests.support.boards import BoardServer, market_at  # noqa: PLC0415 -- needs Django

        with BoardServer("--seed", str(SEED)) as server:
            whole = market_at(server, deadline=DEADLINE)
            six = tuple(source for source in whole.sources if source.board.name in ALL)
            _live(server, replace(whole, sources=six))


def events(seed: int) -> tuple[Event, ...]:
    """Draw what goes wrong: each kind once, at its part of the day, on boards and for a time that chance chooses.

    The board that freezes does so all morning, so the others' mishaps of the morning are drawn without it.
    """
    rng = random.Random(seed)  # noqa: S311 -- a seeded day; nothing secret
    frozen = rng.choice(ALL)

    def one(hour: int, how: str | None, minutes: tuple[int, int], boards: int = 1) -> Event:
        at = OPENS.replace(hour=hour) + timedelta(minutes=5 * rng.randrange(4))
        until = at + timedelta(minutes=5 * rng.randrange(minutes[0] // 5, minutes[1] // 5 + 1))
        others = [board for board in ALL if board != frozen]
        return Event(at, until, how, ALL if boards == len(ALL) else tuple(sorted(rng.sample(others, boards))))

    return (
        replace(one(8, "frozen", (240, 260)), boards=(frozen,)),
        one(9, "times_ten", (15, 35)),
        one(10, "html", (20, 40), boards=2),
        one(11, "silent", (10, 20), boards=3),
        one(12, "tenth", (10, 30), boards=2),
        one(13, "error500", (10, 20), boards=len(ALL)),
        one(14, None, (0, 0)),
        one(15, "null", (15, 30)),
        replace(one(16, "token_stale", (20, 30)), boards=("bonbast",)),
        one(17, "zero", (15, 25), boards=5),
    )


def _live(server: "BoardServer", market: "Market") -> None:
    from zargar.pricing import operations  # noqa: PLC0415 -- needs Django

    drawn, decisions, refusals, farthest = events(SEED), Counter[str](), Counter[str](), Decimal(0)
    print(f"A day in the sandbox, seed {SEED}: {OPENS:%A %Y-%m-%d}, {len(_slots())} ticks\n\n{HEAD}")
    for moment in _moments():
        for line in _befalls(server, drawn, moment):
            print(line)
        if moment not in _slots():
            answered = operations.current_price(now=moment)
            print(f"{moment.astimezone(TEHRAN):%H:%M}  {'no tick':<9} {_figure(answered.price)} {answered.standing:<9}"
                  f" {answered.reason}")  # fmt: skip
            continue
        ticked = operations.update_prices(market=market, now=moment)
        summary = ticked.summary()
        decisions[str(summary["decision"])] += 1
        refusals.update({(one["source"], one["why"]): one["why"] for one in _rejected(summary)}.values())
        farthest = max(farthest, _off(ticked, server.honest()))
        print(_row(moment, summary, ticked))
    report(
        "day", seed=SEED, ticks=decisions.total(), decisions=dict(decisions), refusals=dict(refusals),
        accepted_price_farthest_from_the_market_per_mille=str(round(farthest * 1000, 2)),
    )  # fmt: skip
    assert farthest <= FARTHEST, f"a price {farthest:.2%} from the market was accepted"


def _slots() -> list[datetime]:
    from zargar.schedules.cadence import slots_between  # noqa: PLC0415 -- needs Django
    from zargar.schedules.catalogue import catalogue  # noqa: PLC0415 -- as above

    entries = catalogue(prices_open=time(8), prices_close=time(18))
    [prices] = [entry for entry in entries if entry.name == "update-gold-prices"]
    return slots_between(prices.cadence, OPENS - timedelta(minutes=1), OPENS + timedelta(days=1))


def _moments() -> list[datetime]:
    """Return the slots, and each full hour between them."""
    hours = [(OPENS + timedelta(hours=hour)).astimezone(UTC) for hour in range(25)]
    return sorted({*_slots(), *hours})


def _befalls(server: "BoardServer", drawn: tuple[Event, ...], moment: datetime) -> Iterator[str]:
    """Set the sandbox's clock, begin and end what begins and ends now, and tell of it."""
    server.stand_at(moment)
    for event in drawn:
        if event.how is not None and event.until == moment:
            server.heal(*event.boards)
            yield f"{'':6} -- well again: {'all boards' if event.boards == ALL else ', '.join(event.boards)}"
    for event in drawn:
        if event.at != moment:
            continue
        if event.how is None:
            server.move(RELEVEL)
        for board in event.boards if event.how is not None else ():
            server.misbehave(board, str(event.how))
        yield f"{'':6} -- {event}"


def _row(moment: datetime, summary: dict[str, Any], ticked: "Ticked") -> str:
    rejected = ", ".join(sorted({f"{one['source']} ({one['why']})" for one in _rejected(summary)})) or "-"
    held = f"  [{summary['decided_because']}]" if summary["decision"] != "accepted" else ""
    return (
        f"{moment.astimezone(TEHRAN):%H:%M}  {summary['decision']:<9} {_figure(ticked.answered.price)} "
        f"{summary['state']:<9} {','.join(summary['used']) or '-':<37} {rejected}{held}"
    )


def _rejected(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return list(summary["rejected"])


def _off(ticked: "Ticked", honest: Decimal) -> Decimal:
    """Return how far an accepted price is from the market, as a ratio; zero where none was accepted."""
    from zargar.pricing.readings import Accepted  # noqa: PLC0415 -- needs Django

    if not isinstance(ticked.decision, Accepted):
        return Decimal(0)
    return abs(ticked.decision.price - honest) / honest


def _figure(price: Decimal | None) -> str:
    return f"{'-':>12}" if price is None else f"{price:>12,.0f}"
