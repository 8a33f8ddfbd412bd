"""What the demo claims of backups, put to the test on the running house: see `proofs`."""

from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from zargar.embedded.house import House
from zargar.embedded.observing import ended, expect, until
from zargar.names import Queue
from zargar.outcomes import JSON, Summary


def backup(house: House) -> JSON:
    """A worker that cannot open backups makes one of a shop, in two vaults; the key of operations brings it back."""
    from zargar.backups import restoring, wiring  # noqa: PLC0415 -- needs Django set up
    from zargar.core.backup_tasks import create_tenant_backup, verify_backup_integrity  # noqa: PLC0415 -- as above
    from zargar.shops import operations  # noqa: PLC0415 -- as above

    shop = next(shop for shop in operations.listed() if shop.state == "active")
    made = _done(house, UUID(create_tenant_backup.delay(shop_id=shop.id).id))
    expect(made["state"] == "complete", f"the backup is {made['state']}")
    proven = _done(house, UUID(verify_backup_integrity.delay(backup=made["backup"]).id))["proven"]
    identity = Path(house.values["ZARGAR_BACKUP_IDENTITY_FILE"]).read_text().strip()
    beside = f"{shop.schema_name}_proof"
    with psycopg.connect(house.values["DATABASE_OWNER_URL"]) as owner:
        restored = restoring.beside(
            owner, vaults=wiring.vaults(), backup=str(made["backup"]), slug=shop.schema_name, to=beside,
            identity=identity,
        )  # fmt: skip
        owner.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(beside)))
    rows = sum(table.rows for table in restored.facts.tables)
    expect(rows, "the shop that came back is empty")
    return {"backup": made["backup"], "proven": proven, "restored": beside, "from": restored.vault, "rows": rows}


def drill(house: House) -> JSON:
    """The worker of drills, which alone is given the key, restores a share of what there is and compares it."""
    from zargar.core.backup_tasks import verify_backup_integrity  # noqa: PLC0415 -- needs Django set up

    if "ZARGAR_DRILL_DATABASE_URL" not in house.values:
        return "no login that may make databases is known here: no drills"
    rung = verify_backup_integrity.apply_async(kwargs={"drill": True}, queue=Queue.DRILLS)
    found = _done(house, UUID(rung.id))
    drilled = found["drilled"]
    expect(drilled, "nothing was drilled")
    assert isinstance(drilled, list)  # noqa: S101 -- for the type checker
    red = [one for one in drilled if not (isinstance(one, dict) and one["proven"])]
    expect(not red, f"red: {red}")
    return found


def _done(house: House, run: UUID) -> Summary:
    """Wait for a run, and return its summary."""
    done = until(house, lambda: ended(run), what="the work to be done")
    expect(done.state == "succeeded" and done.summary, f"{done.task} is {done.state}: {done.errors}")
    assert done.summary is not None  # noqa: S101 -- for the type checker, which cannot see that the line above raises
    summary: Summary = done.summary
    return summary
