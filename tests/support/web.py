"""The web process of a test, as production starts it (gunicorn), and a real browser to look at it."""

import os
import re
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.support.processes import wait_until

CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--hide-scrollbars",
)  # fmt: skip


@contextmanager
def web(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Run `gunicorn zargar.wsgi` on a free port and yield its address."""
    log = folder / "web.log"
    with log.open("wb") as out:
        process = _gunicorn(env, out)
        try:
            wait_until(lambda: "Booting worker" in log.read_text() or process.poll() is not None, what="gunicorn")
            found = re.search(r"Listening at: (http://\S+)", log.read_text())
            assert found is not None, log.read_text()
            yield found[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _gunicorn(env: dict[str, str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "zargar.wsgi"],
        env={**os.environ, **env}, stdout=out, stderr=out,
    )  # fmt: skip


class Browser:
    """A headless Chromium with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def dom(self, url: str) -> str:
        """Return the document as it stands after loading."""
        return self._run("--virtual-time-budget=3000", "--dump-dom", url).stdout

    def console(self, url: str) -> list[str]:
        """Return what the page said to the browser's console while it loaded: errors of scripts and of the policy."""
        said = self._run("--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom", url).stderr
        return [line for line in said.splitlines() if ":CONSOLE" in line]

    def picture(self, url: str, *, width: int = 1280, height: int = 900) -> "Picture":
        """Return what a person sees."""
        path = self._folder / "picture.png"
        self._run(f"--window-size={width},{height}", "--virtual-time-budget=3000", f"--screenshot={path}", url)
        return Picture.read(path)

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CHROMIUM, f"--user-data-dir={self._folder / 'profile'}", *arguments],
            capture_output=True, text=True, timeout=90, check=True,
        )  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A screenshot: 8-bit RGB or RGBA, as Chromium writes it."""

    width: int
    height: int
    channels: int
    rows: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> "Picture":
        """Read a PNG (not interlaced)."""
        data, chunks, at = path.read_bytes(), {b"IDAT": b""}, 8
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at : at + 8])
            chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + length]
            at += 12 + length
        width, height, _, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
        channels = {2: 3, 6: 4}[colour]
        return cls(width, height, channels, tuple(_rows(zlib.decompress(chunks[b"IDAT"]), width * channels, channels)))

    def columns_of(self, red: int, green: int, blue: int) -> list[int]:
        """Return the x of every pixel of a colour."""
        wanted = bytes((red, green, blue))
        return [
            x
            for row in self.rows
            for x in range(self.width)
            if row[x * self.channels : x * self.channels + 3] == wanted
        ]


def _rows(raw: bytes, stride: int, step: int) -> Iterator[bytes]:
    """Undo the PNG filters, row by row."""
    above = bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            row[i] = (row[i] + _predicted(kind, left, above[i], corner)) % 256
        yield bytes(row)
        above = row


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    match kind:
        case 0:
            return 0
        case 1:
            return left
        case 2:
            return up
        case 3:
            return (left + up) // 2
        case _:
            guess = left + up - corner
            return min((left, up, corner), key=lambda one: abs(guess - one))
