"""What the console says: every stored word has its Persian, every schedule its sentence, and nothing is made up."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template

from zargar import names
from zargar.admin_panel import cadences, words
from zargar.backups.models import CopyState
from zargar.ledger.models import State as RunState
from zargar.monitoring.house import Code
from zargar.notifications.outbox import State as MessageState
from zargar.notifications.values import Channel, Delivery
from zargar.persian import UNKNOWN
from zargar.pricing.current import Standing
from zargar.pricing.models import Verdict
from zargar.pricing.quotes import Why
from zargar.pricing.readings import State as TickState
from zargar.schedules.cadence import Cron, Every
from zargar.schedules.catalogue import catalogue
from zargar.schedules.models import SlotState
from zargar.shops.models import State as ShopState

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
ENTRIES = catalogue(prices_open=time(8), prices_close=time(18))


def render(template: str, **values: object) -> str:
    """Render a template that has loaded the filters."""
    return Template("{% load zargar_persian %}" + template).render(Context(values))


@pytest.mark.parametrize("states", [Standing, TickState, Verdict, RunState, SlotState, ShopState])
def test_every_state_has_a_persian_word(states: type[Standing]) -> None:
    assert [state for state in states if state.value not in words.STATES] == []


def test_every_reason_task_and_entry_has_a_persian_word() -> None:
    assert set(Why) <= set(words.REASONS)
    assert set(words.TASKS) == names.CONTRACT
    assert set(words.ENTRIES) == {entry.name for entry in ENTRIES}
    assert set(words.FINDINGS) == set(Code)
    assert set(words.COPIES) == set(CopyState.values)


def test_every_word_of_messages_has_its_persian() -> None:
    assert set(words.MESSAGES) == {state.value for state in MessageState}
    assert set(words.CHANNELS) == {channel.value for channel in Channel}
    assert set(words.DELIVERIES) == {delivery.value for delivery in Delivery}


def test_a_word_that_is_not_listed_is_shown_as_it_is_stored() -> None:
    assert words.word("invented_today", "reason") == "invented_today"


@pytest.mark.parametrize(
    ("cadence", "sentence"),
    [
        (Every(5), "هر ۵ ثانیه"),
        (Cron("* * * * *"), "هر دقیقه"),
        (Cron("*/5 8-17 * * *"), "هر ۵ دقیقه، از ساعت ۸ تا ۱۸"),
        (Cron("0 * * * *"), "سر هر ساعت"),
        (Cron("45 * * * *"), "هر ساعت، دقیقه ۴۵"),
        (Cron("0 3 * * *"), "هر روز، ساعت ۳:۰۰"),
        (Cron("0 20 * * 0"), "یکشنبه‌ها، ساعت ۲۰:۰۰"),
        (Cron("0 1 * * 6"), "شنبه‌ها، ساعت ۱:۰۰"),
        (Cron("0 7 1 * *"), "۰ ۷ ۱ * *"),
    ],
)
def test_a_schedule_is_told_in_persian_and_an_unknown_shape_as_its_line(cadence: Cron | Every, sentence: str) -> None:
    assert cadences.in_persian(cadence) == sentence


def test_no_entry_of_the_catalogue_is_told_as_a_cron_line() -> None:
    assert [entry.name for entry in ENTRIES if "*" in cadences.in_persian(entry.cadence)] == []


@pytest.mark.parametrize(
    ("template", "value", "shown"),
    [
        ("{{ v|jdate }}", NOW, "۱۴۰۵/۰۹/۰۱ ۱۷:۳۰:۰۰"),
        ("{{ v|jdate }}", date(2026, 11, 22), "۱۴۰۵/۰۹/۰۱"),
        ("{{ v|jlong }}", datetime(2026, 11, 21, 21, 0, tzinfo=UTC), "یکشنبه ۱ آذر ۱۴۰۵"),
        ("{{ v|jtime }}", NOW, "۱۷:۳۰:۰۰"),
        ("{{ v|fa }}", 12_000, "۱۲٬۰۰۰"),
        ("{{ v|fa }}", "run 7", "run ۷"),
        ("{{ v|toman }}", Decimal("18611000.4"), "۱۸٬۶۱۱٬۰۰۰"),
        ("{{ v|span }}", timedelta(minutes=5), "۵ دقیقه"),
        ("{{ v|word:'state' }}", "held", "نگه داشته"),
    ],
)
def test_values_are_written_for_persian_readers(template: str, value: object, shown: str) -> None:
    assert render(template, v=value) == shown


def test_an_age_is_counted_from_the_moment_of_the_page() -> None:
    assert render("{{ v|ago:now }}", v=NOW - timedelta(minutes=3), now=NOW) == "۳ دقیقه پیش"


@pytest.mark.parametrize("filter_", ["jdate", "jlong", "jtime", "fa", "toman", "ago:now", "span", "word:'state'"])
def test_what_is_not_there_is_said_to_be_missing_and_not_shown_as_a_figure(filter_: str) -> None:
    assert render("{{ v|" + filter_ + " }}", v=None, now=NOW) == UNKNOWN
