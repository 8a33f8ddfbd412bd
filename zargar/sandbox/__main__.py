"""Start the sandbox on the loopback address and say where it listens; SIGTERM or SIGINT ends it at once."""

import argparse
import asyncio
import signal
import ssl
import sys
from pathlib import Path

from aiohttp import web

from zargar.sandbox.journal import Journal
from zargar.sandbox.market import Market
from zargar.sandbox.server import Sandbox


async def serve(sandbox: Sandbox, port: int, arguments: argparse.Namespace) -> None:
    """Serve until a signal comes. `port` 0 lets the system choose; the line that is printed says which.

    With `--mail-port` a mail server listens too, and its line comes first: "mail smtp://…".
    """
    app = sandbox.application()
    if arguments.mail_port is not None:
        sys.stdout.write(f"mail smtp://127.0.0.1:{await _serve_mail(app, arguments)}\n")
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _, listening = runner.addresses[0][:2]
    sys.stdout.write(f"listening http://127.0.0.1:{listening}\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


async def _serve_mail(app: web.Application, arguments: argparse.Namespace) -> int:
    from zargar.sandbox.mail import MailServer  # noqa: PLC0415 -- who wants no mail needs no aiosmtpd

    tls = None
    if arguments.mail_certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.mail_certificate)
    mail = MailServer(Journal(arguments.mail_journal), tls=tls, from_the_start=arguments.mail_tls)
    mail.control(app)
    _, listening = await mail.listen(arguments.mail_port)
    return listening


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m zargar.sandbox", description="Stand-ins for the world outside.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose (the default)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same market")
    parser.add_argument("--journal", type=Path, help="also write every call to this file, one JSON object a line")
    parser.add_argument("--mail-port", type=int, help="also serve mail by SMTP there; 0 lets the system choose")
    parser.add_argument(
        "--mail-journal", type=Path, help="also write every letter to this file, one JSON object a line"
    )
    parser.add_argument("--mail-certificate", type=Path, help="a PEM file with certificate and key: mail by STARTTLS")
    parser.add_argument("--mail-tls", action="store_true", help="with a certificate: TLS from the first byte")
    arguments = parser.parse_args()
    sandbox = Sandbox(Market(arguments.seed), Journal(arguments.journal))
    asyncio.run(serve(sandbox, arguments.port, arguments))


if __name__ == "__main__":
    main()
