"""`emulate`: run a local fal emulator."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import convert

from nano_banana.cli.formatting import fields_of
from nano_banana.cli.options import FOLDER, add_options, pass_screen
from nano_banana.cli.process import stop_event
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    from nano_banana.emulator.server import Emulator

SECTION = ("Setup", 6)

REQUIRED_MODULES = ("cryptography", "httptools", "starlette", "trustme", "uvicorn")
"""Modules of the extra `emulator`."""


@click.command(name="emulate")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port.  [default: any free port]")
@click.option("--plain", is_flag=True, help="Use HTTP without TLS, behind a proxy.")
@click.option("--folder", type=FOLDER, help="Folder for ca.pem and files.  [default: a temporary folder]")
@click.option(
    "--pictures",
    type=click.Choice(["drawn", "plain"]),
    default="drawn",
    show_default=True,
    help="`drawn` (like the local provider) or `plain` (small coloured images, instant).",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="S",
    help="Time that a plain picture takes, in seconds.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    metavar="N",
    help="Requests that run at once; the others queue.",
)
@click.option("--key", metavar="ID:SECRET", help="Accepted key.  [default: any id:secret]")
@click.option("--endpoints", type=FOLDER, help="Folder with your own endpoint descriptions.")
@click.option(
    "--any-endpoint",
    is_flag=True,
    help="Also answer endpoints that are not in the catalog, with small coloured images.",
)
@click.option(
    "--proxy-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Also run a CONNECT proxy that routes fal's host names here (0: any free port).",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Allow this CORS origin (repeatable).  [default: localhost]",
)
@click.option("--public-webhooks", is_flag=True, help="Deliver webhooks to any address, not only to this machine.")
@add_options("--json")
@pass_screen
def command(screen: Screen, /, *, plain: bool, folder: Path | None, **given: object) -> None:
    r"""Run a local fal emulator, for tests and for trying things out.

    Serves queue, direct calls, storage, files, prices, models and history at one address until Ctrl-C. Free; no AI
    model is used.

    Examples:
      nano-banana emulate --port 8700
      nano-banana emulate --pictures plain --seconds 2 --json
      NANO_BANANA_FAL_URL=https://127.0.0.1:8700 SSL_CERT_FILE=… FAL_KEY=any:key \
        nano-banana run recipe.yaml --provider fal

    Faults on demand and the control API: docs/emulator.md.
    """
    if plain and given["proxy_port"] is not None:
        raise click.UsageError("--proxy-port needs TLS, which --plain turns off")
    missing = [name for name in REQUIRED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([problem("emulator_extra", module=missing[0])])
    import tempfile

    from nano_banana.emulator.emulator_state import EmulatorOptions
    from nano_banana.emulator.server import Emulator

    options = convert({**given, "tls": not plain}, EmulatorOptions)
    over = stop_event()
    with tempfile.TemporaryDirectory(prefix="nano-banana-emulator-") as temporary:
        with Emulator(folder or Path(temporary), options) as server:
            _say_address(screen, server)
            over.wait()
        if not screen.machine:
            screen.note("stopped")


def _say_address(screen: Screen, server: Emulator) -> None:
    ca = None if server.ca is None else str(server.ca)
    if screen.machine:
        told = {**fields_of(server, "url", "host", "proxy"), "ca": ca, "pid": os.getpid(), "folder": str(server.folder)}
        # On one line, unlike `Screen.json`: the process that started this reads one line.
        screen.answered = True
        screen.data(json.dumps(told) + "\n")
        screen.flush()
        return
    how = "like the local provider's" if server.options.pictures == "drawn" else "plain"
    screen.say(f"serving at {server.url}")
    screen.say(f"{how} pictures, {server.options.concurrency} requests at once; everything is free")
    screen.say("\nin another terminal:")
    screen.say(f"  export NANO_BANANA_FAL_URL={server.url}")
    if ca is not None:
        screen.say(f"  export SSL_CERT_FILE={ca}")
    screen.say(f"  export FAL_KEY={server.options.key or 'any:key'}")
    screen.say("  nano-banana run recipe.yaml --provider fal")
    if server.proxy is not None:
        screen.say("\nfor clients that only know fal's host names, instead of NANO_BANANA_FAL_URL:")
        screen.say(f"  export HTTPS_PROXY={server.proxy}")
    screen.say(f"\nrequest log: {server.url}/_emulator/counts and /_emulator/requests")
    screen.note("press Ctrl-C to stop")
    screen.flush()
