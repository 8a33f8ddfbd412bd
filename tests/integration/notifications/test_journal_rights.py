"""What the application may do to the journal of what was sent: add to it, and write what came of an attempt."""

# ruff: noqa: S608 -- the names in the statements are this file's own

from datetime import timedelta

import psycopg
import pytest

from tests.support.databases import ScratchDatabase
from tests.support.messages import NOON, Desk, draft, journal, queue
from zargar.notifications import turns
from zargar.notifications.models import JournalEntry
from zargar.shops.models import Shop

ANSWERS = {
    "state", "tries", "tried_at", "answered_at", "provider_id", "cost", "why", "delivery", "delivered_at", "asked_at",
}  # fmt: skip
"""What an answer changes; tests of sending, asking, receipts and cleaning up need every one of them."""
WRITTEN_ONCE = {
    "reference": "7", "shop_id": "7", "event_key": "'another'", "recipient": "'\\x00'", "channel": "'email'",
    "purpose": "'promotion'", "kind": "'another'", "message_id": "7", "account": "'another'", "due_at": "now()",
    "parts": "7", "customer_id": "7", "estimate": "7",
}  # fmt: skip


@pytest.fixture
def sent(database: ScratchDatabase, shop: Shop) -> ScratchDatabase:
    """A database in whose journal one message stands as accepted."""
    desk = Desk()
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=timedelta(seconds=50))
    assert journal("state") == [("accepted",)]
    return database


def test_every_column_of_the_journal_is_either_written_once_or_an_answer() -> None:
    columns = {field.column for field in JournalEntry._meta.concrete_fields}  # noqa: SLF001 -- Django's list of its columns
    assert columns == ANSWERS | WRITTEN_ONCE.keys()
    assert not ANSWERS & WRITTEN_ONCE.keys()


@pytest.mark.parametrize("column", sorted(WRITTEN_ONCE))
def test_what_was_sent_to_whom_is_never_changed_by_the_application(sent: ScratchDatabase, column: str) -> None:
    before = journal("*")
    with sent.app() as app, pytest.raises(psycopg.errors.InsufficientPrivilege, match="notifications_journalentry"):
        app.execute(f"UPDATE notifications_journalentry SET {column} = {WRITTEN_ONCE[column]}".encode())
    assert journal("*") == before


def test_the_journal_is_not_emptied_at_once_and_not_replaced_by_an_insert_over_it(sent: ScratchDatabase) -> None:
    with sent.app() as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("TRUNCATE notifications_journalentry")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("""
                INSERT INTO notifications_journalentry SELECT * FROM notifications_journalentry
                ON CONFLICT (reference) DO UPDATE SET event_key = 'another'
            """)
    assert journal("event_key") == [(draft().event_key,)]


def test_what_came_of_an_attempt_and_what_is_too_old_is_the_application_s_to_write(sent: ScratchDatabase) -> None:
    with sent.app() as app:
        for column in sorted(ANSWERS):
            app.execute(f"UPDATE notifications_journalentry SET {column} = {column}".encode())
        app.execute("DELETE FROM notifications_journalentry WHERE tried_at < %s", [NOON + timedelta(days=1)])
    assert journal() == []
