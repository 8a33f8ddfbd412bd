"""Where a browser's push may be sent: a subscription comes from a stranger's browser, and its endpoint is an address
that this machine will call. Without a guard, whoever subscribes could have us call the database's own network.

Two guards: the endpoint's host must be a push service that is known (browsers have four) or that the deployment names,
and what its name resolves to must be of the public internet. A host that the deployment names itself may lie anywhere,
as the sandbox does, and only such a one may be called without TLS, on this machine alone.

The first says something of the subscription, for ever. The second says something of the resolver, today: filtering in
Iran answers with an address of 10.10.34.0/24 for hosts of push services, so a known name with a private address is a
service that is out of reach (`NotPublicError`), and no fault of the browser's.
"""  # noqa: D205 -- one sentence over two lines

import socket
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias
from urllib.parse import urlsplit

SERVICES: Final = frozenset({
    "fcm.googleapis.com",  # Chrome, Edge on Android, Opera, Brave
    "updates.push.services.mozilla.com",  # Firefox
    "web.push.apple.com",  # Safari
})  # fmt: skip
FAMILIES: Final = (".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com")
"""Services with many hosts, among them Edge's."""
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
Resolver: TypeAlias = Callable[[str], Sequence[str]]
"""Returns the addresses of a host, as text; none where nobody knows it, which is left to the call to fail by."""


class ForbiddenEndpointError(Exception):
    """An endpoint is not an https address of a push service."""

    def __str__(self) -> str:
        """Say so, without the address."""
        return "the endpoint is not an https address of a push service"


class NotPublicError(Exception):
    """The name of a push service leads into a private network at present: it is not called."""

    def __str__(self) -> str:
        """Say so, without the address."""
        return "the resolver leads the name of the push service into a private network"


def resolved(host: str) -> Sequence[str]:
    """Ask the system for the addresses of a host."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return [str(one[4][0]).partition("%")[0] for one in found]


def origin_of(endpoint: str, *, named: Collection[str] = (), resolve: Resolver = resolved) -> str:
    """Return `scheme://host[:port]` of an endpoint that may be called.

    `named`: hosts that the deployment trusts beside the services that are known. Raises `ForbiddenEndpointError` for
    an address that never may be, `NotPublicError` for one that may not as long as its name leads where it does.
    """
    origin = origin_by_name(endpoint, named=named)
    host = (urlsplit(origin).hostname or "").lower()
    if host not in named and not all(is_public(one) for one in resolve(host)):
        raise NotPublicError
    return origin


def origin_by_name(endpoint: str, *, named: Collection[str] = ()) -> str:
    """Return the same without asking what the name resolves to: the first guard alone, for who only keeps it. Pure.

    Raises `ForbiddenEndpointError`.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ForbiddenEndpointError from None
    trusted = host in named
    if parts.username or parts.password or not (trusted or host in SERVICES or host.endswith(FAMILIES)):
        raise ForbiddenEndpointError
    if parts.scheme != "https" and not (trusted and parts.scheme == "http" and host in _HERE):
        raise ForbiddenEndpointError
    if not trusted and port not in {None, 443}:
        raise ForbiddenEndpointError
    return f"{parts.scheme}://{parts.netloc}"


def is_public(address: str) -> bool:
    """Say whether an address is of the public internet; an IPv4 address inside of IPv6 is looked at as itself."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast
