"""Start the sandbox on the loopback address and say where it listens; SIGTERM or SIGINT ends it at once."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from zargar.sandbox.journal import Journal
from zargar.sandbox.market import Market
from zargar.sandbox.server import Sandbox


async def serve(sandbox: Sandbox, port: int) -> None:
    """Serve until a signal comes. `port` 0 lets the system choose; the line that is printed says which."""
    runner = web.AppRunner(sandbox.application(), shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _, listening = runner.addresses[0][:2]
    sys.stdout.write(f"listening http://127.0.0.1:{listening}\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m zargar.sandbox", description="Stand-ins for the price boards.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose (the default)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same market")
    parser.add_argument("--journal", type=Path, help="also write every call to this file, one JSON object a line")
    arguments = parser.parse_args()
    asyncio.run(serve(Sandbox(Market(arguments.seed), Journal(arguments.journal)), arguments.port))


if __name__ == "__main__":
    main()
