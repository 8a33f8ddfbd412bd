"""Put the nouns together."""

import typer

from zargar.cli import (
    backups,
    calendar,
    customers,
    database,
    keys,
    notify,
    prices,
    probe,
    restore,
    runs,
    schedule,
    shops,
    status,
    tasks,
)
from zargar.cli.demo import demo, up
from zargar.cli.exits import run

app = typer.Typer(
    name="zargar",
    help="The background engine of ZARGAR: gold prices, backups and messages for jewellery shops.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # errors in one plain line, that a script can read
)
app.command()(demo)
app.command()(up)
app.command()(status.status)
for noun in (
    prices,
    backups,
    restore,
    keys,
    calendar,
    schedule,
    runs,
    tasks,
    shops,
    customers,
    notify,
    database,
    probe,
):
    app.add_typer(noun.app)


def main() -> None:
    """Run the command line; the entry point of `zargar`."""
    run(app)
