"""The sandbox's mail server as a test meets it, and settings that send the application's letters there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test.utils import override_settings

from tests.support.boards import BoardServer
from zargar.settings.environment import mail_server

SENDER = "zargar@shop.example"
OPERATOR = "operator@shop.example"


class MailSandbox(BoardServer):
    """A running sandbox (the boards too) with a mail server; `smtp_url` is what ZARGAR_MAIL_URL would be."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(*arguments, "--mail-port", "0")
        self.smtp_url = self.before[0].split()[1]

    def letters(self, *, accepted: bool = True) -> list[dict[str, Any]]:
        """Return the letters that came in, oldest first: those that were taken, or all."""
        came: list[dict[str, Any]] = json.loads(self.get("/_sandbox/mail"))
        return [letter for letter in came if letter["accepted"] or not accepted]

    def mischief(self, how: str | None) -> None:
        """Have the mail server go wrong, in a way of `zargar.sandbox.mail.Mischief`; None: behave again."""
        self._exchange("POST", "/_sandbox/mail", json.dumps({"how": how}).encode())

    def forget(self, path: str = "/_sandbox/mail") -> None:
        """Behave again, and forget all letters."""
        self.mischief(None)
        super().forget(path)


@contextmanager
def mail_goes_to(url: str, *operators: str) -> Iterator[None]:
    """Have the application's mail configured: its server, its sender, and who runs it."""
    server = mail_server(url, sender=SENDER)
    with override_settings(MAIL_SERVER=server, MAIL_FROM=SENDER, OPERATORS_MAIL=operators or (OPERATOR,)):
        yield
