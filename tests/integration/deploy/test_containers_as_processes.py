"""Every line of compose.yaml that runs something is run: commands, environments, users, probes and stop signals."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Literal
from redis import Redis
from redis.exceptions import AuthenticationError, ResponseError

from tests.support.containers import ROOT, Container, Deployment, NotServingError, as_user, compose, seconds
from tests.support.processes import wait_until
from zargar.embedded import process
from zargar.embedded.postgres import Postgres
from zargar.embedded.process import LOOPBACK, Command
from zargar.embedded.valkey import ONCE
from zargar.embedded.wheels import valkey_server

FOLDER = ROOT / "deploy" / "compose"
VARIABLES = {"ALLOWED_HOSTS": "console.example.ir,.shops.example.ir"}
File = dict[str, Any]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the image's user can enter; what is secret in it is closed by itself."""
    with tempfile.TemporaryDirectory(prefix="zargar-compose-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def secrets(folder: Path) -> Path:
    """The secrets of a new deployment, as the operator makes them."""
    made = folder / "secrets"
    subprocess.run([FOLDER / "make-secrets", made], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def postgres_port(secrets: Path, session_folder: Path) -> Iterator[int]:
    """A new PostgreSQL with nothing in it, whose superuser has the password of the secrets."""
    cluster = Postgres(session_folder / "compose-postgres", durable=False)
    try:
        cluster.start()
        with psycopg.connect(cluster.url(), autocommit=True) as admin:
            password = (secrets / "postgres_password").read_text()
            admin.execute(SQL("ALTER ROLE postgres PASSWORD {}").format(Literal(password)))
            port = admin.info.port
        yield port
    finally:
        cluster.destroy()


@pytest.fixture(scope="module")
def valkey_port(folder: Path, secrets: Path) -> Iterator[int]:
    """A Valkey with the deployment's own configuration; only the place of files and the port are ours."""
    home, port = folder / "valkey", process.free_port()
    home.mkdir(mode=0o700)
    words = (FOLDER / "valkey.conf").read_text()
    for theirs, ours in {
        "/run/secrets/": f"{secrets}/", "dir /data": f'dir "{home}"', "port 6379": f"port {port}\nbind {LOOPBACK}",
    }.items():  # fmt: skip
        assert theirs in words
        words = words.replace(theirs, ours)
    (home / "valkey.conf").write_text(words)
    [program, _] = compose()["services"]["valkey"]["command"]
    assert program == valkey_server().name
    server = process.start(
        Command((str(valkey_server()), str(home / "valkey.conf")), {"PATH": "/usr/bin:/bin"}), log=home / "log"
    )
    try:
        wait_until(lambda: "Ready to accept" in (home / "log").read_text(), what="Valkey")
        yield port
    finally:
        process.stop(server, signal.SIGTERM, grace=10)


@pytest.fixture(scope="module")
def deployed(folder: Path, secrets: Path, postgres_port: int, valkey_port: int) -> Callable[[File], Deployment]:
    """Deploy a compose file: the one in the tree, or one with a line changed."""
    hosts = {"postgres": postgres_port, "valkey": valkey_port}

    def deploy(file: File) -> Deployment:
        own = Path(tempfile.mkdtemp(dir=folder))
        own.chmod(0o755)
        return Deployment(file, own, secrets, hosts, VARIABLES)

    return deploy


@pytest.fixture(scope="module")
def deployment(deployed: Callable[[File], Deployment]) -> Deployment:
    """The deployment as it stands in the tree, after its one-shots have run in their order."""
    whole = deployed(compose())
    for name in ("prepare", "migrate"):
        whole.service(name).run()
    return whole


@pytest.fixture
def running() -> Iterator[list[Container]]:
    """What a test has started; whatever is left of it is ended."""
    started: list[Container] = []
    yield started
    for container in started:
        container.end()


def start(running: list[Container], *containers: Container) -> None:
    for container in containers:
        running.append(container)
        container.start()


def test_secrets_are_made_once_closed_to_others_and_readable_through_a_mount(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    assert {path.name for path in secrets.iterdir()} == set(compose()["secrets"])
    before = (secrets / "secret_key").read_text()
    again = subprocess.run([FOLDER / "make-secrets", secrets], check=False, capture_output=True)
    assert again.returncode == 1
    assert (secrets / "secret_key").read_text() == before
    assert len(before) == 64


def test_valkey_asks_for_the_password_and_forgets_nothing(valkey_port: int, secrets: Path) -> None:
    with (
        Redis(port=valkey_port, retry=ONCE) as stranger,
        pytest.raises((AuthenticationError, ResponseError), match=r"NOAUTH|uthentic"),
    ):
        stranger.ping()
    with Redis(port=valkey_port, password=(secrets / "valkey_password").read_text()) as client:
        found = {
            name: client.config_get(name)[name] for name in ("maxmemory-policy", "appendonly", "appendfsync", "save")
        }
        memory = int(client.config_get("maxmemory")["maxmemory"])
    assert found == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "save": ""}
    assert memory == 384 * 1024 * 1024


def test_the_one_shots_may_run_again_at_each_start(deployment: Deployment) -> None:
    deployment.service("prepare").run()
    deployment.service("migrate").run()


def test_every_service_comes_up_healthy_and_ends_within_its_grace(
    deployment: Deployment, running: list[Container]
) -> None:
    start(
        running,
        *deployment.replicas("celery"), *deployment.replicas("celery-backups"),
        *deployment.replicas("celery-realtime"), *deployment.replicas("celery-beat"), *deployment.replicas("web"),
    )  # fmt: skip
    assert [container.name for container in running] == [
        "celery-1", "celery-backups-1", "celery-realtime-1", "celery-beat-1", "celery-beat-2", "web-1",
    ]  # fmt: skip
    for container in running:
        container.wait_until_healthy()
        assert container.uid() == (10001 if as_user(container.what["user"]) else os.geteuid())
    for container in running:
        container.ask_to_stop()
    for container in running:
        assert container.stopped() <= container.grace
        assert "Traceback" not in container.words(), container.words()
    assert running[-1].probe().returncode == 1, "the web has ended, and its probe says so"


@dataclass(frozen=True)
class Break:
    """A wrong line: in which service, how it gets in, and what the process says about it."""

    service: str
    change: Callable[[File], None]
    says: str


BREAKS: dict[str, Break] = {
    "a module that is not there": Break(
        "celery", lambda file: _swap(file, "celery", "--app=zargar", "--app=zargarr"), "zargarr"
    ),
    "a queue that is not ours": Break(
        "celery-realtime",
        lambda file: _swap(file, "celery-realtime", "--queues=realtime", "--queues=real"),
        "queue 'real' isn't",
    ),
    "an option that no beat has": Break(
        "celery-beat", lambda file: _swap(file, "celery-beat", "--pidfile=", "--pidfiles="), "--pidfiles"
    ),
    "a wrong application": Break(
        "web", lambda file: _swap(file, "web", "zargar.wsgi", "zargar.wsgy"), "No module named 'zargar.wsgy'"
    ),
    "a secret that is not granted": Break(
        "web",
        lambda file: file["services"]["web"]["secrets"].remove("secret_key"),
        "SECRET_KEY_FILE must be a readable",
    ),
    "a variable that is misspelt": Break(
        "web", lambda file: _rename(file, "web", "DATABASE_URL_FILE", "DATABASE_URI_FILE"), '"DATABASE_URL" not set'
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_wrong_line_is_caught(
    what: str, deployment: Deployment, deployed: Callable[[File], Deployment], running: list[Container]
) -> None:
    wrong = BREAKS[what]
    file = compose()
    wrong.change(file)
    start(running, deployed(file).service(wrong.service))
    with pytest.raises(NotServingError, match=f"{wrong.service}-1 ended with"):
        running[0].wait_until_healthy(within=60)
    assert re.search(wrong.says, running[0].words()), running[0].words()


def test_a_service_off_the_databases_network_is_caught(deployed: Callable[[File], Deployment]) -> None:
    file = compose()
    file["services"]["migrate"]["networks"] = ["broker"]
    with pytest.raises(NotServingError, match="the database does not answer"):
        deployed(file).service("migrate").run()


def test_a_wrong_probe_is_caught(deployment: Deployment, running: list[Container]) -> None:
    web = deployment.service("web")
    start(running, web)
    web.wait_until_healthy()
    web.what = {**web.what, "healthcheck": {**web.what["healthcheck"], "test": ["CMD", "zargar", "probe", "webb"]}}
    with pytest.raises(NotServingError, match="its probe says"):
        web.wait_until_healthy(within=1)


def test_without_the_host_names_nothing_starts(deployed: Callable[[File], Deployment]) -> None:
    whole = deployed(compose())
    whole.variables = {}
    with pytest.raises(NotServingError, match="ALLOWED_HOSTS is not set: the host names"):
        whole.service("web")


def test_durations_are_read_as_compose_reads_them() -> None:
    assert [seconds(text) for text in ("45s", "1m", "1m30s")] == [45, 60, 90]


def _swap(file: File, service: str, old: str, new: str) -> None:
    command = file["services"][service]["command"]
    command[command.index(old)] = new


def _rename(file: File, service: str, old: str, new: str) -> None:
    environment = file["services"][service]["environment"]
    environment[new] = environment.pop(old)
