"""Starts the studio's web server in a thread, and stops it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nano_banana.model.problem import Unusable, problem
from nano_banana.session.recipe_run import WriteSheet
from nano_banana.studio.event_log import EventLog
from nano_banana.studio.studio_access import StudioAccess
from nano_banana.studio.studio_pictures import Thumbnails
from nano_banana.studio.studio_project import StudioProject
from nano_banana.studio.studio_runs import ProjectWatch, StudioRuns

if TYPE_CHECKING:
    import uvicorn

PORTS = range(20_000, 32_000)
"""Ports that recipes have as their own: below those that systems hand out by themselves."""

START_SECONDS = 15.0
"""Seconds that the server may take to start."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises Unusable `studio_port` if the port is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(64)
    except OSError as error:
        sock.close()
        raise Unusable([problem("studio_port", port=port, reason=error.strerror or str(error))]) from error
    return sock


def project_socket(recipe: Path) -> socket.socket:
    """A socket that listens at the recipe's own port, or at any free one if that is taken.

    A browser keeps by address what a page couldn't save. The same address finds it again when the studio is restarted.
    """
    own = PORTS.start + int.from_bytes(hashlib.sha256(os.fsencode(recipe.resolve())).digest()[:4]) % len(PORTS)
    try:
        return listening_socket("127.0.0.1", own)
    except Unusable:
        return listening_socket("127.0.0.1", 0)


class StudioServer:
    """Serves one project until it is stopped."""

    def __init__(
        self,
        project: StudioProject,
        sock: socket.socket,
        access: StudioAccess,
        write_sheet: WriteSheet,
        *,
        certificate: Path | None = None,
    ) -> None:
        """Prepare; nothing is answered before the `with` block. With a `certificate` (and its key) it serves TLS."""
        self._certificate = certificate
        self.project = project
        self.access = access
        self.events = EventLog()
        self.runs = StudioRuns(project, self.events, write_sheet)
        self._watch = ProjectWatch(project, self.events, self.runs)
        self._sock = sock
        self._ready = threading.Event()
        self._stop: Callable[[], None] = _nothing
        self._thread = threading.Thread(target=self._run, name="studio")

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        self._ready.wait(START_SECONDS)
        self._watch.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Stop, and close the project."""
        self._watch.stop()
        self._stop()
        self._thread.join()
        self.project.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        import uvicorn

        from nano_banana.studio.studio_app import Studio, studio_app

        studio = Studio(
            project=self.project,
            thumbnails=Thumbnails(self.project.store),
            events=self.events,
            runs=self.runs,
            access=self.access,
        )
        config = uvicorn.Config(
            studio_app(studio),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=self._certificate,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
        )
        server = self._server(config)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            server.should_exit = True
            loop.call_soon_threadsafe(self.events.close)

        self._stop = stop
        await server.serve(sockets=[self._sock])

    def _server(self, config: uvicorn.Config) -> uvicorn.Server:
        import uvicorn

        ready = self._ready

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                ready.set()

        return Server(config)


def _nothing() -> None:
    """Stop a server that never started."""
