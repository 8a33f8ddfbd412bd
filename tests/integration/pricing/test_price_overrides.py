"""An operator's price: set by a person, audited, bounded in time."""

from datetime import UTC, datetime, timedelta

import pytest

from zargar.audit.models import AuditRecord
from zargar.pricing import operations
from zargar.pricing.current import Standing
from zargar.pricing.models import Override
from zargar.refusals import InvalidError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
END = NOW + timedelta(hours=2)

pytestmark = pytest.mark.usefixtures("database", "cache_server")


def override(value: str = "18,600,000", *, until: datetime = END, reason: str = "the boards are down") -> None:
    operations.set_override(value=value, until=until, reason=reason, actor="sara", now=NOW)


def test_it_is_answered_until_its_end_where_nothing_was_accepted() -> None:
    override()
    answered = operations.current_price(now=NOW + timedelta(minutes=30))
    assert answered.standing is Standing.OPERATOR
    assert answered.price == 18_600_000
    assert answered.age == timedelta(minutes=30)
    assert operations.current_price(now=END).standing is Standing.NONE


def test_it_is_audited_with_what_was_before() -> None:
    override()
    override("19000000")
    first, second = AuditRecord.objects.order_by("id")
    assert (first.actor, first.action, first.reason, first.before) == (
        "sara",
        "price.override",
        "the boards are down",
        None,
    )
    assert first.after == {"value": "18600000", "until": END.isoformat()}
    assert second.before == first.after


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "1e9", "much", ""])
def test_what_is_no_price_is_refused(value: str) -> None:
    with pytest.raises(InvalidError, match="positive number of Toman"):
        override(value)
    assert not Override.objects.exists()


def test_an_end_that_is_past_is_refused() -> None:
    with pytest.raises(InvalidError, match="not ahead"):
        override(until=NOW)


def test_without_a_reason_neither_price_nor_audit_is_kept() -> None:
    with pytest.raises(InvalidError):
        override(reason=" ")
    assert not Override.objects.exists()
    assert not AuditRecord.objects.exists()
