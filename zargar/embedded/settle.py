"""What the owner's role does before the house opens: migrate what is there and, for the demo, make three shops.

`python -m zargar.embedded.settle [--shops]` runs it in a process of its own, since a process is the owner or the app
for its whole life. Repeatable: a second run finds everything done.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import django

from zargar.embedded.errors import PartError

ACTOR: Final = "zargar demo"
SHOPS: Final = (
    ("negin", "طلای نگین", ("مریم رضایی", "علی محمدی", "زهرا کریمی", "حسین مرادی", "نرگس احمدی")),
    ("zarrinkoob", "زرین‌کوب", ("فاطمه حسینی", "رضا جعفری", "سارا نوری", "محمد قاسمی")),
    ("mahtab", "گالری مهتاب", ("لیلا صادقی", "امیر رحیمی", "شیرین یزدانی", "بهرام کاظمی", "پریسا سلیمانی")),
)
"""Short name, the name people see, and customers; their numbers, +98912000…, are nobody's."""


def as_owner(env: Mapping[str, str], *, shops: bool = False) -> None:
    """Run this module as the owner; `env` names the settings module and the database. Raises `PartError`."""
    flags = ["--shops"] if shops else []
    done = subprocess.run(  # noqa: S603 -- no shell; the arguments are ours
        [sys.executable, "-m", "zargar.embedded.settle", *flags],
        env={**env, "ZARGAR_DATABASE_ROLE": "owner"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PartError(part="migrations", said=done.stdout[-4000:])


def main(arguments: list[str]) -> None:
    """Migrate the shared schema and, where that brought anything new, every shop; then make the demo's shops."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")
    django.setup()
    from django.db import connection  # noqa: PLC0415 -- needs Django set up

    from zargar.shops import operations, schemas  # noqa: PLC0415 -- as above

    before = _applied()
    schemas.migrate_schema("public")
    if before not in {0, _applied()}:
        for shop in operations.listed():
            operations.migrate(slug=shop.schema_name, actor=ACTOR, reason="new migrations, found at the start")
    if "--shops" in arguments:
        _open_shops()
    connection.close()


def _applied() -> int:
    """Count the migrations that the shared schema knows of; django-tenants records those of the shops' apps too."""
    from django.db import connection  # noqa: PLC0415 -- needs Django set up
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415 -- as above

    return len(MigrationRecorder(connection).applied_migrations())


def _open_shops() -> None:
    from zargar.shops import operations  # noqa: PLC0415 -- needs Django set up

    known = {shop.schema_name: shop for shop in operations.listed()}
    for number, (slug, name, people) in enumerate(SHOPS, start=1):
        shop = known.get(slug) or operations.create(
            slug=slug, name=name, domain=f"{slug}.zargar.localhost", actor=ACTOR, reason="a shop of the demo"
        )
        if shop.state == "active":
            _welcome(shop.id, number, people)


def _welcome(shop: int, number: int, people: tuple[str, ...]) -> None:
    """Give the shop its customers, all or none, unless it has some."""
    from django.db import transaction  # noqa: PLC0415 -- needs Django set up

    from zargar.customers import operations as customers  # noqa: PLC0415 -- as above
    from zargar.tenancy import in_tenant  # noqa: PLC0415 -- as above

    with in_tenant(shop), transaction.atomic():
        if customers.count():
            return
        for place, person in enumerate(people, start=1):
            customers.add(full_name=person, mobile=f"+98912000{number:02}{place:02}")


if __name__ == "__main__":
    main(sys.argv[1:])
