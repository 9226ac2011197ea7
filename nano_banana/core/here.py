"""Whether an address is this machine's own."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_here(address: str) -> bool:
    """Whether a URL names this machine itself: what answers there is a stand-in for a service, and not the service."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
