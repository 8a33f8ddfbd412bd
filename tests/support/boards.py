"""The sandbox of the price boards as a test meets it: its own process, asked and told over HTTP like anything else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlsplit

from zargar.pricing.boards import HttpBoards
from zargar.pricing.market import Market
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE, WORLD


class BoardServer:
    """A running sandbox."""

    def __init__(self, *arguments: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "zargar.sandbox", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._popen.stdout is not None
        self.before: list[str] = []
        while (line := self._popen.stdout.readline()).startswith("mail "):
            self.before.append(line)
        assert line.startswith("listening http://"), f"the sandbox said {line!r} and exited {self._popen.poll()}"
        self.url = line.split()[1]

    def misbehave(self, board: str, how: str, **more: float) -> None:
        """Have a board go wrong from now on, in a way of `zargar.sandbox.misbehaviour.How`."""
        self._post("misbehave", board=board, how=how, **more)

    def heal(self, *boards: str) -> None:
        """Have boards be themselves again; all of them when none is named."""
        for board in boards or [source.board.name for source in (*CATALOGUE, *WORLD)]:
            self._post("misbehave", board=board, how=None)

    def move(self, factor: str) -> None:
        """Multiply the level of the whole market."""
        self._post("market", factor=factor)

    def stand_at(self, moment: datetime | None) -> None:
        """Have it be that moment for the boards and their market; None: the real time again."""
        self._post("clock", at=moment.isoformat() if moment else None)

    def honest(self) -> Decimal:
        """Return what the market costs now, in whole Toman per gram of 750, whatever a board says."""
        return Decimal(json.loads(self.get("/_sandbox/market"))["toman_per_gram_18k"])

    def calls(self, board: str | None = None) -> list[dict[str, Any]]:
        """Return the calls that came in, of one board or all."""
        calls: list[dict[str, Any]] = json.loads(self.get("/_sandbox/journal"))
        return [call for call in calls if board in {None, call["board"]}]

    def get(self, path: str) -> bytes:
        """Read a path as any client would."""
        return self._exchange("GET", path)

    def stop(self) -> None:
        """End it."""
        self._popen.terminate()
        self._popen.wait(10)
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened."""
        self.stop()

    def tell(self, order: str, **what: object) -> None:
        """Send an order to the control, as `misbehave` or `sms/kavenegar`."""
        self._post(order, **what)

    def forget(self, path: str) -> None:
        """Have what is kept at a path of the control be forgotten."""
        self._exchange("DELETE", path)

    def order(self, body: str) -> bytes:
        """Send an order to misbehave as it stands."""
        return self._exchange("POST", "/_sandbox/misbehave", body.encode())

    def _post(self, order: str, **what: object) -> None:
        self._exchange("POST", f"/_sandbox/{order}", json.dumps(what).encode())

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> bytes:
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=5)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            said = answer.read()
        assert answer.status in {200, 204}, said
        return said


@contextmanager
def healthy(server: BoardServer) -> Iterator[BoardServer]:
    """Lend a server to one test, and have it healed for the next."""
    server.heal()
    yield server
    server.heal()


def market_at(server: BoardServer, *, deadline: timedelta = timedelta(seconds=5)) -> Market:
    """Return the whole market with its real parts, against the sandbox."""
    keys = {source.board.name: "sandbox" for source in CATALOGUE if source.board.key}
    return Market(HttpBoards(sandbox=server.url, keys=keys), CATALOGUE, Rules(), deadline, pace=timedelta())
