"""The wish to end, as those hear it who wait for a service."""

from __future__ import annotations

import asyncio


class Leave:
    """Whether a run is to end now: asked once, asked twice. What is at a service may be left there."""

    def __init__(self) -> None:
        """Nobody asked. Needs a running event loop by the time that somebody waits."""
        self.asked = asyncio.Event()
        self.insisted = asyncio.Event()
