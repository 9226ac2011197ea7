"""`config`: show and change settings, keep the fal key, make certificates."""

from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.options import add_options, complete_choices, complete_setting_value, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.known_folders import home_folder, is_homeless, project_root
from nano_banana.model.problem import Invalid, Problem, Unusable, problem
from nano_banana.provenance.c2pa_certificates import make_certificate
from nano_banana.settings.config_file import edit_config, write_atomically
from nano_banana.settings.configuration import (
    PROJECT_FILE,
    SPECS,
    USER_FILE,
    SettingOrigin,
    SettingSource,
    SettingValue,
    check_setting,
    user_config_folder,
)
from nano_banana.settings.fal_key import FalKey, find_key, keep_key, key_file

SECTION = ("Setup", 1)

AUTHORITY_FILE = "c2pa-authority.pem"
CERTIFICATE_SETTINGS = ("c2pa_certificate", "c2pa_key")
TEN_YEARS = 3652


SOURCE_NAMES = {
    SettingSource.DEFAULT: "default",
    SettingSource.USER: "user config",
    SettingSource.PROJECT: "project config",
    SettingSource.ENVIRONMENT: "environment",
    SettingSource.COMMAND_LINE: "command line",
}
for_project = click.option("--project", is_flag=True, help=f"Use the project's {PROJECT_FILE}, for everyone.")


@click.group(name="config", cls=SuggestingGroup, no_args_is_help=False)
def command() -> None:
    """Show and change settings, and store the fal key.

    Precedence: command line, environment (`NANO_BANANA_` and the name in capitals), the project's
    `nano-banana.toml`, your user config, default.

    Examples:
      nano-banana config show
      nano-banana config set ask_above_usd 25
      nano-banana config set-key
      nano-banana config make-certificate
    """


@command.command()
@add_options("--json")
@pass_screen
def show(screen: Screen) -> None:
    """Show all settings with their values and sources.

    Examples:
      nano-banana config show
      nano-banana config show --json
    """
    settings = settings_for(screen)
    key = find_key(os.environ)
    if screen.machine:
        found = {name: _setting_json(settings.value(name), settings.origin(name)) for name in SPECS}
        seen = None if key is None else {"masked": key.masked, "source": key.where}
        screen.json({"settings": found, "fal_key": seen})
        return
    rows = []
    for name in SPECS:
        origin = settings.origin(name)
        source = f"{SOURCE_NAMES[origin.source]}: {origin.name}" if origin.name else SOURCE_NAMES[origin.source]
        rows.append((name, _setting_text(settings.value(name)), source))
    screen.table(rows, head=("setting", "value", "source"))
    said = "not set (the local provider needs none); `nano-banana config set-key` stores one"
    if key is not None:
        where = f"in environment ({key.where})" if key.where.startswith("FAL_KEY") else f"in {key.where}"
        said = f"set {where}, {key.masked}"
    screen.say(f"\nfal key: {said}")


@command.command(name="set")
@click.argument("name", shell_complete=complete_choices(SPECS))
@click.argument("value", shell_complete=complete_setting_value)
@for_project
@pass_screen
def set_(screen: Screen, *, name: str, value: str, project: bool) -> None:
    """Set NAME to VALUE.

    A relative path is relative to the root of the project that uses it.

    Examples:
      nano-banana config set provider fal
      nano-banana config set store ../kept --project
    """
    checked = check_setting(name, value, owner="config")
    if isinstance(checked, Problem):
        raise Invalid([checked])
    if name == "provider":
        from nano_banana.catalog.provider_registry import selectable_provider

        selectable_provider(value)
    file = _config_file(project=project)
    changed = edit_config(file, name, value if isinstance(checked, Path) else checked)
    screen.say(f"{name} = {value} in {file}" if changed else f"{name} is already {value} in {file}")


@command.command()
@click.argument("name", shell_complete=complete_choices(SPECS))
@for_project
@pass_screen
def unset(screen: Screen, *, name: str, project: bool) -> None:
    """Remove NAME from the config.

    Example:
      nano-banana config unset store
    """
    if name not in SPECS:
        problem = check_setting(name, "", owner="config")
        raise Invalid([problem] if isinstance(problem, Problem) else [])
    file = _config_file(project=project)
    changed = edit_config(file, name, None)
    screen.say(f"removed {name} from {file}" if changed else f"{name} was not set in {file}")


