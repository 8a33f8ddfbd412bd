"""Letters leave by real SMTP, arrive as they were meant, and fail in a way that says whether to try again."""

import socket
from collections.abc import Iterator

import pytest
from django.test.utils import override_settings

from tests.support.mail import OPERATOR, SENDER, MailSandbox, mail_goes_to
from zargar import mail
from zargar.mail import BadLetterError, Letter, NoMailError, Postbox, SmtpPostbox
from zargar.outcomes import Permanent, Retryable
from zargar.settings.environment import MailSettingError, mail_addresses, mail_server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture(scope="module")
def running_server() -> Iterator[MailSandbox]:
    with MailSandbox() as server:
        yield server


@pytest.fixture
def server(running_server: MailSandbox) -> MailSandbox:
    running_server.forget()
    return running_server


@pytest.fixture
def postbox(server: MailSandbox) -> Iterator[Postbox]:
    with mail_goes_to(server.smtp_url):
        yield mail.postbox()


def letter(
    *, to: tuple[str, ...] = (OPERATOR,), key: str = "alert/7", subject: str = "قیمت طلا نگه داشته شد"
) -> Letter:
    return Letter(
        to=to, subject=subject, text="متن ساده\n", html="<p dir=rtl>متن <img src='cid:chart'></p>",
        images={"chart": PNG}, key=key,
    )  # fmt: skip


def hasty(server: MailSandbox) -> SmtpPostbox:
    """A postbox that waits half a second for each answer."""
    known = mail_server(server.smtp_url, sender=SENDER)
    assert known is not None
    return SmtpPostbox(known, sender=SENDER, patience=0.5)


def test_a_letter_arrives_with_its_words_its_page_and_its_picture(server: MailSandbox, postbox: Postbox) -> None:
    postbox.send(letter())

    (arrived,) = server.letters()
    assert arrived["envelope"] == {"from": SENDER, "to": [OPERATOR]}
    assert arrived["headers"]["subject"] == "قیمت طلا نگه داشته شد"
    assert arrived["headers"]["auto-submitted"] == "auto-generated"
    assert arrived["text"].strip() == "متن ساده"
    assert "cid:chart" in arrived["html"]
    assert arrived["images"] == {"chart": len(PNG)}
    assert arrived["raw"].isascii()
    assert arrived["raw"].index("multipart/alternative") < arrived["raw"].index("multipart/related")


def test_the_same_letter_sent_twice_is_recognisable_and_another_is_not(server: MailSandbox, postbox: Postbox) -> None:
    for key in ("alert/7", "alert/7", "alert/8"):
        postbox.send(letter(key=key))

    first, again, other = (one["headers"]["message-id"] for one in server.letters())
    assert first == again != other


@pytest.mark.parametrize(
    ("how", "outcome"), [("temporary", Retryable), ("busy", Retryable), ("permanent", Permanent), ("drop", Retryable)]
)
def test_a_server_that_refuses_or_breaks_off_says_whether_to_try_again(
    server: MailSandbox, postbox: Postbox, how: str, outcome: type[Exception]
) -> None:
    server.mischief(how)

    with pytest.raises(outcome) as refused:
        postbox.send(letter())

    assert OPERATOR not in str(refused.value)
    server.mischief(None)
    postbox.send(letter())
    assert server.letters()[-1]["accepted"]


def test_a_server_that_falls_silent_is_given_up(server: MailSandbox) -> None:
    server.mischief("hang")

    with pytest.raises(Retryable, match="broke off"):
        hasty(server).send(letter())


def test_a_server_that_is_not_there_is_asked_again_later() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{held.getsockname()[1]}"
        with mail_goes_to(url), pytest.raises(Retryable, match="ConnectionRefusedError"):
            mail.postbox().send(letter())


def test_a_login_that_is_refused_is_for_a_person_and_never_spelled_out(server: MailSandbox) -> None:
    url = server.smtp_url.replace("smtp://", "smtp://house:s3cret-word@")
    with mail_goes_to(url):
        mail.postbox().send(letter())
        server.mischief("login")
        with pytest.raises(Permanent) as refused:
            mail.postbox().send(letter())

    assert "s3cret-word" not in str(refused.value)
    assert "s3cret-word" not in repr(mail_server(url, sender=SENDER))
    assert len(server.letters()) == 1


def test_a_server_without_tls_gets_neither_letter_nor_login(server: MailSandbox) -> None:
    url = server.smtp_url.replace("smtp://", "smtp+starttls://house:s3cret-word@")
    with mail_goes_to(url), pytest.raises(Permanent, match="STARTTLS"):
        mail.postbox().send(letter())

    assert server.letters(accepted=False) == []


def test_a_server_that_does_not_speak_tls_is_told_nothing(server: MailSandbox) -> None:
    url = server.smtp_url.replace("smtp://", "smtps://house:s3cret-word@")
    with mail_goes_to(url), pytest.raises(Retryable, match="SSLError"):
        mail.postbox().send(letter())

    assert server.letters(accepted=False) == []


@pytest.mark.parametrize(
    "forged",
    [
        {"subject": "price\r\nBcc: all@shop.example"},
        {"to": ("operator@shop.example\nBcc: all@shop.example",)},
        {"to": ("no address",)},
        {"to": ()},
        {"key": ""},
    ],
)
def test_a_letter_that_would_forge_a_header_or_reach_nobody_is_refused(forged: dict[str, object]) -> None:
    fields = {"to": (OPERATOR,), "subject": "s", "text": "t", "html": "h", "key": "k", **forged}
    with pytest.raises(BadLetterError):
        Letter(**fields)  # type: ignore[arg-type]  # a table of what is wrong


def test_without_settings_there_is_no_mail_and_it_is_said() -> None:
    assert not mail.configured()
    with pytest.raises(NoMailError, match="ZARGAR_MAIL_URL"):
        mail.postbox()
    with mail_goes_to("smtp://127.0.0.1:1"), override_settings(OPERATORS_MAIL=()):
        assert not mail.configured()


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.shop.example", SENDER),
        ("smtp://", SENDER),
        ("smtps://mail.shop.example:port", SENDER),
        ("smtp://house:s3cret-word@mail.shop.example", SENDER),
        ("smtps://house:s3cret-word@mail.shop.example", None),
        ("smtps://house:s3cret-word@mail.shop.example", "no address"),
    ],
)
def test_a_setting_that_is_none_stops_the_start_and_is_not_repeated(url: str, sender: str | None) -> None:
    with pytest.raises(MailSettingError, match="ZARGAR_MAIL_") as refused:
        mail_server(url, sender=sender)
    assert "s3cret-word" not in str(refused.value)


def test_settings_say_port_and_encryption_by_the_scheme() -> None:
    plain = mail_server("smtp://mail.shop.example", sender=SENDER)
    starttls = mail_server("smtp+starttls://u:p%40ss@mail.shop.example", sender=SENDER)
    tls = mail_server("smtps://u:p@mail.shop.example:4650", sender=f"ZARGAR <{SENDER}>")
    assert plain
    assert starttls
    assert tls
    assert (plain.port, plain.tls, plain.starttls) == (25, False, False)
    assert (starttls.port, starttls.starttls, starttls.password) == (587, True, "p@ss")
    assert (tls.port, tls.tls) == (4650, True)


def test_operators_are_a_list_of_addresses() -> None:
    assert mail_addresses("a@x.example, b@x.example") == ("a@x.example", "b@x.example")
    assert mail_addresses("") == ()
    with pytest.raises(MailSettingError):
        mail_addresses("a@x.example; b@x.example")
