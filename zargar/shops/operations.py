"""What is done to a shop as a whole. Creating, renaming, deleting and migrating need the database owner's role.

Each ends in an audit record within its own transaction. Deleting and renaming hold the shop exclusively: they wait for
work that is inside it, and work that comes meanwhile is refused.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from django.db import IntegrityError, transaction

from zargar.audit import operations as audit
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.shops import schemas
from zargar.shops.models import Domain, Shop, State

SLUG: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
RESERVED: Final = frozenset({"public", "information_schema", "shared", "roles"})
"""The last two name packs of a backup that belong to no shop."""


class NoSuchShopError(NotFoundError):
    """No shop has that name. `zargar shops list` shows them."""


class ShopNameError(InvalidError):
    """The name cannot be a schema's, or is taken."""


class ShopStateError(RefusedError):
    """The shop is not in a state in which that can be done."""


def named(slug: str) -> Shop:
    """Return the shop whose schema is `slug`. Raises `NoSuchShopError`."""
    shop: Shop | None = Shop.objects.filter(schema_name=slug).first()
    if shop is None:
        message = f"no shop is called {slug!r}; `zargar shops list` shows them"
        raise NoSuchShopError(message)
    return shop


def numbered(shop_id: int) -> Shop:
    """Return the shop of that id, whatever it is called by now. Raises `NoSuchShopError`."""
    shop: Shop | None = Shop.objects.filter(id=shop_id).first()
    if shop is None:
        message = f"there is no shop {shop_id}; `zargar shops list` shows them"
        raise NoSuchShopError(message)
    return shop


def listed() -> Sequence[Shop]:
    """Return all shops by age."""
    return list(Shop.objects.order_by("id").prefetch_related("domains"))


def create(
    *, slug: str, name: str, domain: str, actor: str, reason: str, fill: Callable[[Shop], object] | None = None
) -> Shop:
    """Create a shop: its row, its domain, its schema and tables. Only the last step makes it active.

    `fill` makes the schema with what is in it, where it shall not be an empty one (a shop out of a backup). Raises
    `ShopNameError` for a slug that is not one, or a slug or domain that is taken, and what `fill` raises; then nothing
    is left behind.
    """
    _check_slug(slug)
    if Domain.objects.filter(domain=domain).exists():
        message = f"the domain {domain!r} leads to another shop already"
        raise ShopNameError(message)
    if schemas.schema_exists(slug):
        # What is there is not ours to fill, nor to drop should the creation fail.
        message = f"the database has a schema {slug!r} already: take another name, or see what it holds"
        raise ShopNameError(message)
    try:
        shop: Shop = Shop.objects.create(schema_name=slug, name=name, state=State.CREATING)
    except IntegrityError as taken:
        message = f"the name {slug!r} is taken"
        raise ShopNameError(message) from taken
    with schemas.being_made(shop.id):
        try:
            _make(shop, domain=domain, actor=actor, reason=reason, fill=fill)
        except BaseException:  # a Ctrl-C too
            # What was begun is of no use to anybody, and would hold the name: undo it and let the error through.
            schemas.drop_schema_if_there(slug)
            Shop.objects.filter(id=shop.id).delete()
            raise
    shop.refresh_from_db()
    return shop


def _make(shop: Shop, *, domain: str, actor: str, reason: str, fill: Callable[[Shop], object] | None) -> None:
    slug = str(shop.schema_name)
    if fill is None:
        schemas.create_schema(slug)
    else:
        fill(shop)
    with transaction.atomic():
        Domain.objects.create(domain=domain, tenant=shop, is_primary=True)
        Shop.objects.filter(id=shop.id).update(state=State.ACTIVE)
        audit.record(
            actor=actor, action="shop.create", subject=slug, reason=reason,
            after={"name": shop.name, "domain": domain, "state": State.ACTIVE.value},
        )  # fmt: skip


def suspend(*, slug: str, actor: str, reason: str) -> Shop:
    """Do no more work for an active shop. Work already inside it ends normally."""
    return _move(slug, {State.ACTIVE}, State.SUSPENDED, action="shop.suspend", actor=actor, reason=reason)


def resume(*, slug: str, actor: str, reason: str) -> Shop:
    """Work again for a suspended shop, or for one whose migration or creation was cut short and has been completed."""
    return _move(
        slug, {State.SUSPENDED, State.MIGRATING}, State.ACTIVE, action="shop.resume", actor=actor, reason=reason
    )


