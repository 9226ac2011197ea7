"""Options that commands share, and Tab completion of their values."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

import click
from msgspec import Struct

from nano_banana.cli.screen import Screen
from nano_banana.model.problem import NanoBananaError
from nano_banana.settings.configuration import SPECS, load_settings

Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]


def complete_choices(values: Iterable[str]) -> Completer:
    """Complete to one of `values`."""
    return lambda _context, _parameter, typed: _starting_with(values, typed)


def complete_endpoints(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Complete to an endpoint of the current project."""
    from nano_banana.model.known_folders import project_root
    from nano_banana.session.opening import project_catalog

    try:
        root = project_root(Path.cwd())
        catalog = project_catalog(root, load_settings(root=root, environ={}, overrides={}))
    except (NanoBananaError, OSError):
        return []
    return _starting_with(catalog.ids, typed)


def complete_provider(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Complete to a built-in provider or one of an installed package."""
    from nano_banana.catalog.provider_registry import provider_names

    return _starting_with(provider_names(), typed)


def complete_setting_value(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Complete to a value of the setting that is named before."""
    name = context.params.get("name")
    if name == "provider":
        return complete_provider(context, _parameter, typed)
    spec = SPECS.get(name or "")
    return _starting_with(spec.choices if spec else (), typed)


def _starting_with(values: Iterable[str], typed: str) -> list[str]:
    return [value for value in values if value.startswith(typed)]


P = ParamSpec("P")
R = TypeVar("R")

pass_screen = click.make_pass_decorator(Screen)


class NonEmptyPath(click.Path):
    """A path that is not empty: `--out "$UNSET"` must not mean the current folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Convert as click does. Fails if the path is empty."""
        if value == "":
            self.fail("the path is empty (is a variable unset?)", param, ctx)
        return super().convert(value, param, ctx)


MAX_PICTURES = 100
"""Most pictures of one command; a recipe suits more."""

FOLDER = NonEmptyPath(file_okay=False, path_type=Path)
FILE = NonEmptyPath(dir_okay=False, path_type=Path)


class FiniteRange(click.FloatRange):
    """A number in a range, but not `nan`."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert as click does. Fails if it is not a number in the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


SHARED_OPTIONS: dict[str, tuple[Sequence[str], Mapping[str, object]]] = {}
"""The arguments of `click.option` for the options of several commands, by their flag."""

_META_KEY = f"{__name__}.values"


def _keep_value(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a value; one that was given before the subcommand's name is not replaced by a default."""
    kept = context.meta.setdefault(_META_KEY, {})
    if value or parameter.name not in kept:
        kept[parameter.name] = value


def _print_json(context: click.Context, _parameter: click.Parameter, value: object) -> None:
    screen = context.find_object(Screen)
    if screen is not None and value:
        screen.machine = True


def _declare(flag: str, *names: str, **attributes: object) -> None:
    SHARED_OPTIONS[flag] = (flag, *names), {"callback": _keep_value, **attributes, "expose_value": False}


_declare("--json", is_flag=True, callback=_print_json, help="Print JSON to stdout; messages go to stderr.")
_declare("--store", type=FOLDER, help="Store folder.")
_declare("--out", type=FOLDER, help="Output folder.")
_declare("--provider", metavar="NAME", shell_complete=complete_provider, help="Provider to use (overrides the recipe).")
_declare(
    "--only", multiple=True, metavar="SHOT|STAGE|TAKE", help="Only these shots, stages or takes (glob; repeatable)."
)
_declare("--sample", type=click.IntRange(min=1), metavar="N", help="Make only N takes, spread over the matrix.")
_declare("--set", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable of the recipe (repeatable).")
_declare(
    "--allow-env", multiple=True, metavar="NAME", help="Let the recipe read this environment variable (repeatable)."
)
_declare("--trust", is_flag=True, help="Trust what this recipe reads and sends outside its folder; see `trust`.")
_declare("--locked", is_flag=True, help="Fail if anything differs from the lock file.")
_declare("--resubmit", is_flag=True, help="Resend requests whose result was lost or unusable (may be billed twice).")
_declare("--abandon", is_flag=True, help="Stop waiting for lost requests.")
_declare("--prune", is_flag=True, help="Delete copies from earlier runs that `outputs.files` no longer produces.")
_declare("--budget", type=FiniteRange(min=0), metavar="USD", help="Maximum to spend, in USD (overrides the recipe).")
_declare("--plan", "--dry-run", "planned", is_flag=True, help="Show what would be done and its cost, then exit.")
_declare("--save-recipe", "saved", type=FILE, metavar="FILE", help="Also save the equivalent recipe to FILE.")
_declare("--yes", "-y", is_flag=True, help="Don't ask for confirmation (the budget still applies).")
_declare("--prompt", required=True, metavar="TEXT", help="The prompt: what the picture should show.")
_declare(
    "--model",
    "models",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="Adapter on the shelf, or a .safetensors file (repeatable).",
)
_declare(
    "--scale",
    "scales",
    multiple=True,
    type=FiniteRange(min=0, max=4),
    metavar="NUMBER",
    help="Strength of each --model, in the same order (default: 0.95, then 0.3).",
)
_declare(
    "--count", type=click.IntRange(1, MAX_PICTURES), metavar="N", help="Number of pictures, each with its own seed."
)
_declare("--seed", "seeds", multiple=True, type=click.IntRange(0, 4294967295), metavar="N", help="Seed (repeatable).")
_declare("--size", metavar="SIZE", help="Picture size: 880x1104, 4:5, or a name such as portrait_4_3.")
_declare(
    "--using",
    metavar="ENDPOINT",
    shell_complete=complete_endpoints,
    help="Endpoint to use; see `nano-banana catalog`.",
)
_declare("--guidance", type=FiniteRange(min=0), metavar="NUMBER", help="How closely to follow the prompt.")
_declare("--steps", type=click.IntRange(min=1), metavar="N", help="Number of inference (or training) steps.")
_declare("--strength", type=FiniteRange(min=0, max=1), metavar="0–1", help="How much the picture may change.")
_declare("--name", metavar="NAME", help="Recipe name and output folder name.")


class OptionValues(Struct, frozen=True, kw_only=True):
    """The values of the shared options; an option that a command lacks has its default."""

    only: tuple[str, ...] = ()
    sample: int | None = None
    variables: tuple[str, ...] = ()
    allow_env: tuple[str, ...] = ()
    trust: bool = False
    provider: str | None = None
    out: Path | None = None
    store: Path | None = None
    locked: bool = False
    resubmit: bool = False
    abandon: bool = False
    prune: bool = False
    yes: bool = False
    budget: float | None = None
    planned: bool = False
    saved: Path | None = None
    prompt: str = ""
    models: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    count: int | None = None
    seeds: tuple[int, ...] = ()
    size: str | None = None
    using: str | None = None
    guidance: float | None = None
    steps: int | None = None
    strength: float | None = None
    name: str | None = None

    @classmethod
    def given(cls) -> OptionValues:
        """The values of the command that is being called."""
        context = click.get_current_context(silent=True)
        return cls(**context.meta.get(_META_KEY, {})) if context else cls()


def add_options(*flags: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add these shared options to a command, in this order; `OptionValues.given()` has their values.

    `--json`, `--store` and `--out` need no more: the screen and the settings follow them.
    """

    def decorate(command: Callable[P, R]) -> Callable[P, R]:
        for flag in reversed(flags):
            names, attributes = SHARED_OPTIONS[flag]
            command = click.option(*names, cls=click.Option, **attributes)(command)
        return command

    return decorate
