"""The containers of deploy/compose as processes of this machine: exact commands, environments, users, probes, signals.

What a container engine would do is done here with what a process has: a service sees only the secrets that it is
granted, as files of the mode that `make-secrets` gives them; it finds only the hosts that it shares a network with; it
has the image's environment and its own and nothing of ours; its user is the file's where we are root. The root file
system and the limits are the engine's, and are looked at in the file alone.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from zargar.embedded import process
from zargar.embedded.process import LOOPBACK, Command

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = ROOT / "deploy" / "compose" / "compose.yaml"
DOCKERFILE: Final = ROOT / "deploy" / "compose" / "Dockerfile"
PROGRAMS: Final = Path(os.environ.get("ZARGAR_TEST_PROGRAMS") or Path(sys.executable).parent)
"""Where `zargar`, `celery` and `gunicorn` are: this installation, or the one whose `bin` ZARGAR_TEST_PROGRAMS names, as
the image's own, made by the Dockerfile's steps."""

SECRETS_MOUNT: Final = "/run/secrets"
WEB_PORT: Final = "8000"
VARIABLE: Final = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class NotServingError(Exception):
    """A service of the compose file does not do what the file says it does; what it said follows."""


def compose() -> dict[str, Any]:
    """Read the compose file as it stands, anchors resolved and variables not."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