@command.command(context_settings={"allow_extra_args": True})
@click.pass_context
@pass_screen
def set_key(screen: Screen, context: click.Context) -> None:
    """Store the fal key, entered at a hidden prompt or read from stdin.

    It is stored in a file in your config folder that only you can read. `FAL_KEY` in the environment takes precedence.

    Examples:
      nano-banana config set-key
      pass show fal | nano-banana config set-key
    """
    if context.args:
        # Click's own error would show the key.
        raise Invalid([problem("key_as_argument")])
    if sys.stdin.isatty():
        secret = click.prompt("fal key (id:secret; it won't be shown)", hide_input=True, err=True)
    else:
        secret = sys.stdin.read(4096)
    if not secret.strip():
        raise Invalid([problem("key_missing")])
    file = keep_key(secret)
    screen.say(f"stored fal key {FalKey(secret.strip(), str(file))} in {file}")


@command.command()
@add_options("--json")
@pass_screen
def path(screen: Screen) -> None:
    """Show where settings and the key are stored.

    Examples:
      nano-banana config path
      nano-banana config path --json
    """
    files = {"user": _config_file(project=False), "project": _config_file(project=True), "fal_key": key_file()}
    state = {name: _file_state(file) for name, file in files.items()}
    if screen.machine:
        screen.json({name: {"path": str(file), "exists": not state[name]} for name, file in files.items()})
        return
    screen.table([(name.replace("_", " "), str(file), state[name]) for name, file in files.items()])


@command.command(name="make-certificate")
@click.option("--name", default="Self-made", metavar="ORG", help="Signer's name, as shown to viewers.")
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=TEN_YEARS, show_default=True, help="Days until it expires."
)
@click.option("--force", is_flag=True, help="Replace an existing certificate.")
@add_options("--json")
@pass_screen
def make_certificate_command(screen: Screen, *, name: str, days: int, force: bool) -> None:
    """Create a certificate and key for signing content credentials.

    Both are stored in your config folder; only you can read the key. Viewers show "unknown signer" unless they trust
    the authority created with it.

    Examples:
      nano-banana config make-certificate
      nano-banana config make-certificate --name "Ana's studio" --days 730
    """
    if not (1 <= len(name.strip()) <= 64 and name.isprintable()):
        raise Invalid([problem("c2pa_organisation", given=name)])
    settings = settings_for(screen)
    certificate, key = (user_config_folder() / str(SPECS[setting].default) for setting in CERTIFICATE_SETTINGS)
    authority = user_config_folder() / AUTHORITY_FILE
    there = [file for file in (certificate, key) if file.exists()]
    if there and not force:
        raise Unusable([problem("c2pa_taken", file=str(there[0]))])
    made = make_certificate(name.strip(), days=days, now=datetime.now(UTC))
    write_atomically(key, made.credential.reveal(), mode=0o600)
    write_atomically(certificate, made.credential.chain, mode=0o600)
    write_atomically(authority, made.authority, mode=0o600)
    dates = {"begins": f"{made.begins:%Y-%m-%d}", "ends": f"{made.ends:%Y-%m-%d}"}
    files = {"certificate": str(certificate), "key": str(key), "authority": str(authority)}
    if screen.machine:
        screen.json({"fingerprint": made.fingerprint, **dates, **files})
        return
    screen.say(f"created a certificate for {name.strip()}, valid {dates['begins']} to {dates['ends']}")
    screen.say(f"fingerprint (SHA-256): {made.fingerprint}")
    screen.table(list(files.items()))
    screen.say("\nTo sign pictures with it, set `outputs: {files: {embed: [recipe, c2pa]}}` in a recipe.")
    screen.say('Viewers show "unknown signer" unless they trust the authority.')
    for setting, file in zip(CERTIFICATE_SETTINGS, (certificate, key), strict=True):
        if (found := settings.value(setting)) != file:
            screen.note(f"the setting `{setting}` points to {found}; that file is used for signing")


def _file_state(file: Path) -> str:
    if is_homeless(file):
        return "no home folder: set HOME"
    try:
        return "" if stat.S_ISREG(file.stat().st_mode) else "not a file"
    except PermissionError:
        return "unreadable"
    except OSError:
        return "not found"


def _config_file(*, project: bool) -> Path:
    return project_root(Path.cwd()) / PROJECT_FILE if project else user_config_folder() / USER_FILE


def _setting_json(value: SettingValue, origin: SettingOrigin) -> dict[str, str | int | float | None]:
    return {
        "value": str(value) if isinstance(value, Path) or value == float("inf") else value,
        "source": origin.source.name.lower(),
        "from": origin.name or None,
    }


def _setting_text(value: SettingValue) -> str:
    if isinstance(value, Path) and value.is_relative_to(Path.cwd()):
        return str(value.relative_to(Path.cwd()))
    if isinstance(value, Path) and (at := home_folder()) is not None and value.is_relative_to(at):
        return f"~/{value.relative_to(at)}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
