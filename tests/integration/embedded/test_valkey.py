"""A Valkey of our own, and the accidents it can be made to have."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.support.databases import private_folder
from zargar.embedded.errors import PartError
from zargar.embedded.secret_file import secret
from zargar.embedded.valkey import Valkey

ONCE = Retry(NoBackoff(), 0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(private_folder(tmp_path)) as started:
        yield started


def client(server: Valkey) -> Redis:
    return Redis.from_url(server.url(), socket_timeout=0.3, decode_responses=True, retry=ONCE)


def test_it_keeps_what_it_accepted_over_a_stop_and_a_start_on_the_same_port(server: Valkey) -> None:
    port = server.port
    with client(server) as first:
        first.set("price", "18340000")
    server.stop()
    server.start()
    assert server.port == port
    with client(server) as second:
        assert second.get("price") == "18340000"


def test_it_comes_back_from_a_kill_with_all_that_it_had_answered(server: Valkey) -> None:
    with client(server) as first:
        first.set("price", "18340000")
    server.kill()
    assert not server.running
    server.start()
    with client(server) as second:
        assert second.get("price") == "18340000"


def test_paused_it_keeps_the_line_open_and_answers_nothing_until_resumed(server: Valkey) -> None:
    with client(server) as line:
        line.ping()
        server.pause()
        with pytest.raises(RedisTimeoutError):
            line.ping()
        server.resume()
        assert line.ping()


def test_a_paused_server_can_still_be_stopped(server: Valkey) -> None:
    server.pause()
    server.stop()
    assert not server.running


def test_wiped_it_has_lost_everything_in_all_its_databases(server: Valkey) -> None:
    with Redis.from_url(server.url(0)) as queue, Redis.from_url(server.url(1)) as results:
        queue.set("a", 1)
        results.set("b", 1)
        server.wipe()
        assert queue.dbsize() == results.dbsize() == 0


def test_it_evicts_nothing_and_writes_down_everything(server: Valkey) -> None:
    with client(server) as line:
        settings = line.config_get("*")
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["bind"] == "127.0.0.1"


def test_without_the_password_it_answers_nothing(server: Valkey) -> None:
    with Redis(port=server.port, retry=ONCE) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_the_password_is_in_private_files_and_in_no_argument(server: Valkey) -> None:
    password = secret(server.folder / "valkey-password")
    process = psutil.Process(server.pid)
    assert password not in " ".join(process.cmdline())
    assert password not in " ".join(process.environ().values())
    for name in ("valkey-password", "valkey.conf"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


def test_what_is_not_running_cannot_be_paused_or_wiped(server: Valkey) -> None:
    server.stop()
    with pytest.raises(RedisConnectionError):
        server.pause()
    with pytest.raises(RedisError):
        server.wipe()


def test_a_server_that_cannot_start_says_what_its_log_says(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="maxmemory"):
        Valkey(private_folder(tmp_path), memory="plenty").start()
