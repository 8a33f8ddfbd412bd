"""A shop whose schema went back in time: what has left does not leave again, and who declined is not asked twice.

Backups and restores are the real ones, of the real schema, into and out of a vault; the company that hears the messages
is over real HTTP, and notes every call before it answers.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from tests.support import companies
from tests.support.boards import BoardServer
from tests.support.bulks import confirmed, gone_on, people, prepared
from tests.support.companies import only_account, taken
from tests.support.databases import ScratchDatabase, django_uses
from tests.support.messages import NOON, Clock, Desk, draft, due, journal, queue, rows, states
from tests.support.restores import OPERATIONS, desk_of, house_of
from tests.support.vaults import directory
from zargar.backups import operations as backups
from zargar.backups import restores
from zargar.backups.making import House
from zargar.backups.restores import RestoreFailedError
from zargar.backups.retention import Kind as BackupKind
from zargar.customers import operations as customers
from zargar.customers.models import Appointment, Consent
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import consents, operations, receipt_store, turns, wiring
from zargar.notifications.audiences import operations as audiences
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.models import OptOut
from zargar.notifications.restored import RestoredMessages
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Delivery, Purpose, Receipt
from zargar.shops.models import Shop, State
from zargar.tenancy import in_tenant

BUDGET = timedelta(seconds=50)
HANDED_OVER = ("sms/sendarray.json", "verify/lookup.json")
QUESTIONS = ("sms/status.json", "sms/inboxpaged.json", "account/info.json")
ZARGAR = Path(sys.executable).with_name("zargar")


@dataclass(frozen=True)
class Past:
    """A shop that can be put back to where its backup was made."""

    shop: Shop
    database: ScratchDatabase
    house: House
    clock: Clock = field(default_factory=Clock)

    def keep(self) -> UUID:
        """Back the shop up as it is."""
        with django_uses(self.database.owner_url):
            made = backups.back_up_shop(house=self.house, shop_id=self.shop.pk, kind=BackupKind.SHOP, reason="a test")
        found: UUID = made.backup.id
        return found

    def come_back(self, backup: UUID) -> None:
        """Restore it in its place, and hand it to messaging, as `zargar restore shop --swap` does."""
        with django_uses(self.database.owner_url):
            restores.in_place(
                desk_of(self.house, self.port), slug=self.shop.schema_name, backup=backup,
                identity=OPERATIONS.identity, confirm=self.shop.schema_name, actor="zahra", reason="a test",
            )  # fmt: skip

    def undo(self) -> None:
        """Put back what was live before that."""
        with django_uses(self.database.owner_url):
            restores.undo(
                desk_of(self.house, self.port), slug=self.shop.schema_name, confirm=self.shop.schema_name,
                actor="zahra", reason="a test",
            )  # fmt: skip

    @property
    def port(self) -> RestoredMessages:
        return RestoredMessages(key=wiring.recipients_key(), clock=self.clock)

    def tick_for_weeks(self, post: Post) -> None:
        """Run the minute's work by the hour for two days and by the day for a month: past every window and lease."""
        here = replace(post, clock=self.clock)
        for hours in (*(1,) * 48, *(24,) * 30):
            self.clock.passes(hours=hours)
            turns.deliver_due(here, budget=BUDGET)


