"""What an emulator is told when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve.

    `port` 0 takes a free one. `tls` False serves plain HTTP. `pictures` are `drawn` by the local provider or
    `plain` ones, made at once after `seconds`. At most `concurrency` requests run at once. `key` is the only one
    that is accepted (None: any `id:secret`). `drawers` are the processes that draw (None: one for each processor),
    `endpoints` a folder with descriptions of endpoints beside the package's own. Web pages of this machine may ask,
    and those of `origins`. `any_endpoint` answers endpoints that nothing describes, with plain pictures.
    `public_webhooks` delivers to other machines too. `proxy_port` (0: any) takes CONNECT for fal's host names.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = True
    pictures: Literal["drawn", "plain"] = "drawn"
    seconds: float = 0.0
    concurrency: int = 40
    key: str | None = None
    drawers: int | None = None
    endpoints: Path | None = None
    origins: tuple[str, ...] = ()
    any_endpoint: bool = False
    public_webhooks: bool = False
    proxy_port: int | None = None
