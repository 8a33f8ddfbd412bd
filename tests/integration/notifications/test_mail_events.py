"""What a mail company posts of letters that it took: proven, kept once, and about nobody whose address is read."""

import base64
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.http import HttpResponse
from django.test import Client, override_settings

from tests.support.boards import BoardServer
from tests.support.databases import ScratchDatabase
from tests.support.messages import Clock, Desk, draft, journal, queue, rows
from tests.support.web import web
from zargar.admin_panel import mail_events
from zargar.notifications import turns
from zargar.notifications.accounts import Account
from zargar.notifications.channels.catalogue import build
from zargar.notifications.channels.email.bounces import COMPLAINED, DEAD, UNSUBSCRIBED
from zargar.notifications.channels.email.webhooks import WebhookSecretError
from zargar.notifications.models import OptOut
from zargar.notifications.values import Channel
from zargar.shops.models import Shop

READER = "maryam@post.example"
PAIR = "postmark:a-long-password-of-ours"
POSTAL = Account(name="mail", adapter="anymail", base="https://postal.example", options={"esp": "postal"})
POSTMARK = Account(name="mail", adapter="anymail", options={"esp": "postmark"})


@dataclass
class Server:
    """A Postal server's key, and what it posts."""

    key: rsa.RSAPrivateKey

    @property
    def public(self) -> str:
        """The key as Postal shows it: one line of base64."""
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(self.key.public_key().public_bytes(*form)).decode()

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the header by which Postal proves itself."""
        signature = self.key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- Postal's own
        return {"X-Postal-Signature": base64.b64encode(signature).decode()}


@pytest.fixture(scope="module")
def server() -> Server:
    return Server(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture
def letter(database: ScratchDatabase, shop: Shop) -> Iterator[str]:
    """A letter of the shop that Postal took, by the company's id of it."""
    with BoardServer() as company:
        account = replace(POSTAL, base=f"{company.url}/postal", key="sandboxkey")
        provider = build(replace(account, options={"esp": "postal", "from": "zargar@shop.example"}))
        clock = Clock(datetime.now(UTC))
        post = replace(Desk(clock=clock).post, providers={"mail": provider}, accounts={})
        queue(shop, replace(draft(channel=Channel.EMAIL, due_at=clock()), to=READER), now=clock())
        turns.deliver_due(post, budget=timedelta(seconds=5))
        [(identity,)] = rows(shop, "provider_id")
        yield str(identity)


def event(kind: str, letter: str, *, at: datetime | None = None, **payload: object) -> bytes:
    """Return what Postal posts."""
    message = {
        "id": int(letter), "token": "t1", "direction": "outgoing", "message_id": "m1@postal", "to": READER,
        "from": "zargar@shop.example", "subject": "خوش آمدید", "timestamp": 1, "spam_status": "NotChecked", "tag": None,
    }  # fmt: skip
    held = "original_message" if kind == "MessageBounced" else "message"
    moment = (at or datetime.now(UTC)).timestamp()
    told = {"event": kind, "timestamp": moment, "uuid": "u1", "payload": {held: message, **payload}}
    return json.dumps(told).encode()


def sent(letter: str) -> bytes:
    return event("MessageSent", letter, status="Sent", details="250 ok", output="", time=0.2)


def hard(letter: str, *, at: datetime | None = None) -> bytes:
    return event("MessageDeliveryFailed", letter, status="HardFail", details="550", output=READER, at=at)


def post(
    body: bytes, headers: Mapping[str, str], *, account: Account = POSTAL, secret: str, path: str = "/events/mail/mail/"
) -> HttpResponse:
    """Post to a web process that has one account with this secret."""
    with override_settings(ROOT_URLCONF=tuple(mail_events.routes([account], {"mail": secret} if secret else {}))):
        answer = Client(enforce_csrf_checks=True).post(
            path, body, content_type="application/json", headers=dict(headers)
        )
    assert isinstance(answer, HttpResponse)
    return answer


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def declined() -> list[tuple[str, str, str]]:
    return sorted(OptOut.objects.values_list("channel", "purpose", "source"))


def test_a_signed_delivery_is_in_the_journal_and_at_the_shop_and_twice_is_once(
    shop: Shop, letter: str, server: Server
) -> None:
    body = sent(letter)
    for _ in range(2):
        answer = post(body, server.signed(body), secret=server.public)
        assert (answer.status_code, answer.content) == (200, b"")
        assert journal("delivery, delivered_at IS NOT NULL") == [("delivered", True)]
    assert rows(shop, "delivery") == [("delivered",)]
    assert declined() == []


