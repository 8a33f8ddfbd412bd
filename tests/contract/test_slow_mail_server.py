"""A mail server that answers every line in time, and lets nobody finish: a letter has a deadline for all of it."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from zargar.notifications.channels.email.smtp import Smtp
from zargar.notifications.channels.sms.verdicts import UNREACHABLE
from zargar.notifications.values import Accepted, Outgoing, Refusal, Refused, Verdict

STEP: Final = 0.25
"""Seconds that it takes for each answer; from the connection to the final dot there are five."""


class _Dawdler(socketserver.StreamRequestHandler):
    """Answers well, each time a little later."""

    def handle(self) -> None:
        """Speak SMTP."""
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line.strip().upper()[:4]
            self._say("354 go on" if word == b"DATA" else "250 OK")
            if word == b"DATA":
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                self._say("250 taken")

    def _say(self, words: str) -> None:
        time.sleep(STEP)
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def dawdler() -> Iterator[str]:
    """Run the server; yields its address."""
    with _Server(("127.0.0.1", 0), _Dawdler) as server:
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        running.start()
        try:
            yield f"smtp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            running.join()


def handed_over(base: str, *, letter: float) -> Verdict:
    """Hand one letter over, with so many seconds for everything before its end."""
    mail = Smtp(name="mail", base=base, key="", sender="zargar@shop.example", patience=5, letter=letter, taken=5)
    try:
        [verdict] = mail.send([Outgoing(reference=1, to="a@post.example", text="سلام", subject="سلام")])
    finally:
        mail.close()
    return verdict


@pytest.mark.parametrize("letter", [STEP / 2, STEP * 1.5, STEP * 3.5], ids=["greeting", "envelope", "data"])
def test_a_letter_that_is_not_done_in_its_time_was_not_taken_wherever_it_stood(letter: float) -> None:
    with dawdler() as base:
        verdict = handed_over(base, letter=letter)
    assert isinstance(verdict, Refused)
    assert (verdict.why, verdict.code) == (Refusal.BUSY, UNREACHABLE)


def test_who_is_slow_and_within_that_time_has_it() -> None:
    with dawdler() as base:
        assert isinstance(handed_over(base, letter=STEP * 40), Accepted)
