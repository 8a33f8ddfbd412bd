"""What a letter is made of, and what a mail company's events mean."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from anymail.signals import AnymailTrackingEvent, EventType  # type: ignore[import-untyped]  # ships no types
from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications.channels.email import bounces, letters
from zargar.notifications.channels.email.conversation import wire_form
from zargar.notifications.values import Delivery, Outgoing, Purpose, Receipt, Refusal

SENDER = "زرگر <zargar@shop.example>"
LINK = "https://shop.example/leave/abc"


def outgoing(**different: str) -> Outgoing:
    fields = {"to": "maryam@post.example", "text": "سلام\n\nخوبید؟", "subject": "یادآوری", **different}
    return Outgoing(reference=77, **fields)  # type: ignore[arg-type]  # the fields that are texts


def test_a_promotion_can_be_left_by_one_click_and_a_reminder_has_nothing_to_leave() -> None:
    headers = letters.headers(outgoing(unsubscribe=LINK), sender=SENDER)
    assert headers["List-Unsubscribe"] == f"<{LINK}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert LINK in letters.html_of(outgoing(unsubscribe=LINK))
    assert LINK in letters.text_of(outgoing(unsubscribe=LINK))
    assert "List-Unsubscribe" not in letters.headers(outgoing(), sender=SENDER)
    assert "<a " not in letters.html_of(outgoing())


def test_a_message_id_is_the_attempts_own_and_the_same_each_time() -> None:
    assert letters.message_id(77, sender=SENDER) == "<zargar.77@shop.example>"
    assert letters.message_id(78, sender=SENDER) != letters.message_id(77, sender=SENDER)


def test_a_letter_comes_under_the_shops_name_from_the_accounts_address() -> None:
    line = letters.from_line(outgoing(sender='گالری "زرین"'), sender=SENDER)
    assert letters.address_of(line) == "zargar@shop.example"
    assert letters.from_line(outgoing(), sender=SENDER) == SENDER


def test_a_page_is_right_to_left_and_escapes_what_it_is_given() -> None:
    page = letters.html_of(outgoing(text='<script>x</script> https://a.example/?b="c'))
    assert '<html lang="fa" dir="rtl">' in page
    assert "<script>" not in page
    assert 'href="https://a.example/?b="' in page
    assert "&quot;c" in page


@pytest.mark.parametrize(
    ("different", "why"),
    [
        ({"to": "maryam"}, Refusal.RECIPIENT),
        ({"to": "a@b.example, c@d.example"}, Refusal.RECIPIENT),
        ({"to": "a@b.example\r\nBcc: c@d.example"}, Refusal.RECIPIENT),
        ({"to": "مریم@post.example"}, Refusal.RECIPIENT),
        ({"subject": "سلام\r\nBcc: c@d.example"}, Refusal.OURS),
        ({"sender": "زرین\nX: y"}, Refusal.OURS),
        ({"subject": " "}, Refusal.CONTENT),
        ({"text": " "}, Refusal.CONTENT),
    ],
)
def test_what_can_be_no_letter_is_refused_before_anybody_is_asked(different: dict[str, str], why: Refusal) -> None:
    fault = letters.fault(outgoing(**different))
    assert fault is not None
    assert fault.why is why
    assert letters.fault(outgoing()) is None


@given(st.lists(st.sampled_from(["", ".", "..", ".a", "a", "a.", "سلام"]), max_size=8))
def test_no_line_of_a_letter_is_its_end(lines: list[str]) -> None:
    wire = wire_form("\r\n".join(lines).encode())
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    assert wire.endswith(b"\r\n")
    undone = [line.removeprefix(b".") if line.startswith(b".") else line for line in wire.split(b"\r\n")[:-1]]
    assert b"\r\n".join(undone).rstrip(b"\r\n") == "\r\n".join(lines).encode().rstrip(b"\r\n")


def test_the_headers_survive_the_wire() -> None:
    raw = message_from_bytes(b"Subject: =?utf-8?b?2LPZhNin2YU=?=\r\n\r\n", policy=policy.default)
    assert raw["Subject"] == "سلام"


def event(kind: str, **more: object) -> AnymailTrackingEvent:
    return AnymailTrackingEvent(event_type=kind, message_id=more.pop("message_id", 31), **more)


AT = datetime(2026, 11, 23, tzinfo=UTC)
BOTH = frozenset(Purpose)


def test_a_companys_events_are_receipts_and_complaints_are_heard() -> None:
    events = [
        event(EventType.DELIVERED, timestamp=AT),
        event(EventType.BOUNCED, timestamp=None),
        event(EventType.OPENED, timestamp=AT),
        event(EventType.COMPLAINED, timestamp=AT, recipient="maryam@post.example"),
        event(EventType.UNSUBSCRIBED, timestamp=AT),
        event(EventType.DELIVERED, timestamp=AT, message_id=None),
        event(EventType.DELIVERED, timestamp=AT.replace(tzinfo=None)),
    ]
    told = [bounces.told(one, company="Postmark") for one in events]
    assert [one.receipt if one else None for one in told] == [
        Receipt("31", Delivery.DELIVERED, AT), Receipt("31", Delivery.UNDELIVERED), None,
        Receipt("31", Delivery.DELIVERED, AT), None, None, Receipt("31", Delivery.DELIVERED),
    ]  # fmt: skip
    promotion = frozenset({Purpose.PROMOTION})
    assert [one.declines if one else None for one in told] == [
        frozenset(), frozenset(), None, BOTH, promotion, None, frozenset()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("company", "said", "dead"),
    [
        ("Postal", {"payload": {"status": "HardFail"}}, True),
        ("Postal", {"payload": {"bounce": {"id": 5}, "original_message": {"id": 31}}}, True),
        ("Postal", {"payload": {"status": "SoftFail"}}, False),
        ("Postal", {"payload": None}, False),
        ("Postmark", {"RecordType": "Bounce", "Type": "HardBounce"}, True),
        ("Postmark", {"RecordType": "Bounce", "Type": "SoftBounce"}, False),
        ("Postmark", {"SuppressSending": True, "SuppressionReason": "HardBounce"}, True),
        ("Postmark", {"SuppressSending": False, "SuppressionReason": "HardBounce"}, False),
        ("Brevo", {"event": "hard_bounce"}, True),
        ("Brevo", {"event": "soft_bounce"}, False),
        ("Resend", {"data": {"bounce": {"type": "Permanent"}}}, True),
        ("Resend", {"data": {"bounce": {"type": "Transient"}}}, False),
        ("Another", {"event": "hard_bounce"}, False),
        ("Postal", ["HardFail"], False),
    ],
    ids=str,
)
def test_an_address_is_dead_by_the_companys_own_word_alone(company: str, said: object, dead: bool) -> None:  # noqa: FBT001 -- what is expected
    told = bounces.told(event(EventType.BOUNCED, timestamp=AT, esp_event=said), company=company)
    assert told is not None
    assert told.declines == (BOTH if dead else frozenset())
    assert (told.why == bounces.DEAD) is dead
