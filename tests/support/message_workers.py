"""Workers that send what is due, and somebody who kills them: `python -m tests.support.message_workers`.

A process that has loaded everything forks the workers, each with sessions and connections of its own, and sends SIGKILL
to one of them again and again, spread over the work; a dead one is replaced at once. So hundreds of real deaths cost
seconds, and not hundreds of starts. It prints one JSON object: how many were killed, and how long it took.

The lease is seconds here, where it is minutes in production: what is shown does not depend on its length, only how long
one waits to see it.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from zargar.notifications.sendable import Post, Wait

OPEN = "state IN ('queued', 'claimed', 'asking')"


def main() -> int:
    """Kill as often as asked, then let the workers finish; the exit code is 1 where they do not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--share", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.1, help="at most so many seconds into the work")
    parser.add_argument("--lease", type=float, default=1.5, help="seconds")
    parser.add_argument("--patience", type=float, default=90, help="seconds for finishing")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    import django  # noqa: PLC0415 -- the environment is read now

    django.setup()
    # Whoever is forked has everything loaded, and dies at work and not while it imports.
    from zargar.core import notification_tasks  # noqa: PLC0415 -- needs Django
    from zargar.notifications import turns, wiring  # noqa: PLC0415 -- as above

    siege = Siege(arguments, work=lambda: _work(arguments, notification_tasks.WAIT, turns.deliver_due, wiring.post))
    try:
        began = time.monotonic()
        killed = siege.kill()
        under_fire = time.monotonic() - began
        left = siege.finish()
    finally:
        siege.end()
    took = round(time.monotonic() - began, 1)
    said = {"kills": killed, "seconds": took, "under_fire": round(under_fire, 1), "left": left}
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if left else 0


class Siege:
    """The workers, and what befalls them."""

    def __init__(self, arguments: argparse.Namespace, work: Callable[[], None]) -> None:
        self._arguments = arguments
        self._work = work
        self._rng = random.Random(arguments.seed)  # noqa: S311 -- seeded chaos, nothing secret
        self._children: list[int] = []
        for _ in range(arguments.workers):
            self._fork()

    def kill(self) -> int:
        """Kill so many, spread over the work by how much of it is done, each at a random moment.

        A machine that is faster, or a moment in which nothing goes on, changes when a kill comes and not how many.
        """
        kills, all_of_it = self._arguments.kills, self._left()
        for killed in range(kills):
            self._until_left(all_of_it * (kills - killed) // (kills + 1))
            time.sleep(self._rng.uniform(0, 1) * self._arguments.pause)
            victim = self._rng.choice(self._children)
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            self._children.remove(victim)
            self._fork()
        return int(kills)

    def _until_left(self, at_most: int) -> None:
        """Wait until no more than so much is left to do."""
        end = time.monotonic() + self._arguments.patience
        while self._left() > at_most and time.monotonic() < end:
            time.sleep(0.01)

    def finish(self) -> int:
        """Wait until nothing is open any more; return how much is."""
        end = time.monotonic() + self._arguments.patience
        while (left := self._left()) and time.monotonic() < end:
            time.sleep(0.2)
        return left

    def end(self) -> None:
        """Kill them all."""
        for child in self._children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self._children.clear()

    def _left(self) -> int:
        """Count what is open, by a session that the workers do not share."""
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
            schemas = session.execute("SELECT schema_name FROM shops_shop WHERE state = 'active'").fetchall()
            counts = " UNION ALL ".join(
                f"SELECT count(*) FROM {schema}.shop_messages_message WHERE {OPEN}"  # noqa: S608 -- our own schemas
                for (schema,) in schemas
            )
            [(left,)] = session.execute(f"SELECT sum(n) FROM ({counts}) AS c (n)").fetchall()  # noqa: S608 -- as above
            return int(left)

    def _fork(self) -> None:
        child = os.fork()
        if child == 0:
            try:
                self._work()
            finally:
                os._exit(1)
        self._children.append(child)


def _work(
    arguments: argparse.Namespace, wait: "Wait", deliver_due: "Callable[..., object]", post_by: "Callable[..., Post]"
) -> None:
    """Send what is due until killed."""
    lease = timedelta(seconds=arguments.lease)
    post = replace(post_by(wait=wait), share=arguments.share, lease=lease, margin=lease / 3)
    while True:
        deliver_due(post, budget=timedelta(seconds=1))
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
