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

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing on the screen: whoever asks for a WebSocket is told so in the answer."""

    def close_when_idle(self, seconds: float) -> None:
        """Close the connection once nothing has been asked for so long."""
        self.timeout_keep_alive = seconds  # type: ignore[assignment] # its base has whole seconds only
