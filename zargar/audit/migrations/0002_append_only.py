"""Make the audit append-only in the database itself.

`zargar_app` may read and insert. The triggers stop the owner too, who would have to disable them first, which
`zargar_app` cannot.
"""

from django.db import migrations

APPEND_ONLY = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zargar_app') THEN
        RAISE EXCEPTION 'the role zargar_app does not exist'
            USING HINT = 'create both roles before the first migration: docs/runbook.md, "Database roles"';
    END IF;
END $$;

REVOKE ALL ON audit_auditrecord FROM PUBLIC, zargar_app;
GRANT SELECT, INSERT ON audit_auditrecord TO zargar_app;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_auditrecord
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

WRITABLE = """
DROP TRIGGER audit_append_only ON audit_auditrecord;
DROP FUNCTION audit_is_append_only();
"""


class Migration(migrations.Migration):
    """Two statements of rights and one trigger."""

    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(APPEND_ONLY, WRITABLE)]
