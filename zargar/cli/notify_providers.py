"""`zargar notify providers`: the accounts that carry messages: how they stand, and who gets which share."""

from typing import Annotated

import typer

from zargar import clock
from zargar.cli import start as starting
from zargar.cli.output import AsJson, Reason, actor, emit, table

app = typer.Typer(name="providers", help="The accounts that carry messages.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="Its name in ZARGAR_PROVIDERS.")]


@app.command("list")
def list_accounts(
    *,
    shop: Annotated[str, typer.Option(help="For a shop; `platform`: for those without shares.")] = "platform",
    credit: Annotated[bool, typer.Option("--credit", help="Ask each for what is left of its credit.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts: their share, their own weight (failures lower it), and why one is stopped."""
    starting.django()
    from zargar.notifications import account_desk, desk  # noqa: PLC0415 -- needs Django

    found = account_desk.listed(now=clock.now(), shop_id=desk.number_of(shop), ask=credit)
    money = ("credit_rial", "reserved_rial") if credit else ("reserved_rial",)
    head = ("account", "adapter", "channel", "share", "weight", *money, "stopped")
    rows = [["-" if one[name] is None else one[name] for name in head] for one in found]
    words = table(head, rows) if rows else "ZARGAR_PROVIDERS names no account: nothing leaves (docs/notifications.md)"
    emit([*found], as_json=as_json, human=words)


@app.command()
def stop(account: Account, reason: Reason, *, as_json: AsJson = False) -> None:
    """Give an account nothing until it is started again."""
    starting.django()
    from zargar.notifications import account_desk  # noqa: PLC0415 -- needs Django

    account_desk.stop(account=account, actor=actor(), reason=reason, now=clock.now())
    emit({"account": account, "stopped": True}, as_json=as_json, human=f"{account} carries nothing until it is started")


@app.command()
def start(account: Account, reason: Reason, *, as_json: AsJson = False) -> None:
    """Let a stopped account carry again: after its credit was charged, or its key mended."""
    starting.django()
    from zargar.notifications import account_desk  # noqa: PLC0415 -- needs Django

    account_desk.start(account=account, actor=actor(), reason=reason, now=clock.now())
    emit({"account": account, "stopped": False}, as_json=as_json, human=f"{account} carries again")


@app.command()
def share(
    account: Account,
    weight: Annotated[int, typer.Argument(min=0, max=100, help="Its share of its channel; 0 shuts it out.")],
    reason: Reason,
    *,
    shop: Annotated[str, typer.Option(help="Of this shop alone; `platform`: of all that have no shares.")] = "platform",
    as_json: AsJson = False,
) -> None:
    """Give an account a share; accounts of the same channel without one then get nothing."""
    starting.django()
    from zargar.notifications import account_desk, desk  # noqa: PLC0415 -- needs Django

    account_desk.share(shop_id=desk.number_of(shop), account=account, weight=weight, actor=actor(), reason=reason)
    emit({"account": account, "shop": shop, "share": weight}, as_json=as_json, human=f"{account}: {weight} for {shop}")
