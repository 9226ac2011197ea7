"""HTTP as the server speaks it, with a handle on every connection."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Wire(HttpToolsProtocol):
    """A connection whose transport its requests can reach: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """Let the requests of this connection know it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
