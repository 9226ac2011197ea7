"""Where fal lives, and which addresses may see the key."""

from __future__ import annotations

import httpx
from fal_client.auth import FAL_QUEUE_RUN_HOST, FAL_RUN_HOST

REST, CDN, API = "rest.fal.ai", "v3.fal.media", "api.fal.ai"
_HOSTS = frozenset(
    {FAL_QUEUE_RUN_HOST, FAL_RUN_HOST, "queue.fal.run", "fal.run", "queue.falrun.com", "falrun.com", REST, CDN, API}
)
"""With those that fal-client was told of in the environment, `host:port` as they are written there."""


class Hosts:
    """fal's own hosts, or one base address that stands for all of them."""

    def __init__(self, base: str) -> None:
        """`base` is `https://host[:port]`, or empty for fal itself."""
        self.base = httpx.URL(base.rstrip("/")) if base else None
        self.service = base.rstrip("/") or f"https://{FAL_QUEUE_RUN_HOST}"
        """What tickets and uploads are known under: whom they were sent to."""

    def url(self, host: str, path: str) -> str:
        """An address at one of fal's hosts."""
        return f"https://{host}{path}"

    def placed(self, url: httpx.URL) -> httpx.URL:
        """Where a request to `url` really goes: fal's hosts are at the base, if there is one."""
        if self.base is None or _netloc(url) not in _HOSTS:
            return url
        return url.copy_with(scheme=self.base.scheme, host=self.base.host, port=self.base.port)

    def trusted(self, url: httpx.URL) -> bool:
        """Whether the key may go there: to fal over https, or to the base that the user named."""
        if self.base is not None:
            return (url.scheme, url.host, url.port) == (self.base.scheme, self.base.host, self.base.port)
        return url.scheme == "https" and _netloc(url) in _HOSTS


def _netloc(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")
