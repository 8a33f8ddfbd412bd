"""The process of one reader: `python -m zargar.backups.reader DESCRIPTOR`, started by `crew` and by nobody else.

It reads messages from the socket of that descriptor until it closes, which ends the process in the middle of whatever
it does: then whoever asked is gone. Django is not needed here, and not loaded.
"""

import os
import signal
import sys
from multiprocessing.connection import Connection as Channel
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, cast

import psycopg

from zargar.backups.crew import Answer, Begin, Begun, Ended, Task
from zargar.backups.readers import AtSnapshot, ByItself, Gone, UnreadableError
from zargar.backups.reading import Reader, sealed

ALONE: Final = 3
"""The exit code of a reader that nobody listens to any more."""


def main(descriptor: int) -> None:
    """Answer messages until the other side closes; an error is an answer, and the last one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches the whole group; the other side tells us to end
    channel: Channel[Any, Any] = Channel(descriptor)
    begin = cast("Begin", channel.recv())
    tasks: SimpleQueue[Task] = SimpleQueue()
    Thread(target=_receive, args=(channel, tasks), daemon=True).start()
    try:
        _work(Reader(lambda: psycopg.connect(begin.conninfo), begin.pg_dump), channel, tasks)
    except BrokenPipeError:
        os._exit(ALONE)
    except Exception as fault:  # noqa: BLE001 -- the edge of a process: raised again where the answer is waited for
        channel.send(fault)


def _receive(channel: "Channel[Any, Any]", tasks: SimpleQueue[Task]) -> None:
    """Take tasks at once, so that the other side never waits for room, and see it go."""
    while True:
        try:
            tasks.put(cast("Task", channel.recv()))
        except (EOFError, OSError):
            os._exit(ALONE)


def _work(reader: Reader, channel: "Channel[Any, Any]", tasks: SimpleQueue[Task]) -> None:
    send = cast("Channel[Any, Answer]", channel).send
    while True:
        task = tasks.get()
        match task:
            case AtSnapshot():
                send(reader.one_at_snapshot(task))
            case ByItself():
                reading = reader.begun(task)
                if isinstance(reading, Gone):
                    send(reading)
                    continue
                send(Begun(tuple(reading.redone)))
                try:
                    send(Ended(*sealed(reading, task.recipient, send)))
                except UnreadableError as why:
                    send(Gone(str(why)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