def image_environment() -> dict[str, str]:
    """Read the ENV of the image's last stage."""
    last = DOCKERFILE.read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    lines = [line.removeprefix("ENV ") for line in last.splitlines() if line.startswith("ENV ")]
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """Resolve `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` as Compose does. Raises `NotServingError`."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if name is None:
            return "$"
        if name in given or kind == ":-":
            return given.get(name, rest)
        message = f"{name} is not set: {rest}"
        raise NotServingError(message)

    return VARIABLE.sub(value, text)


def seconds(duration: str) -> float:
    """Read a duration of the compose file: `45s`, `1m`, `1m30s`."""
    parts = re.findall(r"(\d+)([ms])", duration)
    assert "".join(f"{number}{unit}" for number, unit in parts) == duration, duration
    return sum(int(number) * {"m": 60, "s": 1}[unit] for number, unit in parts)


@cache
def as_user(user: str) -> tuple[str, ...]:
    """Return what goes before a command to run it as `UID:GID` without any right of root's; nothing if we are not root.

    Where that user cannot enter the folder of the checkout or of Python (root's home), it is given one right: to read
    what others may not. Without setpriv (util-linux) commands run as ourselves.
    """
    if os.geteuid() != 0:
        return ()
    uid, gid = user.split(":")
    plain = ("setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs", "--pdeathsig", "TERM")
    reading = ("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search")
    for prefix in (plain, (*plain, *reading)):
        # Through a shell: what setpriv itself starts is still found with root's eyes.
        if _runs((*prefix, "sh", "-c", 'exec "$0" -c "import zargar.cli"', str(PROGRAMS / "python"))):
            return prefix
    return ()


def _runs(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@dataclass
class Deployment:
    """A compose file whose servers are on loopback: `hosts` says at which port each of them is (`postgres`, `valkey`).

    `folder` must be reachable by any user; `secrets` is what `make-secrets` made.
    """

    file: Mapping[str, Any]
    folder: Path
    secrets: Path
    hosts: Mapping[str, int]
    variables: Mapping[str, str] = field(default_factory=dict)

    def service(self, name: str, number: int = 1) -> "Container":
        """Make ready to run a service, or one of its replicas."""
        what = self.file["services"][name]
        home = self.folder / f"{name}-{number}"
        home.mkdir(mode=0o755, exist_ok=True)
        return Container(f"{name}-{number}", what, home, self._environment(what, home), process.free_port())

    def replicas(self, name: str) -> list["Container"]:
        """Make ready to run all replicas of a service."""
        count = self.file["services"][name]["deploy"].get("replicas", 1)
        return [self.service(name, number + 1) for number in range(count)]

    def granted(self, what: Mapping[str, Any], home: Path) -> Path:
        """Lay out the secrets that a service is granted, with the hosts that it can see turned into addresses here."""
        mount = home / "secrets"
        shutil.rmtree(mount, ignore_errors=True)
        mount.mkdir(mode=0o755)
        for name in what.get("secrets", []):
            source = self.secrets / Path(self.file["secrets"][name]["file"]).name
            (mount / name).write_text(self._rewritten(source.read_text(), what))
            (mount / name).chmod(source.stat().st_mode & 0o777)
        return mount

    def _rewritten(self, secret: str, what: Mapping[str, Any]) -> str:
        for host, port in self.hosts.items():
            if set(what["networks"]) & set(self.file["services"][host]["networks"]):
                secret = re.sub(rf"@{host}:\d+", f"@{LOOPBACK}:{port}", secret)
        return secret

    def _environment(self, what: Mapping[str, Any], home: Path) -> dict[str, str]:
        mount, scratch = self.granted(what, home), home / "tmp"
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o777)
        own = {name: interpolated(value, self.variables) for name, value in what["environment"].items()}
        places = {f"{SECRETS_MOUNT}/": f"{mount}/", "/tmp/": f"{scratch}/"}  # noqa: S108 -- the container's own
        place = re.compile("^(?:" + "|".join(places) + ")")
        own = {name: place.sub(lambda found: places[found[0]], value) for name, value in own.items()}
        here = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "TMPDIR": str(scratch), "HOSTNAME": home.name}
        return {**image_environment(), **own, **here}


@dataclass
class Container:
    """One service, or one replica of it. `port` stands for the container's own port 8000."""

    name: str
    what: Mapping[str, Any]
    home: Path
    env: dict[str, str] = field(repr=False)
    port: int
    _popen: subprocess.Popen[bytes] | None = None

    @property
    def grace(self) -> float:
        """How long it may take to end, in seconds."""
        return seconds(self.what["stop_grace_period"])

    def run(self) -> None:
        """Run a service that ends by itself. Raises `NotServingError` unless it ends well."""
        self.start()
        assert self._popen is not None
        try:
            code = self._popen.wait(120)
        finally:
            process.kill_group(self._popen)
        if code != 0:
            raise NotServingError(self._said(f"ended with {code}"))

    def start(self) -> None:
        """Start its command."""
        argv = (*as_user(self.what["user"]), *self._here(self.what["command"]))
        command = Command(argv, self.env, cwd=Path(self.env["TMPDIR"]))
        self._popen = process.start(command, log=self.home / "log")

    def wait_until_healthy(self, *, within: float = 90) -> None:
        """Wait until its own probe succeeds. Raises `NotServingError` when it ends or time is up."""
        assert self._popen is not None
        end = time.monotonic() + within
        while (probe := self.probe()).returncode != 0:
            if self._popen.poll() is not None:
                raise NotServingError(self._said(f"ended with {self._popen.returncode}"))
            if time.monotonic() > end:
                raise NotServingError(self._said(f"its probe says {probe.stdout.strip()!r} after {within:.0f} s"))
            time.sleep(0.2)

    def probe(self) -> subprocess.CompletedProcess[str]:
        """Ask its healthcheck once, as the engine does: in its environment, as its user, within its time-out."""
        check = self.what["healthcheck"]
        kind, *test = check["test"]
        assert kind == "CMD", check
        command = [*as_user(self.what["user"]), *self._here(test)]
        try:
            return subprocess.run(
                command, env=self.env, cwd=self.env["TMPDIR"], timeout=seconds(check["timeout"]), check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, returncode=1, stdout=f"no answer within {check['timeout']}")

    def ask_to_stop(self) -> None:
        """Send its stop signal to its first process, as the engine does."""
        assert self._popen is not None
        self._popen.send_signal(signal.Signals[self.what["stop_signal"]])

    def stopped(self) -> float:
        """Wait until it has ended by itself and return the seconds. Raises `NotServingError` beyond its grace."""
        assert self._popen is not None
        began = time.monotonic()
        try:
            self._popen.wait(self.grace)
        except subprocess.TimeoutExpired as late:
            raise NotServingError(self._said(f"does not end within {self.grace:.0f} s")) from late
        return time.monotonic() - began

    def end(self) -> None:
        """Kill what is left of it, whatever happened."""
        if self._popen is not None:
            process.kill_group(self._popen)
            self._popen.wait()

    def words(self) -> str:
        """Return what it has logged."""
        return (self.home / "log").read_text(errors="replace")

    def uid(self) -> int:
        """Return the user that its first process really runs as."""
        assert self._popen is not None
        return Path(f"/proc/{self._popen.pid}").stat().st_uid

    def _here(self, arguments: Sequence[str]) -> list[str]:
        """Turn the addresses inside a container into ours; nothing else of a command is touched."""
        addresses = {f"--bind=0.0.0.0:{WEB_PORT}": f"--bind={LOOPBACK}:{self.port}", WEB_PORT: str(self.port)}
        return [addresses.get(argument, interpolated(argument, {})) for argument in arguments]

    def _said(self, what: str) -> str:
        return f"{self.name} {what}\n{process.tail(self.home / 'log', lines=30)}"
