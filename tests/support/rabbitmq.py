"""A RabbitMQ of the test's own, from Debian's package: one node in a temporary folder, on a free loopback port."""

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.processes import wait_until

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
EPMD = "/usr/bin/epmd"


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """Start a node, yield its amqp:// URL, kill it and what it started."""
    port, clustering, mapper = _free_port(), _free_port(), _free_port()
    node = f"zargar{secrets.token_hex(4)}@localhost"
    configuration = folder / "rabbitmq.conf"
    configuration.write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users.guest = true\n")
    log = folder / "rabbitmq.log"
    env = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_CONFIG_FILE": str(configuration),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_DIST_PORT": str(clustering),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    with log.open("wb") as out:
        server = subprocess.Popen([SERVER], env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        wait_until(
            lambda: _answers(port) or server.poll() is not None,
            what="RabbitMQ to listen",
            seconds=60,
            show=lambda: log.read_text(errors="replace"),
        )
        assert server.poll() is None, log.read_text(errors="replace")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        server.terminate()
        server.wait(30)
        # Erlang starts its port mapper as a daemon, which would outlive the node.
        subprocess.run([EPMD, "-port", str(mapper), "-kill"], env=env, check=False, capture_output=True)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
