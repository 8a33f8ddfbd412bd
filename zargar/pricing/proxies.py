"""Through which proxy each board is asked, read from one setting. Pure.

World feeds and Tehran's boards need opposite routes: several of the latter answer nobody abroad, and the former time
out from inside during a national cut. `daric=http://user:password@host:3128,world=http://other:3128,*=http://third:80`
names a route for a board, for a family of boards, or (`*`) for all others; what is named nowhere is asked directly.
Entries are parted by commas or blanks; in a user name or password these, `@`, `:` and `/` are written as %2C and so on.
"""

from collections.abc import Container, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from zargar.pricing.board import Board
from zargar.refusals import InvalidError

ALL: Final = "*"


class ProxyError(InvalidError):
    """ZARGAR_PRICES_PROXIES must read `NAME=http://[USER:PASSWORD@]HOST:PORT`, its names boards, families or `*`."""


def read(text: str, *, names: Container[str]) -> dict[str, str]:
    """Read the setting into routes by name; `names` holds what may be named beside `*`.

    Raises `ProxyError`, which never repeats an address: it may hold a password.
    """
    routes: dict[str, str] = {}
    for entry in text.replace(",", " ").split():
        name, _, url = entry.partition("=")
        if "//" in name or (name != ALL and name not in names):
            message = f"an entry names no board and no family{'' if '//' in name else f': {name!r}'}"
            raise ProxyError(message)
        if name in routes:
            message = f"{name!r} is named twice"
            raise ProxyError(message)
        if not _is_proxy(url):
            message = f"the route of {name!r} is not http://[USER:PASSWORD@]HOST:PORT"
            raise ProxyError(message)
        routes[name] = url
    return routes


def route(board: Board, routes: Mapping[str, str]) -> str | None:
    """Return the proxy of a board: its own, its family's, that of all, or None."""
    return routes.get(board.name) or routes.get(board.family) or routes.get(ALL)


def hosts(routes: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the proxies' hosts, which may lie in a private network."""
    return frozenset(host for url in routes.values() if (host := urlsplit(url).hostname))


def secrets(url: str | None) -> list[str]:
    """Return what of a proxy's address must not be shown, as it stands there and as it is meant; the longest first."""
    parts = urlsplit(url or "")
    held = {part for part in (parts.username, parts.password) if part}
    return sorted(held | {unquote(part) for part in held}, key=len, reverse=True)


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "http" and bool(parts.hostname) and port is not None and parts.path in {"", "/"}
