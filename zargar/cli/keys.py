"""`zargar keys`: make, check and destroy the keys that open backups."""

import os
from pathlib import Path
from typing import Annotated

import typer

from zargar.cli import places, start
from zargar.cli.output import AsJson, Reason, actor, emit
from zargar.refusals import RefusedError

app = typer.Typer(name="keys", help="The keys that open backups.", no_args_is_help=True)


class KeyFileExistsError(RefusedError):
    """There is a file of that name; a key is never written over."""


@app.command()
def generate(
    file: Annotated[Path, typer.Argument(help="Where the secret half goes, readable by you alone.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key pair; the public half is printed, the secret half written to a new file and shown nowhere.

    Make one for operations and one for escrow, and keep the latter's file offline.
    """
    from zargar.backups import age  # noqa: PLC0415 -- `--help` need not wait for it

    pair = age.generate()
    with places.written(file):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as there:
            message = f"{file} is there already, and a key is never written over"
            raise KeyFileExistsError(message) from there
        with os.fdopen(descriptor, "w") as out:
            out.write(f"# public key: {pair.recipient}\n{pair.identity}\n")
    emit({"recipient": pair.recipient, "file": str(file)}, as_json=as_json, human=pair.recipient)


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Show whether the key in ZARGAR_BACKUP_IDENTITY(_FILE) is that of operations or of escrow."""
    start.django()
    from zargar.backups import age, wiring  # noqa: PLC0415 -- needs Django

    recipient = age.recipient_of(wiring.identity())
    holder = wiring.holder_of(recipient)
    emit({"recipient": recipient, "holder": holder}, as_json=as_json, human=f"{recipient} is the key of {holder}")


@app.command()
def destroy(
    shop: Annotated[str, typer.Argument(help="The shop's short name; a deleted one: as it was called.")],
    confirm: Annotated[str, typer.Option(help="Its domain, typed; of a deleted shop the name once more.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Destroy a shop's keys in every vault: what backups hold of it never opens again; exit 1 while a vault keeps one.

    Nobody can take this back. The shop is deleted or suspended first; a vault that does not answer is named, and is
    tried again by each daily cleanup.
    """
    start.django()
    from zargar import clock  # noqa: PLC0415 -- needs Django
    from zargar.backups import erasing, wiring  # noqa: PLC0415 -- as above

    done = erasing.erase(
        slug=shop, confirm=confirm, vaults=wiring.vaults(), actor=actor(), reason=reason, now=clock.now()
    )
    lines = [f"{one.vault}: {one.error or 'erased'}" for one in done.outcomes]
    emit(
        {"shop": shop, **done.summary()},
        as_json=as_json,
        human="\n".join([f"{len(done.objects)} keys of {shop}", *lines]),
    )
    if not done.complete:
        raise typer.Exit(1)
