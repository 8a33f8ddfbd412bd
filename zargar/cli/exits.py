"""Exit codes, and the one place where an error becomes one."""

import sys
from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn

import typer


class Exit(IntEnum):
    """What the command's exit code means; stable, scripts rely on it."""

    DONE = 0
    REFUSED = 1
    BAD_INPUT = 2
    NOT_FOUND = 3
    PART_AWAY = 4
    INTERRUPTED = 130


def fail(message: str, code: Exit) -> NoReturn:
    """Say what is wrong on standard error, in one line, and exit."""
    typer.echo(f"zargar: {message}", err=True)
    sys.exit(code)


def run(command: Callable[[], object]) -> NoReturn:
    """Run a command line and exit with its code.

    Typer answers what is wrong with the arguments themselves (2) and Ctrl-C (130). An error that is not listed here is
    a bug and shows its traceback.
    """
    import psycopg  # noqa: PLC0415 -- `--help` need not wait for it
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415 -- as above
    from environs import EnvError  # noqa: PLC0415 -- as above

    from zargar.outcomes import Outcome  # noqa: PLC0415 -- as above
    from zargar.refusals import InvalidError, NotFoundError, RefusedError  # noqa: PLC0415 -- as above
    from zargar.scrub import scrub  # noqa: PLC0415 -- as above

    try:
        command()
    except NotFoundError as error:
        fail(str(error), Exit.NOT_FOUND)
    except (InvalidError, EnvError) as error:
        fail(str(error), Exit.BAD_INPUT)
    except (RefusedError, Outcome) as error:
        fail(str(error), Exit.REFUSED)
    except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
        fail(f"the database does not answer, or refuses: {scrub(str(error)).strip()}", Exit.PART_AWAY)
    sys.exit(Exit.DONE)
