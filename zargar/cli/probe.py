"""`zargar probe worker|beat`: what a process manager (compose, a cluster) asks, in the container of the process itself.

Reads the file that ZARGAR_HEARTBEAT_FILE names, which moves only when the worker consumes or the beat ticks. Exits 0
when it moved lately, and also when what the process needs is away, since a restart would cure nothing; else 1. A probe
that finds the file moving starts neither Django nor Celery.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from zargar.cli import start, web_probe
from zargar.cli.exits import Exit, fail
from zargar.monitoring.probes import advise

app = typer.Typer(name="probe", help="Health of this container's process, for its manager.", no_args_is_help=True)

VARIABLE: Final = "ZARGAR_HEARTBEAT_FILE"
PATIENCE: Final = timedelta(seconds=2)

app.command()(web_probe.web)

Within: TypeAlias = Annotated[int, typer.Option(min=1, help="Seconds that the file may stand still.")]


@app.command()
def worker(*, within: Within = 60) -> None:
    """Say whether the worker consumes. Exits with 1 when it should be started again."""
    _probe(within, need="the broker", answers=_broker_answers)


@app.command()
def beat(*, within: Within = 30) -> None:
    """Say whether the beat ticks. Exits with 1 when it should be started again."""
    _probe(within, need="the database", answers=_database_answers)


def _probe(within: int, *, need: str, answers: Callable[[], bool]) -> None:
    age, limit = _age(), timedelta(seconds=within)
    moves = age is not None and age <= limit
    advice = advise(age, limit=limit, need=need, need_answers=None if moves else answers())
    typer.echo(advice.why)
    if not advice.healthy:
        sys.exit(Exit.REFUSED)


def _age() -> timedelta | None:
    file = os.environ.get(VARIABLE)
    if not file:
        fail(f"{VARIABLE} is not set: it names the file that this container's process moves", Exit.BAD_INPUT)
    try:
        return timedelta(seconds=max(0.0, time.time() - Path(file).stat().st_mtime))
    except FileNotFoundError:
        return None


def _broker_answers() -> bool:
    start.django()
    from zargar.celery import app as celery  # noqa: PLC0415 -- needs Django, and is only asked when the file stands
    from zargar.engine.health import broker_answers  # noqa: PLC0415 -- as above

    return broker_answers(celery, within=PATIENCE)


def _database_answers() -> bool:
    start.django()
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415 -- needs Django

    from zargar.ledger import store  # noqa: PLC0415 -- as above

    try:
        store.now()
    except (OperationalError, InterfaceError):
        return False
    return True
