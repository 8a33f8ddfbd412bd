"""A worker that closes the runs of prices looks after each, and its colleague on the other queue sends the letter."""

from pathlib import Path

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.mail import OPERATOR, SENDER, MailSandbox
from tests.support.processes import running, wait_until, worker
from zargar import names
from zargar.ledger.models import Run, State


def test_when_boards_fall_silent_the_operators_get_one_letter_without_anybody_asking(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str
) -> None:
    with MailSandbox() as world:
        env = {
            **database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": world.url,
            "ZARGAR_PRICES_EVERY_SECONDS": "300", "ZARGAR_PRICES_SOURCES": "wallgold,tgju,talasea",
            "ZARGAR_MAIL_URL": world.smtp_url, "ZARGAR_MAIL_FROM": SENDER, "ZARGAR_OPERATORS_MAIL": OPERATOR,
        }  # fmt: skip
        hands = worker(tmp_path, env)
        with running(hands):
            hands.ready()
            from tests.support.app import app  # noqa: PLC0415 -- the app reads the broker's address

            for board in ("tgju", "talasea"):
                world.misbehave(board, "error500")
            for _ in range(4):
                app.tasks[names.FORCE_GOLD_PRICE_REFRESH].delay()
                due = Run.objects.filter(task=names.FORCE_GOLD_PRICE_REFRESH).exclude(state=State.SUCCEEDED)
                wait_until(lambda: not due.exists(), what="a tick", show=hands.words)  # noqa: B023 -- called at once
            sends = Run.objects.filter(task=names.SEND_GOLD_PRICE_ALERT)
            wait_until(lambda: sends.filter(state=State.SUCCEEDED).exists(), what="the sending", show=hands.words)
        (letter,) = world.letters(accepted=False)
    assert letter["envelope"] == {"from": SENDER, "to": [OPERATOR]}
    assert "talasea, tgju" in letter["text"]
    (sent,) = sends
    assert sent.queue == "bulk"
    assert sent.summary == {
        "notice": sent.kwargs["notice_id"],
        "sent": True,
        "what": "opened",
        "alert": "sources_poor",
        "telephones": 0,
    }
    assert OPERATOR not in hands.words()
