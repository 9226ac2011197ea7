"""`emulate`: serve fal's protocols on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from nano_banana.cli.options import FOLDER, as_json, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    from types import FrameType

    from nano_banana.emulator.server import Emulator

SECTION = ("House", 6)

REQUIRED_MODULES = ("cryptography", "httptools", "starlette", "trustme", "uvicorn")
"""What the extra `emulator` installs."""

EPILOG = """\b
Examples:
  nano-banana emulate --port 8700
  nano-banana emulate --pictures plain --seconds 2 --json
  NANO_BANANA_FAL_URL=https://127.0.0.1:8700 SSL_CERT_FILE=… FAL_KEY=any:key \\
    nano-banana run recipe.yaml --provider fal

Faults on demand and the control API: docs/emulator.md.
"""


@click.command(name="emulate", epilog=EPILOG)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Where to listen.  [default: any]")
@click.option("--plain", is_flag=True, help="HTTP without TLS, for use behind a proxy.")
@click.option("--folder", type=FOLDER, help="Where ca.pem and the files lie.  [default: a temporary folder]")
@click.option(
    "--pictures",
    type=click.Choice(["drawn", "plain"]),
    default="drawn",
    show_default=True,
    help="Drawn as the local provider draws, or small coloured ones, at once.",
)
@click.option(
    "--seconds", type=click.FloatRange(min=0), default=0.0, metavar="S", help="How long a plain picture takes."
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    metavar="N",
    help="How many requests run at once; the others queue.",
)
@click.option("--key", metavar="ID:SECRET", help="The only key that is accepted.  [default: any id:secret]")
@click.option("--endpoints", type=FOLDER, help="A folder with descriptions of endpoints of your own.")
@click.option(
    "--any-endpoint", is_flag=True, help="Answer endpoints outside the catalog too, with small coloured pictures."
)
@click.option(
    "--proxy-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Also listen here as a proxy (CONNECT) that leads fal's host names to this server; 0 takes a free port.",
)
@click.option("--origin", multiple=True, metavar="URL", help="Let web pages of this origin ask.  [default: localhost]")
@click.option("--public-webhooks", is_flag=True, help="Deliver webhooks to any address, not to this machine only.")
@as_json
@pass_screen
def command(
    screen: Screen,
    *,
    port: int,
    plain: bool,
    folder: Path | None,
    pictures: str,
    seconds: float,
    concurrency: int,
    key: str | None,
    endpoints: Path | None,
    any_endpoint: bool,
    proxy_port: int | None,
    origin: tuple[str, ...],
    public_webhooks: bool,
    as_json: bool,
) -> None:
    """Serve fal's protocols here, for tests and for trying things out.

    Everything of fal's that a client asks (queue, direct calls, storage, files, prices, models, history) is served
    at one address, until Ctrl-C. Nothing costs anything, and no AI model draws.
    """
    if plain and proxy_port is not None:
        raise click.UsageError("--proxy-port needs TLS, which --plain turns off")
    missing = [name for name in REQUIRED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([problem("emulator_extra", module=missing[0])])
    import tempfile

    from nano_banana.emulator.emulator_state import EmulatorOptions
    from nano_banana.emulator.server import Emulator

    options = EmulatorOptions(
        port=port,
        tls=not plain,
        pictures=cast(Literal["drawn", "plain"], pictures),
        seconds=seconds,
        concurrency=concurrency,
        key=key,
        endpoints=endpoints,
        any_endpoint=any_endpoint,
        proxy_port=proxy_port,
        origins=origin,
        public_webhooks=public_webhooks,
    )
    over = _until_stopped()
    with tempfile.TemporaryDirectory(prefix="nano-banana-emulator-") as temporary:
        with Emulator(folder or Path(temporary), options) as server:
            _say_address(screen, server, as_json=as_json)
            over.wait()
        if not as_json:
            screen.note("stopped")


def _until_stopped() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set: for a server, both are the ordinary end."""
    over = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return over


def _say_address(screen: Screen, server: Emulator, *, as_json: bool) -> None:
    ca = None if server.ca is None else str(server.ca)
    if as_json:
        told = {
            "url": server.url,
            "host": server.host,
            "proxy": server.proxy,
            "ca": ca,
            "pid": os.getpid(),
            "folder": str(server.folder),
        }
        # On one line and not as `Screen.json` has it: whoever started this reads a line, and goes on.
        screen.answered = True
        screen.data(json.dumps(told) + "\n")
        screen.flush()
        return
    how = "as the local provider draws" if server.options.pictures == "drawn" else "plain"
    screen.say(f"serving at {server.url}")
    screen.say(f"pictures {how}, {server.options.concurrency} at once; nothing costs anything")
    screen.say("\nin another terminal:")
    screen.say(f"  export NANO_BANANA_FAL_URL={server.url}")
    if ca is not None:
        screen.say(f"  export SSL_CERT_FILE={ca}")
    screen.say(f"  export FAL_KEY={server.options.key or 'any:key'}")
    screen.say("  nano-banana run recipe.yaml --provider fal")
    if server.proxy is not None:
        screen.say("\nfor clients that know fal's host names only, in place of NANO_BANANA_FAL_URL:")
        screen.say(f"  export HTTPS_PROXY={server.proxy}")
    screen.say(f"\nwhat happened: {server.url}/_emulator/counts and /_emulator/requests")
    screen.note("Ctrl-C stops it")
    screen.flush()
