"""`zargar customers`: take a list of customers in, and keep what a customer agrees to."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zargar import clock
from zargar.cli import start
from zargar.cli.exits import Exit
from zargar.cli.output import AsJson, Reason, actor, emit, table
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.customers.import_operations import Imported

app = typer.Typer(name="customers", help="The customers of a shop.", no_args_is_help=True)

_SHOWN = 50

ShopName = Annotated[str, typer.Option("--shop", help="The shop's short name.")]
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="A CSV file in UTF-8; its first line names the columns."
    ),
]
Who = Annotated[int, typer.Argument(help="The customer's id.")]
Channel = Annotated[str, typer.Option(help="sms, email, push or inbox.")]
Purpose = Annotated[str, typer.Option(help="promotion or transactional.")]


@app.command("import")
def import_file(
    file: File,
    shop: ShopName,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it and keep nothing.")] = False,
    source: Annotated[str, typer.Option(help="Where the consents come from.")] = "",
    reason: Reason = "a list of customers",
    as_json: AsJson = False,
) -> None:
    """Take customers in from a CSV file: all of it, or nothing and every mistake by line and column.

    Columns: full_name (نام), mobile (موبایل), email (ایمیل), birth_date (تاریخ تولد), note (یادداشت), and the consents
    sms_promotion (رضایت پیامک), email_promotion, push_promotion, inbox_promotion. Who is known stays as they are.
    """
    start.django()
    from zargar.customers import import_operations  # noqa: PLC0415 -- needs Django
    from zargar.shops import operations as shops  # noqa: PLC0415 -- as above
    from zargar.tenancy import in_tenant  # noqa: PLC0415 -- as above

    found = shops.named(shop)
    with in_tenant(found.id):
        done = import_operations.import_file(
            lambda: _lines(file), dry_run=dry_run, source=source or f"فهرست {file.name}", actor=actor(), reason=reason,
            subject=shop, now=clock.now(),
        )  # fmt: skip
    emit(_facts(done, dry_run=dry_run), as_json=as_json, human=_in_words(done, dry_run=dry_run))
    if done.mistaken_lines:
        raise typer.Exit(Exit.BAD_INPUT)


@app.command()
def consent(
    customer: Who,
    shop: ShopName,
    source: Annotated[str, typer.Option(help="Where it comes from: a form, a talk in the shop.")],
    *,
    channel: Channel = "sms",
    purpose: Purpose = "promotion",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They agree no more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep that a customer agrees to be written to, or agrees no more."""
    start.django()
    from zargar.customers.models import Channel as Way  # noqa: PLC0415 -- needs Django
    from zargar.customers.models import Purpose as Why  # noqa: PLC0415 -- as above
    from zargar.notifications import consents  # noqa: PLC0415 -- as above
    from zargar.shops import operations as shops  # noqa: PLC0415 -- as above
    from zargar.tenancy import in_tenant  # noqa: PLC0415 -- as above

    if channel not in Way.values or purpose not in Why.values:
        message = f"a consent is for one of {', '.join(Way.values)} and one of {', '.join(Why.values)}"
        raise typer.BadParameter(message)
    with in_tenant(shops.named(shop).id):
        if withdraw:
            changed = consents.withdraw(
                customer_id=customer, channel=Way(channel), purpose=Why(purpose), source=source, now=clock.now()
            )
        else:
            changed = consents.give(
                customer_id=customer, channel=Way(channel), purpose=Why(purpose), source=source, now=clock.now()
            )
    facts: Summary = {
        "customer": customer, "channel": channel, "purpose": purpose, "stands": not withdraw, "changed": changed,
    }  # fmt: skip
    state = "agrees no more" if withdraw else "agrees"
    emit(facts, as_json=as_json, human=f"customer {customer} {state} to {purpose} by {channel}")


def _lines(file: Path) -> Iterable[str]:
    """Read the file line by line; a byte that is no UTF-8 comes through as a sign that the reader points at."""
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        yield from opened


def _facts(done: "Imported", *, dry_run: bool) -> Summary:
    return {
        "dry_run": dry_run,
        "lines": done.lines,
        "added": done.added,
        "known": done.known,
        "consents": done.consents,
        "mistaken_lines": done.mistaken_lines,
        "mistakes": [{"line": one.line, "column": one.column, "what": one.what} for one in done.mistakes],
    }


def _in_words(done: "Imported", *, dry_run: bool) -> str:
    if not done.mistaken_lines:
        verb = "would be new" if dry_run else "are new"
        return f"{done.lines} line(s): {done.added} customer(s) {verb}, {done.known} known, {done.consents} consent(s)"
    rows = [(one.line, one.column or "-", one.what) for one in done.mistakes[:_SHOWN]]
    head = f"{done.mistaken_lines} of {done.lines} line(s) are wrong; nothing was kept"
    rest = f"\nand {more} more; --json lists them" if (more := len(done.mistakes) - _SHOWN) > 0 else ""
    return f"{head}\n{table(('line', 'column', 'what is wrong'), rows)}{rest}"
