"""A shop's own versions of templates, in its schema."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from zargar.audit.models import AuditRecord
from zargar.notifications import template_operations as templates
from zargar.notifications import template_store
from zargar.notifications.kinds import Kind, Tone
from zargar.notifications.shop.models import ShopPolicy, TemplateState, TemplateVersion
from zargar.notifications.templates.defaults import NoSuchTemplateError
from zargar.notifications.templates.sources import BadTemplateError, Source
from zargar.notifications.values import Channel, Draft
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORDS = {"actor": "reza", "reason": "لحن خودمان"}


@pytest.fixture
def entered(shop: Shop) -> Iterator[Shop]:
    with in_tenant(shop.id):
        yield shop


def draft(text: str = "{{ name }} جان، به {{ shop }} خوش آمدی", *, now: datetime = NOW) -> Source:
    return templates.draft(kind=Kind.WELCOME, channel=Channel.SMS, subject="", text=text, now=now, **WORDS)


def current() -> Source:
    return template_store.current([Kind.WELCOME], Channel.SMS)[Kind.WELCOME]


def test_a_shop_begins_with_the_defaults_of_its_tone(entered: Shop) -> None:
    assert current().id == "default:welcome:sms:warm@1"
    ShopPolicy.objects.create(tone=Tone.FORMAL)
    assert current().id == "default:welcome:sms:formal@1"


def test_a_draft_does_not_count_until_it_is_published_and_then_it_does(entered: Shop) -> None:
    kept = draft()
    assert current().id.startswith("default:")
    published = templates.publish(template_id=kept.id, now=NOW, **WORDS)
    assert current() == published
    assert current().text == "{{ name }} جان، به {{ shop }} خوش آمدی"


def test_what_waits_is_written_by_the_version_that_it_is_pinned_to(entered: Shop) -> None:
    first = templates.publish(template_id=draft().id, now=NOW, **WORDS)
    second = templates.publish(template_id=draft("{{ shop }}: {{ name }} سلام").id, now=NOW, **WORDS)
    default = "default:welcome:sms:formal@1"
    found = template_store.pinned([first.id, second.id, default])
    assert [found[one].text for one in (first.id, second.id)] == [first.text, second.text]
    assert found[default].channel is Channel.SMS
    assert template_store.version(first.id).state is TemplateState.RETIRED
    assert current().id == second.id


def test_a_published_version_is_never_a_draft_again_and_its_words_stay(entered: Shop) -> None:
    published = templates.publish(template_id=draft().id, now=NOW, **WORDS)
    with pytest.raises(templates.NotADraftError):
        templates.publish(template_id=published.id, now=NOW, **WORDS)
    other = draft("{{ shop }}: {{ name }}")
    assert other.id != published.id
    assert template_store.version(published.id).source.text == published.text


def test_a_second_draft_takes_the_place_of_the_first(entered: Shop) -> None:
    assert draft().id == draft("{{ shop }}، {{ name }}").id
    assert [one.source.text for one in template_store.versions(Kind.WELCOME)] == ["{{ shop }}، {{ name }}"]


def test_a_shop_can_go_back_to_the_default(entered: Shop) -> None:
    published = templates.publish(template_id=draft().id, now=NOW, **WORDS)
    assert templates.withdraw(kind=Kind.WELCOME, channel=Channel.SMS, now=NOW, **WORDS) == published.id
    assert current().id == "default:welcome:sms:warm@1"
    with pytest.raises(templates.NothingPublishedError):
        templates.withdraw(kind=Kind.WELCOME, channel=Channel.SMS, now=NOW, **WORDS)


def test_every_act_is_in_the_audit_with_who_and_why(entered: Shop) -> None:
    kept = draft()
    templates.publish(template_id=kept.id, now=NOW, **WORDS)
    acts = list(AuditRecord.objects.order_by("id").values_list("actor", "action", "subject", "reason"))
    assert acts[-2:] == [
        ("reza", "template.draft", f"welcome sms {kept.id}", "لحن خودمان"),
        ("reza", "template.publish", f"welcome sms {kept.id}", "لحن خودمان"),
    ]


def test_a_template_with_a_fault_is_not_kept(entered: Shop) -> None:
    with pytest.raises(BadTemplateError, match="no variable «amount»"):
        draft("{{ shop }} {{ amount }}")
    assert template_store.versions() == []


def test_the_database_keeps_one_published_version_and_no_state_without_its_moment(entered: Shop) -> None:
    templates.publish(template_id=draft().id, now=NOW, **WORDS)
    for wrong in (
        {"state": TemplateState.PUBLISHED, "published_at": NOW},
        {"state": TemplateState.PUBLISHED},
        {"state": TemplateState.DRAFT, "published_at": NOW},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            TemplateVersion.objects.create(
                kind="welcome", channel="sms", text="x", written_by="x", written_at=NOW, **wrong
            )


def test_a_preview_takes_the_shops_own_newest_values_else_samples(entered: Shop) -> None:
    shown = templates.preview(draft())
    assert shown.rendered is not None
    assert not shown.real
    assert "مریم احمدی جان" in shown.rendered.text
    given = templates.preview(draft(), {"name": "سارا", "shop": "ما"})
    assert given.rendered is not None
    assert given.rendered.text == "سارا جان، به ما خوش آمدی"
    assert given.units == len(given.rendered.text)


def test_a_preview_of_a_broken_template_says_what_is_wrong_and_shows_nothing(entered: Shop) -> None:
    shown = templates.preview(Source("", "welcome", Channel.EMAIL, "سلام", "{{ nme }}"))
    assert shown.rendered is None
    assert [str(one) for one in shown.complaints] == ["text line 1: no variable «nme»: this kind tells name, shop"]


def test_a_preview_of_a_letter_is_the_whole_page(entered: Shop) -> None:
    letter = template_store.current(["nowruz"], Channel.EMAIL)["nowruz"]
    assert '<html lang="fa" dir="rtl">' in templates.preview(letter).page


def test_a_test_is_queued_by_the_very_version_and_audited_in_one_transaction(entered: Shop) -> None:
    kept = draft()
    queued: list[Draft] = []

    def enqueue(drafts: list[Draft], *, now: datetime) -> None:
        assert transaction.get_connection().in_atomic_block
        queued.extend(drafts)

    templates.send_test(template_id=kept.id, to="+989121234567", enqueue=enqueue, now=NOW, **WORDS)
    assert [(one.template, one.to, one.kind) for one in queued] == [(kept.id, "+989121234567", "welcome")]


@pytest.mark.parametrize("wrong", ["shop:999", "shop:", "shop:x", "shop:-1", "shop:99999999999999999999", "x"])
def test_an_id_that_names_nothing_is_refused(entered: Shop, wrong: str) -> None:
    with pytest.raises(NoSuchTemplateError):
        template_store.pinned([wrong])
