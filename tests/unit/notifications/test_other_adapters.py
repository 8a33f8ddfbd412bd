"""Accounts of mail, push and inbox as the environment names them."""

import pytest

from tests.support.other_providers import service_account, vapid_key
from zargar.notifications.accounts import BadAccountError, read
from zargar.notifications.channels import catalogue
from zargar.notifications.channels.catalogue import ProviderSettingError, build
from zargar.notifications.channels.email.anymail import Esp
from zargar.notifications.channels.email.smtp import Smtp
from zargar.notifications.channels.inbox import Inboxes
from zargar.notifications.channels.push.fcm import Fcm
from zargar.notifications.channels.push.webpush import WebPush
from zargar.notifications.channels.sms.ippanel import IpPanel
from zargar.notifications.channels.sms.kavenegar import Kavenegar
from zargar.notifications.channels.sms.melipayamak import Melipayamak
from zargar.notifications.channels.sms.smsir import SmsIr
from zargar.notifications.ports import Provider
from zargar.notifications.sendable import LEASE, MARGIN
from zargar.notifications.values import Channel, Outgoing, Refusal, Refused

SECRET = "a5ecretOfTheAccount"
GOOGLE = "https://oauth2.googleapis.com/token"
INSIDE = "http://10.0.0.1/token"


def case(value: object) -> str:
    """Name a case by its account alone: keys are new each time, and processes that share the tests compare names."""
    return str(value) if isinstance(value, Channel) or "?" in str(value) else "key"


def built(place: str, key: str | None = SECRET) -> Provider:
    (account,) = read({"mine": place}, keys={"mine": key})
    return build(account)


@pytest.mark.parametrize(
    ("place", "key", "channel"),
    [
        ("smtp+smtps://mail.example:465?from=a@shop.example&user=u", SECRET, Channel.EMAIL),
        ("smtp+smtp+starttls://mail.example:587?from=a@shop.example&user=u", SECRET, Channel.EMAIL),
        ("smtp+smtp://mail.example?from=a@shop.example", None, Channel.EMAIL),
        ("anymail+https://postal.example?esp=postal&from=a@shop.example", SECRET, Channel.EMAIL),
        ("anymail+https://api.postmarkapp.com?esp=postmark&from=a@shop.example", SECRET, Channel.EMAIL),
        ("anymail+https://api.brevo.com/v3?esp=brevo&from=a@shop.example", SECRET, Channel.EMAIL),
        ("anymail+https://api.resend.com?esp=resend&from=a@shop.example", SECRET, Channel.EMAIL),
        ("webpush?subject=mailto:ops@shop.example", vapid_key("ours"), Channel.PUSH),
        ("fcm", service_account("ours", token_uri=GOOGLE), Channel.PUSH),
        ("inbox", None, Channel.INBOX),
    ],
    ids=case,
)
def test_each_adapter_is_made_of_its_account(place: str, key: str | None, channel: Channel) -> None:
    provider = built(place, key)
    assert (provider.name, provider.channel) == ("mine", channel)
    assert "mine" in repr(provider)
    assert (key or SECRET) not in repr(provider)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("smtp+smtp://mail.example?from=a@shop.example&user=u", SECRET),  # a login that could be read on its way
        ("smtp+smtps://mail.example", SECRET),
        ("smtp+smtps://mail.example?from=nobody", SECRET),
        ("smtp+https://mail.example?from=a@shop.example", SECRET),
        ("anymail+http://postal.example?esp=postal&from=a@shop.example", SECRET),
        ("anymail+https://postal.example?esp=unknown&from=a@shop.example", SECRET),
        ("anymail+https://postal.example?esp=postal&from=a@shop.example", None),
        ("webpush?subject=mailto:ops@shop.example", SECRET),
        ("webpush?subject=mailto:ops@shop.example", None),
        ("webpush?subject=nobody", vapid_key("ours")),
        ("fcm", SECRET),
        ("fcm", '{"token_uri": "http://169.254.169.254/", "project_id": "x"}'),
        ("fcm", service_account("ours", token_uri=INSIDE)),
        ("inbox?color=red", None),
    ],
    ids=case,
)
def test_an_account_that_cannot_work_is_refused_and_shows_no_key(place: str, key: str | None) -> None:
    with pytest.raises((BadAccountError, ProviderSettingError)) as refused:
        built(place, key)
    assert "mine" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


@pytest.mark.parametrize("to", ["maryam", "0", "12345678901234567890", "-1", "۱۲"])
def test_a_platform_message_or_a_strange_address_never_reaches_an_inbox(to: str) -> None:
    (verdict,) = built("inbox", None).send([Outgoing(reference=1, to=to, subject="ه", text="ه")])
    assert isinstance(verdict, Refused)
    assert verdict.why in {Refusal.SENDER, Refusal.RECIPIENT}


def test_what_must_be_left_of_a_turn_is_more_than_the_longest_call_of_any_adapter() -> None:
    adapters = (Kavenegar, SmsIr, Melipayamak, IpPanel, Smtp, Esp, WebPush, Fcm, Inboxes)
    assert len(adapters) == len(catalogue.ADAPTERS)
    assert max(one.limits.longest for one in adapters) < MARGIN < LEASE