def close(*, slug: str, actor: str, reason: str) -> State:
    """Close a shop while a copy takes its schema's place; return the state it had, for `reopen`.

    Work that comes meanwhile is tried again later, as when it is migrated; work already inside ends normally.
    """
    before = State(named(slug).state)
    _move(slug, {State.ACTIVE, State.SUSPENDED}, State.RESTORING, action="shop.close", actor=actor, reason=reason)
    return before


def reopen(*, slug: str, to: State, actor: str, reason: str) -> Shop:
    """Give a closed shop the state back that it had."""
    return _move(slug, {State.RESTORING}, to, action="shop.reopen", actor=actor, reason=reason)


def keep_closed(*, slug: str, actor: str, reason: str) -> Shop:
    """Suspend a shop that is closed and could not be made whole: nothing makes it active but `resume`."""
    closed = {State.RESTORING, State.MIGRATING}
    return _move(slug, closed, State.SUSPENDED, action="shop.suspend", actor=actor, reason=reason)


def rename(*, slug: str, to: str, actor: str, reason: str) -> Shop:
    """Rename a shop's schema. Work addresses the shop by id and goes on under the new name."""
    _check_slug(to)
    shop = named(slug)
    with schemas.exclusively(shop.id):
        if Shop.objects.filter(schema_name=to).exists():
            message = f"the name {to!r} is taken"
            raise ShopNameError(message)
        schemas.rename_schema(slug, to)
        Shop.objects.filter(id=shop.id).update(schema_name=to)
        audit.record(
            actor=actor, action="shop.rename", subject=to, reason=reason, before={"slug": slug}, after={"slug": to}
        )
    return named(to)


def delete(*, slug: str, actor: str, reason: str) -> None:
    """Delete a suspended shop with all its data, or what the killed making of one has left.

    Raises `ShopStateError` in any other state, and `django.db.OperationalError` while it is being made.
    """
    shop = named(slug)
    with schemas.exclusively(shop.id):
        schemas.await_maker(shop.id)
        if Shop.objects.select_for_update().get(id=shop.id).state not in {State.SUSPENDED, State.CREATING}:
            message = f"{slug} is {shop.state}: suspend it before it is deleted"
            raise ShopStateError(message)
        schemas.drop_schema_if_there(slug)
        Shop.objects.filter(id=shop.id).delete()
        audit.record(actor=actor, action="shop.delete", subject=slug, reason=reason, before={"id": shop.id})


def migrate(*, slug: str, actor: str, reason: str) -> Shop:
    """Bring a shop's tables to the newest migration; it is closed to work meanwhile.

    If the migration fails the shop stays `migrating`, closed, and the error is let through: migrate it again.
    """
    shop = named(slug)
    before = State(shop.state)
    _move(
        slug, {State.ACTIVE, State.SUSPENDED, State.MIGRATING}, State.MIGRATING,
        action="shop.migrate", actor=actor, reason=reason,
    )  # fmt: skip
    with schemas.exclusively(shop.id):
        pass  # whoever was inside has left; whoever comes now is refused by the state
    schemas.migrate_schema(slug)
    after = State.SUSPENDED if before is State.SUSPENDED else State.ACTIVE
    return _move(slug, {State.MIGRATING}, after, action="shop.migrated", actor=actor, reason=reason)


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug) or slug in RESERVED or slug.startswith("pg_"):
        message = f"{slug!r} cannot name a shop: 2 to 41 of a-z, 0-9 and _, beginning with a letter, not pg_ or public"
        raise ShopNameError(message)


def _move(slug: str, allowed: set[State], to: State, *, action: str, actor: str, reason: str) -> Shop:
    with transaction.atomic():
        shop = Shop.objects.select_for_update().filter(schema_name=slug).first() or named(slug)
        if State(shop.state) not in allowed:
            message = f"{slug} is {shop.state}: {action} needs it {' or '.join(sorted(allowed))}"
            raise ShopStateError(message)
        before = shop.state
        Shop.objects.filter(id=shop.id).update(state=to)
        audit.record(
            actor=actor, action=action, subject=slug, reason=reason, before={"state": before}, after={"state": to.value}
        )
    return named(slug)
