"""A certificate authority of a test's own, by the `openssl` command: certificates that are good, expired or foreign."""

import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

OPENSSL: Final = shutil.which("openssl")
CONFIG: Final = """
[ca]
default_ca = own
[own]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """An authority in a folder; `certificate` is the file to trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "ca.cnf"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "index.txt").touch()
        self.certificate = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=the authority of a test",
        )  # fmt: skip

    def server(self, name: str, *, until: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """Return what a server shows itself with: `name` as in `IP:127.0.0.1` or `DNS:a.example`, until from now."""
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=a board",
            "-addext", f"subjectAltName={name}",
        )  # fmt: skip
        now = datetime.now(UTC)
        self._openssl(
            "ca", "-batch", "-notext", "-config", str(self._config), "-cert", "ca.pem", "-keyfile", "ca.key",
            "-in", "leaf.csr", "-out", "leaf.pem", "-startdate", f"{now - timedelta(days=2):%Y%m%d%H%M%SZ}",
            "-enddate", f"{now + until:%Y%m%d%H%M%SZ}",
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "leaf.pem", self._folder / "leaf.key")
        return context

    def _openssl(self, *arguments: str) -> None:
        assert OPENSSL is not None
        done = subprocess.run(
            [OPENSSL, *arguments], cwd=self._folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
