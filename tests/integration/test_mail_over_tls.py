"""A letter, and the login before it, goes only to a server that somebody vouches for, under the name that was asked."""

from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.mail import MailSandbox, mail_goes_to
from zargar import mail
from zargar.mail import Letter
from zargar.outcomes import Permanent, Retryable

SCHEMES = {"smtp+starttls": (), "smtps": ("--mail-tls",)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for this file: keys take time."""
    return Authority(tmp_path_factory.mktemp("authority"))


def shown(authority: Authority, name: str) -> Path:
    """A file with a server's certificate for `name` and its key."""
    authority.server(name)
    folder = authority.certificate.parent
    both = folder / "shown.pem"
    both.write_text((folder / "leaf.pem").read_text() + (folder / "leaf.key").read_text())
    return both


def send(url: str) -> None:
    with mail_goes_to(url):
        mail.postbox().send(
            Letter(to=("operator@shop.example",), subject="s", text="t", html="<p>t</p>", key="over tls")
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_letter_arrives_over_tls_with_a_login(
    scheme: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    certificate = str(shown(authority, "IP:127.0.0.1"))
    with MailSandbox("--mail-certificate", certificate, *SCHEMES[scheme]) as server:
        send(server.smtp_url.replace("smtp://", f"{scheme}://house:s3cret-word@"))
        assert len(server.letters()) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("name", "trusted"), [("IP:127.0.0.1", False), ("DNS:elsewhere.example", True)])
def test_a_server_that_nobody_vouches_for_is_told_nothing(
    scheme: str,
    name: str,
    trusted: bool,  # noqa: FBT001 -- a column of the table above
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with MailSandbox("--mail-certificate", str(shown(authority, name)), *SCHEMES[scheme]) as server:
        with pytest.raises(Retryable, match="SSLCertVerificationError"):
            send(server.smtp_url.replace("smtp://", f"{scheme}://house:s3cret-word@"))
        assert server.letters(accepted=False) == []


def test_a_server_that_wants_tls_is_not_told_a_letter_in_the_clear(authority: Authority) -> None:
    with MailSandbox("--mail-certificate", str(shown(authority, "IP:127.0.0.1"))) as server:
        with pytest.raises(Permanent, match="530"):
            send(server.smtp_url)
        assert server.letters(accepted=False) == []
