"""The emulator's server, in a thread of its own: start, control, stop."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Self, cast

import uvicorn

from nano_banana.emulator.emulator_routes import emulator_app
from nano_banana.emulator.emulator_state import EmulatorOptions, EmulatorState
from nano_banana.emulator.failures import TrackedConnection
from nano_banana.emulator.fal_hosts import CERTIFICATE_NAMES, ConnectProxy
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Unusable, problem

SHUTDOWN_GRACE = 0.3
"""Seconds that answers have to go out when the server stops."""

START_TIMEOUT = 10.0
"""Seconds that start or stop may take."""


class Emulator:
    """A server that speaks fal's protocols, as a context manager or by `start` and `stop`.

    `folder` gets `ca.pem` and, while it serves, a folder with the files; it is created if needed.
    """

    def __init__(self, folder: Path, options: EmulatorOptions | None = None) -> None:
        """Nothing is opened before `start`."""
        self.folder = folder
        self.options = options or EmulatorOptions()
        self.ca: Path | None = None
        self.port = 0
        self.proxy: str | None = None
        self._own: Path | None = None
        self._state: EmulatorState | None = None
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._up = threading.Event()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, as fal-client's variables want it."""
        return f"{self.options.host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL of all services."""
        return f"{'https' if self.options.tls else 'http'}://{self.host}"

    def start(self) -> Self:
        """Serve from now on.

        Raises Unusable: `emulator_port` or `emulator_folder`, and Invalid if the folder of endpoints has errors.
        """
        host, proxy_port = self.options.host, self.options.proxy_port
        sock = _listening_socket(host, self.options.port)
        try:
            through = None if proxy_port is None else _listening_socket(host, proxy_port)
        except Unusable:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        self.proxy = None if through is None else f"http://{host}:{through.getsockname()[1]}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._own = Path(tempfile.mkdtemp(prefix="serving-", dir=self.folder))
            certificate = self._certificate(self._own) if self.options.tls else None
            self._state = EmulatorState(self._own, self.options)
        except (Invalid, OSError) as error:
            for opened in filter(None, (sock, through)):
                opened.close()
            self._tidy()
            if isinstance(error, Invalid):
                raise
            why = error.strerror or str(error)
            raise Unusable([problem("emulator_folder", folder=str(self.folder), reason=why)]) from error
        serving = self._serve(self._state, sock, through, certificate)
        self._thread = threading.Thread(target=asyncio.run, args=(serving,), name="emulator")
        self._thread.start()
        if not self._up.wait(START_TIMEOUT):
            self.stop()
            raise TimeoutError
        return self

    def stop(self) -> None:
        """Close all connections and remove the files."""
        if self._thread is None:
            return
        if self._server is not None and self._loop is not None and self._state is not None:
            self._server.should_exit = True
            self._loop.call_soon_threadsafe(self._state.closing.set)
        self._thread.join()
        self._thread = None
        self._tidy()

    def _tidy(self) -> None:
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)

    def control(self, method: str, path: str, body: JSONValue = None) -> JSONValue:
        """Ask the control API, for example `control("GET", "counts")`; returns its JSON.

        Raises urllib.error.HTTPError if it refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data, method=method)  # noqa: S310 - our own
        trust = None if self.ca is None else ssl.create_default_context(cafile=self.ca)
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        handlers += [] if trust is None else [urllib.request.HTTPSHandler(context=trust)]
        with urllib.request.build_opener(*handlers).open(request, timeout=START_TIMEOUT) as answer:
            return cast(JSONValue, json.load(answer))

    def __enter__(self) -> Self:
        """Begin to serve."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _certificate(self, own: Path) -> Path:
        import trustme

        authority = trustme.CA()
        certificate = authority.issue_cert(self.options.host, *CERTIFICATE_NAMES)
        path = own / "server.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(path)
        self.ca = self.folder.resolve() / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        # Clients of other users need it, and it is no secret.
        self.ca.chmod(0o644)
        return path

    async def _serve(
        self, state: EmulatorState, sock: socket.socket, through: socket.socket | None, certificate: Path | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            emulator_app(state),
            http=TrackedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=not self.options.tls,
            server_header=False,
            ssl_certfile=certificate,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=60,
        )
        server = self._server = _Server(config, self._up)
        proxy = ConnectProxy(self.options.host, self.port)
        gate = None if through is None else await asyncio.start_server(proxy.enter, sock=through)
        try:
            await server.serve(sockets=[sock])
        finally:
            if gate is not None:
                gate.close()
            await proxy.close()
            await state.close()


class _Server(uvicorn.Server):
    """A server that reports when it is up, and doesn't handle signals."""

    def __init__(self, config: uvicorn.Config, up: threading.Event) -> None:
        super().__init__(config)
        self._told = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and report it."""
        await super().startup(sockets)
        self._told.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let pending answers finish, then cut the remaining connections."""
        asyncio.get_running_loop().call_later(SHUTDOWN_GRACE, self._cut)
        await super().shutdown(sockets)

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, TrackedConnection):
                connection.transport.abort()


def _listening_socket(host: str, port: int) -> socket.socket:
    # Named in full: asyncio sends small answers at once only on what says that it is TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        why = error.strerror or str(error)
        raise Unusable([problem("emulator_port", port=port, reason=why)]) from error
    return sock
