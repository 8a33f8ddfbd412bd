"""`zargar probe web`: whether the web process of this container answers. Exits 0, or 1 when it should be restarted.

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


def web(port: Annotated[int, typer.Option(help="Where it listens.")] = 8000) -> None:
    """Say whether the web process answers. Exits with 1 when it should be started again."""
    headers = {"Host": allowed_host(os.environ.get("ALLOWED_HOSTS", "")), "X-Forwarded-Proto": "https"}
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/health/live", headers=headers)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        fail(f"the web process does not answer on port {port}: {type(error).__name__}", Exit.REFUSED)
    if status != http.client.OK:
        fail(f"the web process answers /health/live with {status}", Exit.REFUSED)
    typer.echo("the web process answers")


def allowed_host(allowed: str) -> str:
    """Return a host name that Django accepts: the first of ALLOWED_HOSTS, `.example.ir` standing for itself too."""
    first = allowed.split(",", maxsplit=1)[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "localhost"
