"""Where a browser's push may be sent: a subscription comes from a stranger's browser, and its endpoint is an address
that this machine will call. Without a guard, whoever subscribes could have us call the database's own network.

Two guards: the endpoint's host must be a push service that is known (browsers have four) or that the deployment names,
and what its name resolves to must be of the public internet. A host that the deployment names itself may lie anywhere,
as the sandbox does, and only such a one may be called without TLS, on this machine alone.
"""  # noqa: D205 -- one sentence over two lines

import socket
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

SERVICES: Final = frozenset({
    "fcm.googleapis.com",  # Chrome, Edge on Android, Opera, Brave
    "updates.push.services.mozilla.com",  # Firefox
    "web.push.apple.com",  # Safari
})  # fmt: skip
FAMILIES: Final = (".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com")
"""Services with many hosts, among them Edge's."""
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class ForbiddenEndpointError(Exception):
    """An endpoint is not an https address of a push service, or leads into a private network."""

    def __str__(self) -> str:
        """Say so, without the address."""
        return "the endpoint is not an https address of a push service"


def origin_of(endpoint: str, *, named: Collection[str] = ()) -> str:
    """Return `scheme://host[:port]` of an endpoint that may be called. Raises `ForbiddenEndpointError`.

    `named`: hosts that the deployment trusts beside the services that are known.
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
    if not trusted and (port not in {None, 443} or not _all_public(host)):
        raise ForbiddenEndpointError
    return f"{parts.scheme}://{parts.netloc}"


def is_public(address: str) -> bool:
    """Say whether an address is of the public internet; an IPv4 address inside of IPv6 is looked at as itself."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def _all_public(host: str) -> bool:
    """Say whether all that a name resolves to is public; a name that nobody knows is left to the call to fail by."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return True
    return all(is_public(str(one[4][0]).partition("%")[0]) for one in found)
