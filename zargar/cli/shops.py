"""`zargar shops`: create, list, suspend, resume, rename, delete and migrate shops."""

from typing import TYPE_CHECKING, Annotated

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, table
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.shops.models import Shop

app = typer.Typer(name="shops", help="The shops and their schemas.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The shop's short name, which is its schema's too.")]


@app.command("list")
def list_shops(*, as_json: AsJson = False) -> None:
    """List the shops with their state."""
    start.django()
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    shops = [_facts(shop) for shop in operations.listed()]
    emit(
        list(shops),
        as_json=as_json,
        human=table(("id", "shop", "state", "name"), [(s["id"], s["shop"], s["state"], s["name"]) for s in shops]),
    )


@app.command()
def create(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What people call it.")],
    domain: Annotated[str, typer.Option(help="The host name that leads to it.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Create a shop: its row, its schema, its tables."""
    start.django(as_owner=True)
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    _say(operations.create(slug=slug, name=name, domain=domain, actor=actor(), reason=reason), as_json=as_json)


@app.command()
def suspend(slug: Slug, reason: Reason, *, as_json: AsJson = False) -> None:
    """Do no more work for a shop."""
    start.django()
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    _say(operations.suspend(slug=slug, actor=actor(), reason=reason), as_json=as_json)


@app.command()
def resume(slug: Slug, reason: Reason, *, as_json: AsJson = False) -> None:
    """Work for a suspended shop again."""
    start.django()
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    _say(operations.resume(slug=slug, actor=actor(), reason=reason), as_json=as_json)


@app.command()
def rename(
    slug: Slug,
    to: Annotated[str, typer.Argument(help="Its new short name.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Rename a shop's schema; its work goes on under the new name."""
    start.django(as_owner=True)
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    _say(operations.rename(slug=slug, to=to, actor=actor(), reason=reason), as_json=as_json)


@app.command()
def delete(
    slug: Slug,
    reason: Reason,
    confirm: Annotated[str, typer.Option(help="The shop's short name once more: all its data goes.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Delete a suspended shop with all its data, or what is left of one whose making was killed."""
    if confirm != slug:
        message = f"--confirm {confirm!r} is not the shop's name {slug!r}; nothing was deleted"
        raise typer.BadParameter(message)
    start.django(as_owner=True)
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    operations.delete(slug=slug, actor=actor(), reason=reason)
    emit({"shop": slug, "state": "deleted"}, as_json=as_json, human=f"{slug} is deleted")


@app.command()
def migrate(
    slug: Annotated[str | None, typer.Argument(help="One shop; all of them if it is left out.")] = None,
    *,
    reason: Reason = "new migrations",
    as_json: AsJson = False,
) -> None:
    """Bring shops to the newest migration, one after another; each is closed to work meanwhile."""
    start.django(as_owner=True)
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django

    slugs = [slug] if slug else [shop.schema_name for shop in operations.listed()]
    done = [_facts(operations.migrate(slug=each, actor=actor(), reason=reason)) for each in slugs]
    emit(
        list(done), as_json=as_json, human="\n".join(f"{shop['shop']} is migrated and {shop['state']}" for shop in done)
    )


def _facts(shop: "Shop") -> Summary:
    return {
        "id": shop.id,
        "shop": shop.schema_name,
        "name": shop.name,
        "state": shop.state,
        "domains": [domain.domain for domain in shop.domains.all()],
    }


def _say(shop: "Shop", *, as_json: bool) -> None:
    emit(_facts(shop), as_json=as_json, human=f"{shop.schema_name} is {shop.state} (id {shop.id})")
