"""How long a price takes: with healthy boards, and with boards and name servers that hang in every way we know.

Each tick is whole: two boards (WallGold, TGJU) or all are asked over HTTP at the sandbox, judged, stored in PostgreSQL
and published to Valkey. Healthy boards answer after a delay of their own; the tick may cost the slowest board and
100 ms. Every hanging board is asked under the default deadline; the tick must end there, with five karats from the last
accepted price, marked as a fallback. The mission's own run took 28.04 s for five karats with fallback prices.
"""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bench.machine import facts, report
from bench.parts import parts
from zargar import clock

if TYPE_CHECKING:
    from tests.support.boards import BoardServer
    from zargar.pricing.market import Market

MISSION_SECONDS: Final = 28.04
ALLOWANCE_MS: Final = 100
ROUNDS: Final = 20
HANGING: Final = ("silent", "drip", "endless_headers", "endless_body", "refuse")
DELAYS: Final = {"wallgold": 0.3, "tgju": 0.1}


def main() -> None:
    """Start the parts, measure, stop them."""
    with parts():
        _measure()


def _measure() -> None:
    from tests.support.boards import BoardServer, market_at  # noqa: PLC0415 -- needs Django

    with BoardServer() as server:
        every = market_at(server)
        two = replace(every, sources=tuple(s for s in every.sources if s.board.name in DELAYS))
        _healthy("prices.two_healthy", server, two, DELAYS)
        _healthy("prices.all_healthy", server, every, {})
        for how in HANGING:
            for board in DELAYS:
                server.misbehave(board, how)
            _hanging(how, two)
            server.heal()
        with _deaf_name_server() as address:
            from zargar.pricing.boards import HttpBoards  # noqa: PLC0415 -- needs Django

            _hanging("stuck_resolver", replace(two, boards=HttpBoards(nameservers=[address])))


def _healthy(bench: str, server: "BoardServer", market: "Market", delays: dict[str, float]) -> None:
    for board, seconds in delays.items():
        server.misbehave(board, "delay", seconds=seconds)
    slowest = round(max(delays.values(), default=0) * 1000)
    ticks = [_tick(market) for _ in range(ROUNDS)]
    server.heal()
    asking = [summary["latency_ms"] for _, summary in ticks]
    whole = [round(seconds * 1000) for seconds, _ in ticks]
    report(
        bench,
        boards=len(market.sources),
        rounds=ROUNDS,
        slowest_board_ms=slowest,
        asking_ms_median=statistics.median(asking),
        asking_ms_worst=max(asking),
        tick_ms_median=statistics.median(whole),
        tick_ms_worst=max(whole),
        limit_ms=slowest + ALLOWANCE_MS,
        within=max(whole) <= slowest + ALLOWANCE_MS,
        states=sorted({summary["state"] for _, summary in ticks}),
    )


def _hanging(how: str, market: "Market") -> None:
    seconds, summary = _tick(market)
    report(
        f"prices.{how}",
        deadline_seconds=market.deadline.total_seconds(),
        tick_seconds=round(seconds, 2),
        ended_at_deadline=seconds <= market.deadline.total_seconds() + ALLOWANCE_MS / 1000,
        mission_seconds=MISSION_SECONDS,
        state=summary["state"],
        marked_fallback=summary["fallback"],
        karats=len(summary["karats"]),
        age_seconds=summary["age_seconds"],
        why=sorted({one["why"] for one in summary["rejected"]}),
    )


def _tick(market: "Market") -> tuple[float, dict[str, Any]]:
    from zargar.pricing import operations  # noqa: PLC0415 -- needs Django

    began = time.monotonic()
    summary = operations.update_prices(market=market, now=clock.now(), trigger="bench").summary()
    return time.monotonic() - began, dict(summary)


@contextmanager
def _deaf_name_server() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


if __name__ == "__main__":
    report("machine", **facts())
    main()
