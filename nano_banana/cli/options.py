"""Options that commands share, and Tab completion of their values."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

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


class SharedOption(Struct, frozen=True, kw_only=True):
    """An option of several commands: a decorator, or one of the options that `shared` passes as one value."""

    words: tuple[str, ...]
    attributes: Mapping[str, object]

    def __call__(self, command: Callable[P, R]) -> Callable[P, R]:
        """Add it to a command as a separate argument."""
        return click.option(*self.words, cls=click.Option, **self.attributes)(command)

    def kept(self, command: Callable[P, R]) -> Callable[P, R]:
        """Add it to a command, and keep its value in the context."""
        kept = {**self.attributes, "expose_value": False, "callback": _keep_value}
        return click.option(*self.words, cls=click.Option, **kept)(command)


def option(*words: str, **attributes: object) -> SharedOption:
    """An option with the arguments of `click.option`."""
    return SharedOption(words=words, attributes=attributes)


_META_KEY = f"{__name__}.Asked"
"""Where the context keeps option values until the command is called."""


def _keep_value(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta.setdefault(_META_KEY, {})[parameter.name] = value


as_json = option("--json", "as_json", is_flag=True, help="Print JSON to stdout; messages go to stderr.")
store = option("--store", type=FOLDER, help="Store folder.")
out = option("--out", type=FOLDER, help="Output folder.")
provider = option(
    "--provider",
    metavar="NAME",
    shell_complete=complete_provider,
    help="Provider to use (overrides the recipe).",
)
only = option(
    "--only", multiple=True, metavar="SHOT|STAGE|TAKE", help="Only these shots, stages or takes (glob; repeatable)."
)
sample = option("--sample", type=click.IntRange(min=1), metavar="N", help="Make only N takes, spread over the matrix.")
variables = option(
    "--set", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable of the recipe (repeatable)."
)
allow_env = option(
    "--allow-env", multiple=True, metavar="NAME", help="Let the recipe read this environment variable (repeatable)."
)
trust = option("--trust", is_flag=True, help="Trust what this recipe reads and sends outside its folder; see `trust`.")
locked = option("--locked", is_flag=True, help="Fail if anything differs from the lock file.")
resubmit = option(
    "--resubmit", is_flag=True, help="Resend requests whose result was lost or unusable (may be billed twice)."
)
abandon = option("--abandon", is_flag=True, help="Stop waiting for lost requests.")
prune = option("--prune", is_flag=True, help="Delete copies from earlier runs that `outputs.files` no longer produces.")
budget = option(
    "--budget", type=FiniteRange(min=0), metavar="USD", help="Maximum to spend, in USD (overrides the recipe)."
)
planned = option(
    "--plan", "--dry-run", "planned", is_flag=True, help="Show what would be done and its cost, then exit."
)
saved = option("--save-recipe", "saved", type=FILE, metavar="FILE", help="Also save the equivalent recipe to FILE.")
yes = option("--yes", "-y", is_flag=True, help="Don't ask for confirmation (the budget still applies).")


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
    as_json: bool = False
    budget: float | None = None
    planned: bool = False
    saved: Path | None = None


def shared(*options: SharedOption) -> Callable[[Callable[Concatenate[OptionValues, P], R]], Callable[P, R]]:
    """Add these options to a command, in this order; their values are its first argument."""

    def decorate(command: Callable[Concatenate[OptionValues, P], R]) -> Callable[P, R]:
        @functools.wraps(command)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            return command(OptionValues(**click.get_current_context().meta[_META_KEY]), *args, **kwargs)

        for option in reversed(options):
            option.kept(called)
        return called

    return decorate


def overrides(**given: object) -> Mapping[str, str | None]:
    """Settings from the command line as text, for `load_settings`; None stays None."""
    return {name: None if value is None else str(value) for name, value in given.items()}
