"""Lists of customers in a shop's tables, all or nothing, and consents given and taken back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support import contracts
from tests.support.databases import ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.customers import operations
from zargar.customers.import_operations import Imported, import_file
from zargar.customers.importing import CustomerFileError
from zargar.customers.models import Channel, Consent, Customer, Purpose
from zargar.customers.operations import NoSuchCustomerError
from zargar.refusals import InvalidError
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SMS: dict[str, Any] = {"channel": Channel.SMS, "purpose": Purpose.PROMOTION}
HEAD = "نام,موبایل,رضایت پیامک\n"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def entered(shop: Shop) -> Iterator[Shop]:
    """The shop, entered."""
    with in_tenant(shop.id):
        yield shop


def take_in(text: str, *, dry_run: bool = False) -> Imported:
    return import_file(
        lambda: text.splitlines(keepends=True), dry_run=dry_run, source="فهرست قدیم", actor="test", reason="کوچ",
        subject="shop", now=NOW,
    )  # fmt: skip


@pytest.mark.usefixtures("entered")
def test_a_file_is_taken_in_with_its_consents_and_the_same_file_again_changes_nothing() -> None:
    text = HEAD + "مریم,09121234567,بله\nنگار,09121234568,\n"
    assert take_in(text) == Imported(2, 2, 0, 1, 0, ())
    assert list(Consent.objects.values_list("customer__full_name", "source", "given_at")) == [
        ("مریم", "فهرست قدیم", NOW)
    ]
    operations.withdraw_by_mobile(mobile="+989121234567", **SMS, now=NOW + timedelta(hours=1))
    assert take_in(text) == Imported(2, 0, 2, 0, 0, ())
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    audited = [record.after for record in AuditRecord.objects.order_by("id")]
    assert audited[0] == {"lines": 2, "added": 2, "known": 0, "consents": 1}


@pytest.mark.usefixtures("entered")
def test_one_wrong_line_keeps_everything_out() -> None:
    good = "".join(f"مشتری,0912{number:07},بله\n" for number in range(1500))
    done = take_in(HEAD + good + "غلط,0912,بله\n")
    assert (done.lines, done.added, done.mistaken_lines) == (1501, 0, 1)
    assert [(one.line, one.column) for one in done.mistakes] == [(1502, "mobile")]
    assert Customer.objects.count() == 0
    assert not AuditRecord.objects.exists()


@pytest.mark.usefixtures("entered")
def test_a_dry_run_tells_what_would_come_and_keeps_nothing() -> None:
    Customer.objects.create(full_name="مریم", mobile="+989121234567")
    assert take_in(HEAD + "مریم,09121234567,بله\nنگار,09121234568,\n", dry_run=True) == Imported(2, 1, 1, 0, 0, ())
    assert Customer.objects.count() == 1


@pytest.mark.usefixtures("entered")
def test_a_file_that_goes_wrong_between_its_two_readings_is_not_half_in() -> None:
    good = HEAD + "".join(f"مشتری,0912{number:07},\n" for number in range(1500))
    readings = iter([good, good + "غلط,1,\n"])
    with pytest.raises(CustomerFileError, match="nothing was kept"):
        import_file(
            lambda: next(readings).splitlines(keepends=True), dry_run=False, source="x", actor="test", reason="x",
            subject="x", now=NOW,
        )  # fmt: skip
    assert Customer.objects.count() == 0


@pytest.mark.usefixtures("entered")
def test_without_a_reason_nothing_is_kept() -> None:
    with pytest.raises(InvalidError):
        import_file(
            lambda: [HEAD, "مریم,09121234567,\n"],
            dry_run=False,
            source="x",
            actor="test",
            reason=" ",
            subject="x",
            now=NOW,
        )
    assert Customer.objects.count() == 0


@pytest.mark.usefixtures("entered")
def test_five_thousand_lines_are_written_a_thousand_a_statement() -> None:
    text = HEAD + "".join(f"مشتری,0912{number:07},بله\n" for number in range(5_000))
    with CaptureQueriesContext(connection) as seen:
        done = take_in(text)
    assert (done.added, done.consents) == (5_000, 5_000)
    assert Customer.objects.count() == Consent.objects.count() == 5_000
    assert len(seen) < 5 * 8 + 10


def test_the_command_reports_line_by_line_and_leaves_by_its_code(
    database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("\ufeffنام;موبایل\r\nمریم;۰۹۱۲۱۲۳۴۵۶۷\r\nنگار;02188776655\r\n".encode())
    bad = zargar(database, "import", str(file), "--shop", shop.schema_name, "--json")
    assert bad.returncode == 2
    told = json.loads(bad.stdout)
    assert (told["lines"], told["added"], told["mistaken_lines"]) == (2, 0, 1)
    assert [(one["line"], one["column"]) for one in told["mistakes"]] == [(3, "mobile")]
    assert "2188776655" not in bad.stdout + bad.stderr

    file.write_text("نام,موبایل\nمریم,۰۹۱۲۱۲۳۴۵۶۷\n")
    good = zargar(database, "import", str(file), "--shop", shop.schema_name)
    assert (good.returncode, good.stdout) == (0, "1 line(s): 1 customer(s) are new, 0 known, 0 consent(s)\n")
    with in_tenant(shop.id):
        who = Customer.objects.get()
        assert who.mobile == "+989121234567"
    given = zargar(database, "consent", str(who.pk), "--shop", shop.schema_name, "--source", "فرم", "--json")
    assert json.loads(given.stdout)["changed"] is True
    nobody = zargar(database, "consent", "987", "--shop", shop.schema_name, "--source", "فرم")
    assert (nobody.returncode, "has no customer 987" in nobody.stderr) == (3, True)


def zargar(database: ScratchDatabase, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zargar.cli", "customers", *words]
    env = {**os.environ, **database.env}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


@pytest.mark.usefixtures("entered")
def test_a_consent_is_given_once_taken_back_and_given_anew_and_all_of_it_is_kept() -> None:
    who = contracts.customer()
    assert operations.give_consent(customer_id=who.pk, **SMS, source="فرم", now=NOW)
    assert not operations.give_consent(customer_id=who.pk, **SMS, source="فرم", now=NOW)
    assert operations.withdraw_consent(customer_id=who.pk, **SMS, now=NOW + timedelta(days=1))
    assert not operations.withdraw_consent(customer_id=who.pk, **SMS, now=NOW + timedelta(days=1))
    (person,) = operations.people(ids=[who.pk]).values()
    assert (set(person.given), set(person.declined)) == (set(), {("sms", "promotion")})
    assert operations.give_by_mobile(mobile=who.mobile, **SMS, source="۱۲", now=NOW + timedelta(days=2)) == 1
    (person,) = operations.people(ids=[who.pk]).values()
    assert (set(person.given), set(person.declined)) == ({("sms", "promotion")}, set())
    assert Consent.objects.count() == 2


@pytest.mark.usefixtures("entered")
def test_a_consent_taken_back_by_a_clock_that_was_set_back_ends_as_it_began() -> None:
    who = contracts.customer()
    operations.give_consent(customer_id=who.pk, **SMS, source="فرم", now=NOW)
    assert operations.withdraw_by_mobile(mobile=who.mobile, **SMS, now=NOW - timedelta(days=1)) == 1
    assert Consent.objects.get().withdrawn_at == NOW


@pytest.mark.usefixtures("entered")
def test_a_consent_of_nobody_or_from_nowhere_is_refused() -> None:
    with pytest.raises(NoSuchCustomerError):
        operations.give_consent(customer_id=987, **SMS, source="فرم", now=NOW)
    with pytest.raises(InvalidError, match="source"):
        operations.give_consent(customer_id=contracts.customer().pk, **SMS, source=" ", now=NOW)
    assert operations.withdraw_by_mobile(mobile="+989120000000", **SMS, now=NOW) == 0
