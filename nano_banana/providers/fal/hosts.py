"""Where fal lives, and which addresses may see the key."""

from __future__ import annotations

import httpx

QUEUE, RUN, REST, CDN, API = "queue.fal.run", "fal.run", "rest.fal.ai", "v3.fal.media", "api.fal.ai"
_BACKUP = ("queue.falrun.com", "falrun.com")
_HOSTS = frozenset({QUEUE, RUN, REST, CDN, API, *_BACKUP})


class Hosts:
    """fal's own hosts, or one base address that stands for all of them."""

    def __init__(self, base: str) -> None:
        """`base` is `https://host[:port]`, or empty for fal itself."""
        self.base = httpx.URL(base.rstrip("/")) if base else None
        self.service = base.rstrip("/") or f"https://{QUEUE}"
        """What tickets and uploads are known under: whom they were sent to."""

    def url(self, host: str, path: str) -> str:
        """An address at one of fal's hosts."""
        return f"https://{host}{path}"

    def placed(self, url: httpx.URL) -> httpx.URL:
        """Where a request to `url` really goes: fal's hosts are at the base, if there is one."""
        if self.base is None or url.host not in _HOSTS:
            return url
        return url.copy_with(scheme=self.base.scheme, host=self.base.host, port=self.base.port)

    def trusted(self, url: httpx.URL) -> bool:
        """Whether the key may go there: to fal over https, or to the base that the user named."""
        if self.base is not None:
            return (url.scheme, url.host, url.port) == (self.base.scheme, self.base.host, self.base.port)
        return url.scheme == "https" and url.host in _HOSTS
