"""What `zargar_app` may change of the journal, in the database itself: what came of an attempt, not what it was.

Which message went to whom, by which account and number, is written once: no bug and no stolen password of a worker can
make a sent message look unsent by turning its guard to another shop, event or recipient. `zargar_app` may still remove
whole entries, since retention is its work (`cleanup-old-notifications`); it may not empty the table at once.
"""

from django.db import migrations

WRITTEN_ONCE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zargar_app') THEN
        RAISE EXCEPTION 'the role zargar_app does not exist'
            USING HINT = 'create both roles before the first migration: docs/runbook.md, "Database roles"';
    END IF;
END $$;

REVOKE ALL ON public.notifications_journalentry FROM PUBLIC, zargar_app;
GRANT SELECT, INSERT, DELETE ON public.notifications_journalentry TO zargar_app;
GRANT UPDATE (state, tries, tried_at, answered_at, provider_id, cost, why, delivery, delivered_at, asked_at)
    ON public.notifications_journalentry TO zargar_app;
"""

WRITABLE = """
REVOKE ALL ON public.notifications_journalentry FROM zargar_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.notifications_journalentry TO zargar_app;
"""


class Migration(migrations.Migration):
    """Rights alone."""

    dependencies = [("notifications", "0001_initial")]

    operations = [migrations.RunSQL(WRITTEN_ONCE, WRITABLE)]
