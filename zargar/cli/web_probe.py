"""`zargar probe web`: whether the web process of this machine answers. Exits 0, or 4 when it does not.

It asks `/health/live`, which depends on nothing else, as the proxy in front does: with a host name that is allowed and
as if over TLS; otherwise a healthy process would answer with a refusal or a redirect.
"""

import http.client
import os
from contextlib import closing
from typing import Annotated, Final

import typer

from zargar.cli.exits import Exit, fail

PATIENCE: Final = 5.0

app = typer.Typer(name="probe", help="Whether a process of ours does its work.", no_args_is_help=True)


@app.callback()
def probe() -> None:
    """Whether a process of ours does its work."""


@app.command()
def web(port: Annotated[int, typer.Option(help="Where it listens, on this machine.")] = 8000) -> None:
    """Say whether the web process answers."""
    headers = {"Host": _allowed_host(os.environ.get("ALLOWED_HOSTS", "")), "X-Forwarded-Proto": "https"}
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/health/live", headers=headers)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        fail(f"the web process does not answer on port {port}: {type(error).__name__}", Exit.PART_AWAY)
    if status != http.client.OK:
        fail(f"the web process answers /health/live with {status}", Exit.PART_AWAY)
    typer.echo("the web process answers")


def _allowed_host(allowed: str) -> str:
    """Return a host name that Django accepts: the first of ALLOWED_HOSTS, `.example.ir` standing for itself too."""
    first = allowed.split(",", maxsplit=1)[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "localhost"
