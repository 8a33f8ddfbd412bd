"""Names become addresses without threads, and never an address of a private network.

A name server that lies, or a board's domain that was sold, could point a board's name at this machine, at the cloud's
metadata service (169.254.169.254) or into the office network, and what answers there would be read as a price or end
up in a log. Names of our own (the sandbox, a proxy) are trusted to lie there.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from socket import AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver


class PrivateAddress(Exception):  # noqa: N818 -- translated into a `Rejection` by the only one who asks
    """A name resolves to an address that is not of the public internet."""


class PublicResolver(AbstractResolver):
    """Resolves by c-ares (no thread that could hang beyond a deadline) and refuses what is not global.

    Args:
        nameservers: `address[:port]` of the name servers to use instead of the system's.
        trusted: host names that may lie anywhere.
    """

    def __init__(self, *, nameservers: Sequence[str] | None, trusted: frozenset[str]) -> None:
        self._resolver = AsyncResolver(nameservers=nameservers)
        self._trusted = trusted

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises `PrivateAddress`, `OSError` where there are none."""
        found = await self._resolver.resolve(host, port, family)
        private = [one["host"] for one in found if not is_public(one["host"])]
        if private and host not in self._trusted:
            message = f"{host} is {', '.join(private)}"
            raise PrivateAddress(message)
        return found

    async def close(self) -> None:
        """Give back the sockets."""
        await self._resolver.close()


def is_public(address: str) -> bool:
    """Say whether an address is of the public internet; an IPv4 address inside of IPv6 is looked at as itself."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast
