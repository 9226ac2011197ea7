"""The commands that show and change settings, and keep the key."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from nano_banana.cli.certificate import make
from nano_banana.cli.completing import one_of, setting_value
from nano_banana.cli.family import Family
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import as_json, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.config_file import change_config
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.home import home, is_homeless
from nano_banana.core.problem import Problem
from nano_banana.core.root import project_root
from nano_banana.credentials import Key, find_key, keep_key, key_file
from nano_banana.settings import (
    PROJECT_FILE,
    SPECS,
    USER_FILE,
    Origin,
    SettingValue,
    Source,
    check_setting,
    user_folder,
)

EPILOG = """\b
Examples:
  nano-banana config show
  nano-banana config set ask_above_usd 25
  nano-banana config set-key
  nano-banana config make-certificate
"""
SAID = {
    Source.DEFAULT: "default",
    Source.USER: "your config",
    Source.PROJECT: "project config",
    Source.ENVIRONMENT: "environment",
    Source.COMMAND_LINE: "command line",
}
for_project = click.option(
    "--project", is_flag=True, help=f"In this project's {PROJECT_FILE}, for everybody who uses it."
)


@click.group(name="config", cls=Family, epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Show and change settings, and keep the fal key.

    A setting comes from the command line, else the environment (`NANO_BANANA_` and its name in capitals),
    else the project's `nano-banana.toml`, else your own config, else its default.
    """


@command.command(epilog="\b\nExamples:\n  nano-banana config show\n  nano-banana config show --json\n")
@as_json
@pass_screen
def show(screen: Screen, *, as_json: bool) -> None:
    """Show every setting, its value, and where that came from."""
    settings = settings_for(screen)
    key = find_key(os.environ)
    if as_json:
        found = {name: _as_json(settings.value(name), settings.origin(name)) for name in SPECS}
        seen = None if key is None else {"masked": key.masked, "source": key.where}
        screen.json({"settings": found, "fal_key": seen})
        return
    rows = [(name, _shown(settings.value(name)), _from(settings.origin(name))) for name in SPECS]
    screen.table(rows, head=("setting", "value", "from"))
    screen.say(f"\nfal key: {_key_shown(key)}")


@command.command(
    name="set",
    epilog="\b\nExamples:\n  nano-banana config set provider fal\n  nano-banana config set store ../kept --project\n",
)
@click.argument("name", shell_complete=one_of(SPECS))
@click.argument("value", shell_complete=setting_value)
@for_project
@pass_screen
def set_(screen: Screen, *, name: str, value: str, project: bool) -> None:
    """Give the setting NAME a VALUE, from now on.

    A relative path counts from the root of the project that uses it.
    """
    checked = check_setting(name, value, owner="config")
    if isinstance(checked, Problem):
        raise Invalid([checked])
    file = _file(project=project)
    changed = change_config(file, name, value if isinstance(checked, Path) else checked)
    screen.say(f"{name} = {value} in {file}" if changed else f"{name} was {value} already in {file}")


@command.command(epilog="\b\nExample:\n  nano-banana config unset store\n")
@click.argument("name", shell_complete=one_of(SPECS))
@for_project
@pass_screen
def unset(screen: Screen, *, name: str, project: bool) -> None:
    """Take the setting NAME out of the config."""
    if name not in SPECS:
        problem = check_setting(name, "", owner="config")
        raise Invalid([problem] if isinstance(problem, Problem) else [])
    file = _file(project=project)
    changed = change_config(file, name, None)
    screen.say(f"{name} is gone from {file}" if changed else f"{name} was not set in {file}")


@command.command(
    epilog="\b\nExamples:\n  nano-banana config set-key\n  pass show fal | nano-banana config set-key\n",
    context_settings={"allow_extra_args": True},
)
@click.pass_context
@pass_screen
def set_key(screen: Screen, context: click.Context) -> None:
    """Keep the fal key, typed unseen or read from stdin.

    It goes into a file of its own in your config folder that nobody else can read. `FAL_KEY` in the
    environment wins over it.
    """
    if context.args:
        # Not left to click, whose complaint would show it.
        raise Invalid([trouble("key_as_argument")])
    if sys.stdin.isatty():
        secret = click.prompt("fal key (id:secret; it won't be shown)", hide_input=True, err=True)
    else:
        secret = sys.stdin.read(4096)
    if not secret.strip():
        raise Invalid([trouble("key_missing")])
    file = keep_key(secret)
    screen.say(f"fal key {Key(secret.strip(), str(file))} kept in {file}")


@command.command(epilog="\b\nExamples:\n  nano-banana config path\n  nano-banana config path --json\n")
@as_json
@pass_screen
def path(screen: Screen, *, as_json: bool) -> None:
    """Say which files settings and the key are kept in."""
    files = {"user": _file(project=False), "project": _file(project=True), "fal_key": key_file()}
    state = {name: _state(file) for name, file in files.items()}
    if as_json:
        screen.json({name: {"path": str(file), "exists": not state[name]} for name, file in files.items()})
        return
    screen.table([(name.replace("_", " "), str(file), state[name]) for name, file in files.items()])


command.add_command(make)


def _state(file: Path) -> str:
    if is_homeless(file):
        return "no home folder: set HOME"
    try:
        return "" if stat.S_ISREG(file.stat().st_mode) else "not a file"
    except PermissionError:
        return "can't be read"
    except OSError:
        return "not there"


def _file(*, project: bool) -> Path:
    return project_root(Path.cwd()) / PROJECT_FILE if project else user_folder() / USER_FILE


def _as_json(value: SettingValue, origin: Origin) -> dict[str, str | int | float | None]:
    return {
        "value": str(value) if isinstance(value, Path) or value == float("inf") else value,
        "source": origin.source.name.lower(),
        "from": origin.name or None,
    }


def _shown(value: SettingValue) -> str:
    if isinstance(value, Path) and value.is_relative_to(Path.cwd()):
        return str(value.relative_to(Path.cwd()))
    if isinstance(value, Path) and (at := home()) is not None and value.is_relative_to(at):
        return f"~/{value.relative_to(at)}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _from(origin: Origin) -> str:
    return f"{SAID[origin.source]}: {origin.name}" if origin.name else SAID[origin.source]


def _key_shown(key: Key | None) -> str:
    if key is None:
        return "not set (the local provider needs none); `nano-banana config set-key` keeps one"
    where = f"in environment ({key.where})" if key.where.startswith("FAL_KEY") else f"in {key.where}"
    return f"set {where}, {key.masked}"
