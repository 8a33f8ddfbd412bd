"""`zargar demo` and `zargar up`: the whole system on this machine, until Ctrl-C.

`demo` stands beside the sandbox, with three shops and a price every few seconds; `--once` makes one pass that puts the
system's claims to the test, prints what was proven and exits: 0, or 1 with the claim that did not hold.
`up` is the system itself: it asks the real boards at the contract's times, and has the shops that were created.

Both start PostgreSQL and Valkey from Python packages unless DATABASE_URL and CELERY_BROKER_URL name others, keep all
data in ZARGAR_DATA (`.zargar`), and stop what they started. A second one in the same place takes a side folder.
With `--json` each piece of news is one JSON object a line; `--once --json` prints one object.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import click
import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.exits import Exit
from zargar.cli.output import AsJson
from zargar.outcomes import JSON, Summary
from zargar.refusals import RefusedError

if TYPE_CHECKING:
    from zargar.embedded.house import House, Part
    from zargar.embedded.options import Options
    from zargar.embedded.supervisor import Restart

POLL_SECONDS: Final = 0.5


class EmbeddedMissingError(RefusedError):
    """What starts servers is not installed: `pip install zargar[embedded]`."""


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Put the system's claims to the test once, and exit.")] = False,
    as_json: AsJson = False,
    prices_every: Annotated[int, typer.Option(min=1, help="Seconds between two prices.")] = 5,
) -> None:
    """Run the whole system beside the sandbox, with three shops, until Ctrl-C."""
    options = _embedded().demo(os.environ, prices_every=prices_every)
    _run(options, once=once, screen=Screen(as_json=as_json, once=once))


def up(*, as_json: AsJson = False) -> None:
    """Run the system itself on this machine: real boards, the shops that were created; until Ctrl-C."""
    _run(_embedded().up(os.environ), once=False, screen=Screen(as_json=as_json, once=False))


class Screen:
    """Where news goes: lines for people or, with `as_json`, one object a line; `once` keeps stdout for one object."""

    def __init__(self, *, as_json: bool, once: bool) -> None:
        self.as_json = as_json
        self.once = once

    def tell(self, text: str, data: Summary) -> None:
        """Tell one piece of news."""
        if self.as_json and not self.once:
            click.echo(json.dumps(data, ensure_ascii=False))
        else:
            click.echo(text, err=self.as_json)

    def part(self, part: "Part") -> None:
        """Tell of a part that answers."""
        text = f"{part.name:<18} {part.version:<9} {part.where:<34} {part.seconds:5.2f} s"
        self.tell(text, {"news": "part", **_part(part)})

    def restart(self, restart: "Restart") -> None:
        """Tell of a child that is started again."""
        from zargar.embedded.news import of_restart  # noqa: PLC0415 -- `--help` need not wait for it

        line = of_restart(restart)
        self.tell(line.text, line.data)


def _embedded() -> "type[Options]":
    """Import what starts servers, which a production install need not have. Raises `EmbeddedMissingError`."""
    try:
        from zargar.embedded import house, options  # noqa: F401, PLC0415 -- the import is the question
    except ModuleNotFoundError as missing:
        message = f"{EmbeddedMissingError.__doc__} ({missing.name} is missing)"
        raise EmbeddedMissingError(message) from missing
    return options.Options


def _run(options: "Options", *, once: bool, screen: Screen) -> None:
    from zargar.embedded.folder import DataFolder  # noqa: PLC0415 -- `--help` need not wait for it
    from zargar.embedded.house import House  # noqa: PLC0415 -- as above

    began = time.monotonic()
    folder = DataFolder.claim(Path(os.environ.get("ZARGAR_DATA") or ".zargar"))
    house = House(folder, options, clock=clock.now, told=screen.part, restarted=screen.restart)
    _say_where(house, screen)
    with _terminated_as_interrupted():
        try:
            house.start()
            _become_a_part_of(house)
            if once:
                _examine(house, screen, began)
            else:
                _watch(house, screen)
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)
        finally:
            house.stop()
            folder.close()


def _say_where(house: "House", screen: Screen) -> None:
    folder = house.folder
    taken = f"{folder.wanted} is in use by a running system; " if folder.moved else ""
    data: Summary = {"news": "folder", "path": str(folder.path), "moved": folder.moved}
    screen.tell(f"{taken}data is kept in {folder.path}", data)


def _become_a_part_of(house: "House") -> None:
    """Set Django up in this process as the app's role, on the database that has just been made."""
    os.environ.update(house.env)
    os.environ.pop("DATABASE_OWNER_URL", None)
    start.django()


def _watch(house: "House", screen: Screen) -> None:
    """Tell what happens until Ctrl-C or SIGTERM, which is the usual end."""
    from django.db import InterfaceError, OperationalError, connection  # noqa: PLC0415 -- needs Django

    from zargar.embedded.news import News  # noqa: PLC0415 -- as above
    from zargar.ledger import operations  # noqa: PLC0415 -- as above

    with suppress(KeyboardInterrupt):
        news = News(operations.recent(limit=100))
        screen.tell("it runs; Ctrl-C stops it. In another terminal: zargar status, zargar runs list", {"news": "runs"})
        while True:
            house.tick()
            try:
                for line in news.since(operations.recent(limit=100)):
                    screen.tell(line.text, line.data)
            except (OperationalError, InterfaceError) as away:
                screen.tell("the database does not answer", {"news": "database", "error": type(away).__name__})
                connection.close()
            time.sleep(POLL_SECONDS)


def _examine(house: "House", screen: Screen, began: float) -> None:
    """Prove what is claimed, print it, and exit with 1 where a claim did not hold."""
    from zargar.embedded.proofs import NotProvenError, examine  # noqa: PLC0415 -- `--help` need not wait for it

    proven: Summary = {}
    failed: Summary | None = None
    try:
        for proof in examine(house):
            proven[proof.name] = proof.evidence
            screen.tell(f"proven: {proof.name} ({proof.seconds:.1f} s)", {})
    except NotProvenError as error:
        failed = {"claim": error.name, "found": error.found}
        screen.tell(f"NOT PROVEN: {error}", {})
    restarts: list[JSON] = [{"name": each.name, "exit_code": each.exit_code} for each in house.supervisor.restarts]
    result: Summary = {
        "parts": [_part(part) for part in house.parts],
        "proven": proven,
        "failed": failed,
        "restarts": restarts,
        "milliseconds": round((time.monotonic() - began) * 1000),
    }
    if screen.as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    if failed is not None:
        sys.exit(Exit.REFUSED)


def _part(part: "Part") -> Summary:
    return {
        "part": part.name, "version": part.version, "where": part.where, "milliseconds": round(part.seconds * 1000)
    }  # fmt: skip


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, and Ctrl-C even where a shell started us with it ignored: both stop all in order."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
