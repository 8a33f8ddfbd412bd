"""The audit can be added to and read, and that is all anybody can do to it."""

import psycopg
import pytest
from psycopg import errors

from tests.support.databases import ScratchDatabase
from zargar.audit import operations
from zargar.audit.models import AuditRecord
from zargar.refusals import InvalidError

ATTACKS = [
    "UPDATE audit_auditrecord SET reason = 'nothing to see'",
    "DELETE FROM audit_auditrecord",
    "TRUNCATE audit_auditrecord",
    "ALTER TABLE audit_auditrecord DISABLE TRIGGER audit_append_only",
    "ALTER TABLE audit_auditrecord DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_append_only ON audit_auditrecord",
    "DROP TABLE audit_auditrecord",
    "SET session_replication_role = replica",
    "SET ROLE zargar_owner",
]


@pytest.fixture
def audited(database: ScratchDatabase) -> ScratchDatabase:
    operations.record(actor="sara", action="shop.suspend", subject="negin", reason="unpaid", before={"state": "active"})
    return database


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_application_cannot_change_remove_or_unlock_it(audited: ScratchDatabase, attack: str) -> None:
    with audited.app() as app, pytest.raises(errors.InsufficientPrivilege):
        app.execute(attack)
    assert AuditRecord.objects.get().reason == "unpaid"


@pytest.mark.parametrize("attack", ATTACKS[:3])
def test_the_owner_is_stopped_by_the_trigger(audited: ScratchDatabase, attack: str) -> None:
    with audited.owner() as owner, pytest.raises(psycopg.Error, match="append-only"):
        owner.execute(attack)
    assert AuditRecord.objects.get().reason == "unpaid"


def test_an_act_without_a_reason_is_refused(database: ScratchDatabase) -> None:
    with pytest.raises(InvalidError, match="needs a reason"):
        operations.record(actor="sara", action="shop.suspend", subject="negin", reason="  ")
    assert AuditRecord.objects.count() == 0