@pytest.mark.parametrize("how", ["unsigned", "another's", "another body's", "no base64", "no letters"])
def test_what_is_not_proven_changes_nothing(shop: Shop, letter: str, server: Server, how: str) -> None:
    body = hard(letter)
    stranger = Server(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    headers = {
        "unsigned": {}, "another's": stranger.signed(body), "another body's": server.signed(sent(letter)),
        "no base64": {"X-Postal-Signature": "!"}, "no letters": {"X-Postal-Signature": "é"},
    }[how]  # fmt: skip
    assert post(body, headers, secret=server.public).status_code == 403
    assert journal("delivery") == [("",)]
    assert declined() == []


@pytest.mark.parametrize("kind", ["refused at once", "bounced later"])
def test_an_address_that_is_dead_is_written_to_no_more(shop: Shop, letter: str, server: Server, kind: str) -> None:
    later = event("MessageBounced", letter, bounce={"id": 9, "subject": "Undelivered"})
    body = hard(letter) if kind == "refused at once" else later
    for _ in range(2):
        assert post(body, server.signed(body), secret=server.public).status_code == 200
    assert declined() == [("email", "promotion", DEAD), ("email", "transactional", DEAD)]
    clock = Clock(datetime.now(UTC))
    again = draft(2, channel=Channel.EMAIL, due_at=clock())
    queue(shop, replace(again, to=READER), replace(again, to="sara@post.example", event_key="other"), now=clock())
    desk = Desk(clock=clock)
    desk.providers[0].channel = Channel.EMAIL
    turns.deliver_due(desk.post, budget=timedelta(seconds=5))
    assert [one.to for one in desk.providers[0].taken] == ["sara@post.example"]


def test_a_soft_failure_leaves_the_address_alone(letter: str, server: Server) -> None:
    body = event("MessageDelayed", letter, status="SoftFail", details="451", output="")
    assert post(body, server.signed(body), secret=server.public).status_code == 200
    assert journal("delivery") == [("at_operator",)]
    assert declined() == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "BouncedAt": "2026-11-23T08:00:00Z"},
            [("email", "promotion", COMPLAINED), ("email", "transactional", COMPLAINED)],
        ),
        (
            {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression"},
            [("email", "promotion", UNSUBSCRIBED)],
        ),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "ID": 7}, []),
    ],
    ids=["complaint", "unsubscribe", "soft"],
)
def test_a_company_that_proves_itself_by_a_pair_tells_of_complaints(
    letter: str, said: Mapping[str, object], kept: list[tuple[str, str, str]]
) -> None:
    body = json.dumps({**said, "MessageID": letter, "Email": READER, "Recipient": READER}).encode()
    assert post(body, basic(PAIR[:-1] + "x"), account=POSTMARK, secret=PAIR).status_code == 403
    assert post(body, {}, account=POSTMARK, secret=PAIR).status_code == 403
    assert declined() == []
    for _ in range(2):
        assert post(body, basic(PAIR), account=POSTMARK, secret=PAIR).status_code == 200
        assert declined() == kept


def test_an_event_that_is_faster_than_our_own_note_is_asked_for_again_and_an_old_one_is_let_go(
    letter: str, server: Server
) -> None:
    early = hard("999999")
    answer = post(early, server.signed(early), secret=server.public)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    late = hard("999999", at=datetime.now(UTC) - timedelta(hours=1))
    assert post(late, server.signed(late), secret=server.public).status_code == 200
    assert declined() == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"rcpt_to": "a"}', b'{"payload": 7}', b"[" * 100_000, b'{"timestamp": 1e30}'],
    ids=["empty", "list", "cut", "inbound", "number", "deep", "far"],
)  # fmt: skip
def test_what_is_signed_and_no_event_is_400_and_nothing_else(server: Server, body: bytes) -> None:
    assert post(body, server.signed(body), secret=server.public).status_code == 400


def test_a_post_that_is_too_large_is_not_read_at_all(server: Server) -> None:
    body = b" " * (mail_events.MOST_BYTES + 1)
    assert post(body, server.signed(body), secret=server.public).status_code == 413


def test_without_a_secret_there_is_no_such_address_and_a_wrong_secret_is_said_by_name(server: Server) -> None:
    assert mail_events.routes([POSTAL], {}) == []
    assert mail_events.routes([replace(POSTAL, adapter="smtp")], {"mail": server.public}) == []
    for account, wrong in ((POSTAL, "no-key"), (POSTAL, PAIR), (POSTMARK, "short:pair"), (POSTMARK, server.public)):
        with pytest.raises(WebhookSecretError, match="ZARGAR_PROVIDER_MAIL_WEBHOOK_SECRET") as told:
            mail_events.routes([account], {"mail": wrong})
        assert wrong not in str(told.value)
    framed = f"-----BEGIN PUBLIC KEY-----\n{server.public}\n-----END PUBLIC KEY-----\n"
    assert len(mail_events.routes([POSTAL], {"mail": framed})) == 1


def test_no_address_is_logged(letter: str, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for body in (hard(letter), sent(letter), hard("999999", at=datetime.now(UTC) - timedelta(hours=1))):
        post(body, server.signed(body), secret=server.public)
        post(body, {}, secret=server.public)
    words = " ".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "mail" in words
    assert READER not in words


def test_the_real_web_process_hears_a_company_and_nobody_else(
    letter: str, server: Server, database: ScratchDatabase, cache_server: str, tmp_path: Path
) -> None:
    secret = tmp_path / "webhook"
    secret.write_text(server.public + "\n")
    env = {
        **database.env, "CACHE_URL": cache_server,
        "ZARGAR_PROVIDERS": "mail=anymail+https://postal.example?esp=postal&from=zargar@shop.example, own=inbox",
        "ZARGAR_PROVIDER_MAIL_KEY": "key", "ZARGAR_PROVIDER_MAIL_WEBHOOK_SECRET_FILE": str(secret),
    }  # fmt: skip
    body = hard(letter)
    with web(tmp_path, env) as address:
        assert status(f"{address}/events/mail/mail/", body, {}) == 403
        assert status(f"{address}/events/mail/own/", body, server.signed(body)) == 404
        assert declined() == []
        assert status(f"{address}/events/mail/mail/", body, server.signed(body)) == 200
    assert len(declined()) == 2
    assert READER not in (tmp_path / "web.log").read_text()


def status(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    asked = Request(url, data=body, headers={"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 -- loopback
    try:
        with urlopen(asked, timeout=10) as answer:  # noqa: S310 -- loopback
            return int(answer.status)
    except HTTPError as refused:
        return refused.code