@pytest.fixture
def past(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> Past:
    return Past(shop, database, house_of(database.owner_url, (directory(tmp_path, "one"),)))


@pytest.fixture
def company() -> Iterator[BoardServer]:
    """The only account of the deployment, at a company over real HTTP."""
    with only_account() as server:
        yield server


def sendings(company: BoardServer) -> list[dict[str, Any]]:
    """Every call by which the company was handed messages, noted before it answered; questions are not among them."""
    calls = [one for one in company.calls(companies.COMPANY) if not one["path"].endswith(QUESTIONS)]
    assert all(one["path"].endswith(HANDED_OVER) for one in calls), calls
    return calls


def tick(past: Past) -> None:
    """Send what is due, as the deployment does."""
    turns.deliver_due(replace(companies.post(), clock=past.clock), budget=BUDGET)


def test_after_a_backup_a_sending_and_a_restore_the_provider_hears_nothing_until_a_person_releases_what_is_held(
    past: Past, shop: Shop, company: BoardServer
) -> None:
    queue(shop, draft(1), draft(2), draft(3, due_at=NOON + timedelta(hours=2)), draft(4, due_at=NOON))
    operations.cancel(shop_id=shop.pk, ids=[4], actor="zahra", reason="not meant", now=NOON)
    queue(shop, draft(5, due_at=NOON + timedelta(days=1)))
    backup = past.keep()
    queue(shop, draft(6), draft(7, due_at=NOON + timedelta(hours=3)))
    tick(past)
    assert states(shop) == {"sent": 3, "queued": 3, "cancelled": 1}
    assert due(shop) == NOON + timedelta(hours=2)
    calls = sendings(company)
    heard = taken(company)
    assert len(heard) == 3

    past.come_back(backup)

    assert due(shop) is None
    assert rows(shop, "state, event_key") == [
        ("sent", "welcome:1"), ("sent", "welcome:2"), ("held", "welcome:3"), ("cancelled", "welcome:4"),
        ("held", "welcome:5"),
    ]  # fmt: skip
    past.tick_for_weeks(companies.post())
    assert sendings(company) == calls
    assert queue(shop, draft(6), now=past.clock()).known == 1

    released = subprocess.run(
        [ZARGAR, "notify", "release", shop.schema_name, "--reason", "they are still meant"],
        env={**os.environ, **past.database.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (released.returncode, released.stdout) == (0, "2 message(s): release\n"), released.stderr
    past.clock.at = max(past.clock(), *(at for (at,) in rows(shop, "due_at", "WHERE state = 'queued'")))
    tick(past)
    assert states(shop) == {"sent": 4, "cancelled": 1}
    assert set(taken(company).values()) == {1}
    assert len(taken(company)) == len(heard) + 2


def test_what_is_queued_after_the_restore_leaves_and_puts_the_shop_in_the_index_again(
    past: Past, shop: Shop, company: BoardServer
) -> None:
    queue(shop, draft(1, due_at=NOON + timedelta(hours=1)))
    past.come_back(past.keep())
    assert due(shop) is None
    queue(shop, draft(2))
    assert due(shop) == NOON
    tick(past)
    assert states(shop) == {"held": 1, "sent": 1}
    assert len(taken(company)) == 1


def test_what_says_that_it_was_queued_after_the_backup_is_held_too_since_programs_and_database_disagree_on_the_time(
    past: Past, shop: Shop
) -> None:
    queue(shop, draft(1), now=NOON + timedelta(days=3650))
    past.come_back(past.keep())
    assert states(shop) == {"held": 1}


def test_handing_the_same_shop_over_again_changes_nothing(past: Past, shop: Shop) -> None:
    desk = Desk()
    queue(shop, draft(1), draft(2, due_at=NOON + timedelta(hours=2)))
    backup = past.keep()
    turns.deliver_due(desk.post, budget=BUDGET)
    past.come_back(backup)
    outbox = "id, state, reference, account, due_at, attempts"
    before = rows(shop, outbox), due(shop), journal("*")
    with in_tenant(shop.pk), transaction.atomic():
        past.port.restored(shop.pk, taken_at=NOON + timedelta(minutes=1))
    assert (rows(shop, outbox), due(shop), journal("*")) == before
    assert [state for _, state, *_ in before[0]] == ["sent", "held"]


def test_after_a_restore_that_was_put_back_when_messaging_had_been_told_what_waited_is_sent_at_its_time(
    past: Past, shop: Shop, company: BoardServer
) -> None:
    backup = past.keep()
    later = NOON + timedelta(hours=2)
    queue(shop, draft(1, due_at=later))
    assert due(shop) == later
    with past.database.owner() as owner:  # its row cannot be closed, as on a full disk
        owner.execute("""CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                         BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
                         CREATE TRIGGER refuse BEFORE UPDATE ON public.backups_restore FOR EACH ROW
                         WHEN (NEW.state = 'done') EXECUTE FUNCTION public.refuse()""")

    with pytest.raises(RestoreFailedError, match="is as it was"):
        past.come_back(backup)

    assert states(shop) == {"queued": 1}
    assert due(shop) is not None
    past.clock.at = later
    tick(past)
    assert states(shop) == {"sent": 1}
    assert len(taken(company)) == 1


def test_undoing_a_restore_sends_nothing_either(past: Past, shop: Shop, company: BoardServer) -> None:
    backup = past.keep()
    queue(shop, draft(1), draft(2, due_at=NOON + timedelta(hours=2)))
    tick(past)
    past.come_back(backup)
    assert states(shop) == {}
    calls = sendings(company)
    past.undo()
    assert states(shop) == {"sent": 1, "held": 1}
    past.tick_for_weeks(companies.post())
    assert sendings(company) == calls


def test_who_opted_out_after_the_backup_stays_out(past: Past, shop: Shop, company: BoardServer) -> None:
    with in_tenant(shop.pk):
        for number in (1, 2):
            who = customers.add(full_name="مریم احمدی", mobile=draft(number).to)
            customers.give_consent(customer_id=who.pk, channel=Way.SMS, purpose=Reason.PROMOTION, source="x", now=NOON)
    backup = past.keep()
    operations.opt_out(
        shop_id=shop.pk, to=draft(1).to, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="لغو۱۱", now=NOON
    )
    past.clock.passes(hours=1)
    past.come_back(backup)
    with in_tenant(shop.pk):
        standing = Consent.objects.filter(withdrawn_at=None).values_list("customer__mobile", flat=True)
        assert list(standing) == [draft(2).to]
        ids = dict(customers.people(ids=customers.ids_after(after=0, at_most=9)))
    promotions = [
        draft(one, kind="birthday", purpose=Purpose.PROMOTION, customer_id=key) for one, key in enumerate(ids, 1)
    ]
    queue(shop, *promotions, now=past.clock())
    tick(past)
    assert sorted(rows(shop, "state, why")) == [("dropped", "opted_out"), ("sent", "")]
    assert len(taken(company)) == 1


def test_a_message_in_a_call_keeps_the_shop_from_being_swapped_under_it(past: Past, shop: Shop) -> None:
    inside, go_on = Event(), Event()

    def stand_still() -> None:
        inside.set()
        assert go_on.wait(60)

    provider = Recorded(next_calls=deque([stand_still]))
    desk = Desk([provider])
    queue(shop, draft(1))
    backup = past.keep()

    def work() -> None:
        try:
            turns.deliver_due(desk.post, budget=BUDGET)
        finally:
            connection.close()

    worker = Thread(target=work)
    worker.start()
    try:
        assert inside.wait(60)
        with pytest.raises(RestoreFailedError, match="did not end within"):
            past.come_back(backup)
        shop.refresh_from_db()
        assert shop.state == State.ACTIVE
    finally:
        go_on.set()
        worker.join(60)
    assert states(shop) == {"sent": 1}
    past.come_back(backup)
    past.tick_for_weeks(desk.post)
    assert states(shop) == {"sent": 1}
    assert len(provider.journal()) == 1


class KilledError(BaseException):
    """What ends a turn as a kill would: nothing below catches it."""


def test_what_was_in_the_call_of_a_worker_that_died_is_told_as_unknown_and_left_to_a_person(
    past: Past, shop: Shop
) -> None:
    def die() -> None:
        raise KilledError

    provider = Recorded(next_calls=deque([die]))
    desk = Desk([provider])
    queue(shop, draft(1))
    backup = past.keep()
    with pytest.raises(KilledError):
        turns.deliver_due(desk.post, budget=BUDGET)
    assert journal("state") == [("trying",)]
    past.come_back(backup)
    assert states(shop) == {"ambiguous": 1}
    past.tick_for_weeks(desk.post)
    assert len(provider.journal()) == 1
    ((identity,),) = rows(shop, "id")
    operations.resend(shop_id=shop.pk, ids=[identity], actor="zahra", reason="he has no text", now=past.clock())
    turns.deliver_due(replace(desk.post, clock=past.clock), budget=BUDGET)
    assert states(shop) == {"sent": 1}
    assert [state for (state,) in journal("state", "ORDER BY tried_at")] == ["given_up", "accepted"]


def test_a_reminder_that_was_queued_after_the_backup_and_had_not_left_is_told_again_and_one_that_left_is_not(
    past: Past, shop: Shop
) -> None:
    with in_tenant(shop.pk):
        for number in (1, 2):
            who = customers.add(full_name="مریم احمدی", mobile=draft(number).to).pk
            for hours in (20, 22):
                Appointment.objects.create(customer_id=who, at=NOON + timedelta(hours=hours), subject="تعمیر زنجیر")
    backup = past.keep()
    desk = Desk(share=1)
    assert audiences.remind_appointments(shop_id=shop.pk, now=NOON)["queued"] == 2
    turns.take_turn(desk.post, shop.pk)
    assert states(shop) == {"sent": 1, "queued": 1}
    past.come_back(backup)
    assert states(shop) == {}
    later = NOON + timedelta(hours=1)
    assert audiences.remind_appointments(shop_id=shop.pk, now=later)["queued"] == 1
    assert audiences.remind_appointments(shop_id=shop.pk, now=later)["queued"] == 0
    desk.clock.at = later
    turns.deliver_due(desk.post, budget=BUDGET)
    assert sorted(to for _, to in desk.providers[0].journal()) == [draft(1).to, draft(2).to]


def test_numbers_that_were_given_after_the_backup_are_not_given_again(past: Past, shop: Shop) -> None:
    people(shop, agreed=2)
    backup = past.keep()
    desk = Desk()
    first = prepared(shop, price=None)
    confirmed(shop, first)
    gone_on(shop, first)
    turns.deliver_due(desk.post, budget=BUDGET)
    old = {identity for (identity,) in rows(shop, "id")}
    past.come_back(backup)
    second = prepared(shop, price=None)
    assert second.pk > first.pk
    confirmed(shop, second)
    assert gone_on(shop, second) == 2
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 4
    new = {identity for (identity,) in rows(shop, "id")}
    assert not old & new
    late = [Receipt(f"recorded-{number}", Delivery.FAILED) for (number,) in journal("reference", "ORDER BY tried_at")]
    assert len(receipt_store.receive("recorded", late[:2], now=NOON)) == 2


def test_who_agrees_again_after_declining_is_written_to_again_and_who_declines_at_the_shop_stays_declined(
    database: ScratchDatabase, shop: Shop
) -> None:
    with in_tenant(shop.id):
        who = customers.add(full_name="مریم احمدی", mobile=draft(1).to).pk
        consents.give(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
        assert consents.withdraw(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="talk", now=NOON)
    assert OptOut.objects.count() == 1
    desk = Desk()
    queue(shop, draft(1, kind="birthday", purpose=Purpose.PROMOTION, customer_id=who))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert rows(shop, "state, why") == [("dropped", "opted_out")]
    with in_tenant(shop.id):
        assert consents.give(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
    queue(shop, draft(1, event="autumn", kind="birthday", purpose=Purpose.PROMOTION, customer_id=who))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"dropped": 1, "sent": 1}
