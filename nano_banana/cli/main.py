"""The console's entry point: runs one command and reports how it ends."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from nano_banana.cli.app import PROGRAM, app
from nano_banana.cli.process import handle_ctrl_c, ignore_ctrl_c, raise_open_files, set_up_streams
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import private_files
from nano_banana.model.problem import Unusable, problem

COMPLETION_VARIABLE = "_NANO_BANANA_COMPLETE"


def main() -> None:
    """Run the command line of this process, and leave with its exit code."""
    set_up_streams()
    raise_open_files()
    with private_files():
        code = run_command_line(sys.argv[1:])
    ignore_ctrl_c()
    sys.exit(code)


def run_command_line(arguments: Sequence[str]) -> int:
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
        handle_ctrl_c()
        code = run_command(arguments, screen)
        screen.flush()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - Ctrl-C and bugs end here too
        ignore_ctrl_c()
        from nano_banana.cli.error_exit import report_error

        return report_error(error, screen, arguments, os.environ)
    return code


def run_command(arguments: Sequence[str], screen: Screen) -> int:
    """Find the command and call it. A command returns its exit code, or None for 0."""
    if COMPLETION_VARIABLE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETION_VARIABLE, os.environ[COMPLETION_VARIABLE])
    try:
        width = min(screen.width, 100)
        with app.make_context(PROGRAM, list(arguments) or ["--help"], obj=screen, terminal_width=width) as context:
            try:
                Path.cwd()
            except OSError as error:
                # The working folder was deleted: every relative path would fail, each with another cause.
                raise Unusable([problem("no_working_folder")]) from error
            code = app.invoke(context)
            return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
