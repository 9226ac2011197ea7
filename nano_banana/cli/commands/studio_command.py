"""`studio`: look at a project in the browser, pick, and run."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import recipe_argument, recipe_settings, run_request_from
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    from types import FrameType

    from nano_banana.session.explanation import Explanation
    from nano_banana.session.forecasting import Forecast
    from nano_banana.studio.studio_project import StudioWords

SECTION = ("Recipes", 5)

REQUIRED_MODULES = ("starlette", "uvicorn")
"""Modules of the extra `studio`."""

EPILOG = """\b
Examples:
  nano-banana studio
  nano-banana studio portraits/recipe.yaml --port 8800 --no-browser
"""


@click.command(name="studio", epilog=EPILOG)
@recipe_argument
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port.  [default: the recipe's own, if free]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@add_options("--set", "--allow-env", "--provider", "--out", "--store")
@pass_screen
def command(screen: Screen, recipe: Path, *, port: int | None, no_browser: bool) -> None:
    """Open the project in the browser: look, compare, pick and run.

    Serves this computer only, until Ctrl-C. The address contains a token; whoever has it can see the pictures and
    spend money.
    """
    missing = [name for name in REQUIRED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([problem("studio_extra", module=missing[0])])
    from nano_banana.studio.studio_access import StudioAccess
    from nano_banana.studio.studio_project import StudioProject
    from nano_banana.studio.studio_server import StudioServer, listening_socket, project_socket

    request = run_request_from(recipe)
    settings = recipe_settings(screen, request)
    sock = project_socket(request.recipe) if port is None else listening_socket("127.0.0.1", port)
    port = sock.getsockname()[1]
    access = StudioAccess(scheme="http", hosts=(f"127.0.0.1:{port}", f"localhost:{port}"), port=port)
    from nano_banana.cli.sheet_files import write_recipe_sheet

    over = _until_stopped()
    project = StudioProject(request, settings, studio_words(), os.environ)
    with StudioServer(project, sock, access, write_recipe_sheet) as server:
        screen.say(f"studio: {access.url}")
        screen.note("press Ctrl-C to stop")
        screen.flush()
        if not no_browser:
            click.launch(access.url)
        over.wait()
        while server.runs.is_running:
            over.clear()
            server.runs.stop()
            screen.note("stopping the run; press Ctrl-C again to cancel what waits")
            while not over.is_set() and not server.runs.wait(0.2):
                pass
    screen.note("stopped")


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


def _until_stopped() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set; both are a server's normal end."""
    over = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return over
