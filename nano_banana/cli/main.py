"""The console's entry: drives one command and tells every ending."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from nano_banana.cli.app import app
from nano_banana.cli.process import listen, stop_listening, take_process
from nano_banana.cli.screen import Screen
from nano_banana.cli.usage import PROGRAM
from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.modes import private_files

COMPLETE = "_NANO_BANANA_COMPLETE"


def main() -> None:
    """Run the command line of this process, and leave with its exit code."""
    take_process()
    with private_files():
        code = run(sys.argv[1:])
    stop_listening()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit code; the one place where every error ends.

    `NANO_BANANA_DEBUG=1` lets errors of ours through with their trace.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name may be no text, and a terminal may know no arrows: they are spelled out.
            stream.reconfigure(errors="backslashreplace")
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    screen = Screen(sys.stdout, sys.stderr, environ=os.environ, machine="--json" in options)
    try:
        listen()
        code = drive(arguments, screen)
        screen.flush()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - Ctrl-C and bugs end here too
        stop_listening()
        from nano_banana.cli.exit import settle

        return settle(error, screen, arguments, os.environ)
    return code


def drive(arguments: Sequence[str], screen: Screen) -> int:
    """Find the command and call it. A command returns its exit code, or None for 0."""
    if COMPLETE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETE, os.environ[COMPLETE])
    try:
        width = min(screen.width, 100)
        with app.make_context(PROGRAM, list(arguments) or ["--help"], obj=screen, terminal_width=width) as context:
            _check_folder()
            code = app.invoke(context)
            return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code


def _check_folder() -> None:
    """Say so where the working folder was deleted: every relative path would fail, each with a cause of its own."""
    try:
        Path.cwd()
    except OSError as error:
        raise Unusable([trouble("no_working_folder")]) from error
