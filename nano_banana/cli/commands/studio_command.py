"""`studio`: look at a project in the browser, pick, and run."""

from __future__ import annotations

import importlib.util
import io
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.process import stop_event
from nano_banana.cli.project_loading import recipe_argument, recipe_settings, run_request_from
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import LimitReached, Unusable, problem

if TYPE_CHECKING:
    from nano_banana.session.explanation import Explanation
    from nano_banana.session.forecasting import Forecast
    from nano_banana.session.run_request import RunRequest
    from nano_banana.settings.configuration import Settings
    from nano_banana.studio.studio_access import StudioAccess
    from nano_banana.studio.studio_project import StudioWords

SECTION = ("Recipes", 5)

REQUIRED_MODULES = ("starlette", "uvicorn")
"""Modules of the extra `studio`."""


@click.command(name="studio")
@recipe_argument
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port.  [default: the recipe's own, if free]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--lan", is_flag=True, help="Serve the local network too, with TLS. Asks first.")
@add_options("--set", "--allow-env", "--provider", "--out", "--store", "--yes")
@pass_screen
def command(screen: Screen, recipe: Path, *, port: int | None, no_browser: bool, lan: bool) -> None:
    """Open the project in the browser: look, compare, pick and run.

    Serves this computer only, until Ctrl-C. The address contains a token; whoever has it can see the pictures and
    spend money.

    Examples:
      nano-banana studio
      nano-banana studio portraits/recipe.yaml --port 8800 --no-browser
    """
    missing = [name for name in REQUIRED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([problem("studio_extra", module=missing[0])])
    request = run_request_from(recipe)
    settings = recipe_settings(screen, request)
    with ExitStack() as opened:
        entrance = _network_entrance(screen, port or 0, opened) if lan else _own_entrance(request.recipe, port)
        _serve(screen, request, settings, entrance, no_browser=no_browser)
    screen.note("stopped")


class Entrance(Struct, frozen=True, kw_only=True):
    """Where the studio listens, and who may come in. `certificate` is for TLS."""

    sock: socket.socket
    access: StudioAccess
    certificate: Path | None = None


def _own_entrance(recipe: Path, port: int | None) -> Entrance:
    from nano_banana.studio.studio_access import StudioAccess
    from nano_banana.studio.studio_server import listening_socket, project_socket

    sock = project_socket(recipe) if port is None else listening_socket("127.0.0.1", port)
    port = sock.getsockname()[1]
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
    return Entrance(sock=sock, access=StudioAccess(scheme="http", hosts=hosts, port=port))


LAN_NOTICE = """\
With --lan, every device on this network can reach the studio. Whoever has the address with its token can see the
pictures and the people's photos, change picks, and start runs that cost money. The connection is encrypted; browsers
warn once about the certificate, since nobody but this computer vouches for it.
"""


def _network_entrance(screen: Screen, port: int, opened: ExitStack) -> Entrance:
    """Ask, then listen on the network. Raises LimitReached for a no, Unusable without a network."""
    from tempfile import TemporaryDirectory

    from nano_banana.studio.local_network import issue_certificate, network_address
    from nano_banana.studio.studio_access import StudioAccess
    from nano_banana.studio.studio_server import listening_socket

    address = network_address()
    if not address:
        raise Unusable([problem("studio_no_network")])
    if importlib.util.find_spec("trustme") is None:
        raise Unusable([problem("studio_extra", module="trustme")])
    screen.note(LAN_NOTICE)
    if not OptionValues.given().yes and not screen.confirm(f"Serve the studio at {address}?"):
        raise LimitReached([problem("studio_lan_refused")])
    sock = listening_socket(address, port)
    port = sock.getsockname()[1]
    folder = opened.enter_context(TemporaryDirectory(prefix="nano-banana-studio-"))
    certificate = issue_certificate(address, Path(folder))
    screen.note(f"certificate (SHA-256): {certificate.fingerprint}")
    access = StudioAccess(scheme="https", hosts=(f"{address}:{port}",), port=port)
    return Entrance(sock=sock, access=access, certificate=certificate.file)


def _serve(screen: Screen, request: RunRequest, settings: Settings, entrance: Entrance, *, no_browser: bool) -> None:
    from nano_banana.cli.sheet_files import write_recipe_sheet
    from nano_banana.studio.studio_project import StudioProject
    from nano_banana.studio.studio_server import StudioServer

    over, url = stop_event(), entrance.access.url
    project = StudioProject(request, settings, studio_words(), os.environ)
    with StudioServer(
        project, entrance.sock, entrance.access, write_recipe_sheet, certificate=entrance.certificate
    ) as server:
        screen.say(f"studio: {url}")
        screen.note("press Ctrl-C to stop")
        screen.flush()
        if not no_browser:
            click.launch(url)
        over.wait()
        server.runs.close()
        while server.runs.is_running:
            over.clear()
            with suppress(LimitReached):  # it may just have ended
                server.runs.stop()
            screen.note("stopping the run; press Ctrl-C again to cancel what waits")
            while not over.is_set() and not server.runs.wait(0.2):
                pass


def studio_words() -> StudioWords:
    """Words as the command line has them."""
    from nano_banana.cli.diagnostics import describe
    from nano_banana.cli.explain_report import say_story
    from nano_banana.cli.run_reports import say_forecast
    from nano_banana.cli.verdict_reports import reason_text
    from nano_banana.model.flow import Reason
    from nano_banana.studio.studio_project import StudioWords

    def reason(reason: Reason, named: bool) -> str:  # noqa: FBT001 - as StudioWords calls it
        return reason_text(reason, named=named)

    def plan(forecast: Forecast, provider: str, budget: float | None) -> str:
        return _printed(partial(say_forecast, forecast=forecast, provider=provider, budget_usd=budget))

    def story(told: Explanation) -> str:
        return _printed(partial(say_story, story=told))

    return StudioWords(problem=describe, reason=reason, plan=plan, story=story)


def _printed(say: Callable[[Screen], None]) -> str:
    """What is printed to a screen, as text."""
    text = io.StringIO()
    say(Screen(text, text, environ={"NO_COLOR": "1"}, width=100))
    return text.getvalue()
