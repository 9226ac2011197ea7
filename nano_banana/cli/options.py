"""Options that commands share, and Tab completion of their values."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

import click

from nano_banana.cli.screen import Screen
from nano_banana.model.problem import NanoBananaError
from nano_banana.settings.configuration import SPECS

Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]


def complete_choices(values: Iterable[str]) -> Completer:
    """Offer those of `values` that begin as typed."""
    return lambda _context, _parameter, typed: _starting_with(values, typed)


def complete_endpoints(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the endpoints that are known in the working folder's project."""
    from nano_banana.model.known_folders import project_root
    from nano_banana.session.opening import project_catalog
    from nano_banana.settings.configuration import load_settings

    try:
        root = project_root(Path.cwd())
        catalog = project_catalog(root, load_settings(root=root, environ={}, overrides={}))
    except (NanoBananaError, OSError):
        return []
    return _starting_with(catalog.ids, typed)


def complete_provider(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the built-in providers and those of installed packages."""
    from nano_banana.catalog.provider_registry import provider_names

    return _starting_with(provider_names(), typed)


def complete_setting_value(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the values that the setting named before can have."""
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
    """A path that is not empty: `--out "$UNSET"` means no folder, and surely not the working folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """As click does it. Fails for an empty text."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = NonEmptyPath(file_okay=False, path_type=Path)
FILE = NonEmptyPath(dir_okay=False, path_type=Path)


class FiniteRange(click.FloatRange):
    """A number of a range; `nan`, which is within and without all of them, is none."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As click does it. Fails for what is no number of the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedOption:
    """An option that several commands have: as a decorator, or as one of those that `shared` hands over together."""

    words: tuple[str, ...]
    attributes: Mapping[str, object]

    def __call__(self, command: Callable[P, R]) -> Callable[P, R]:
        """Give it to a command as an argument of its own."""
        return click.option(*self.words, cls=click.Option, **self.attributes)(command)

    def kept(self, command: Callable[P, R]) -> Callable[P, R]:
        """Give it to a command, and keep what it says in the context."""
        kept = {**self.attributes, "expose_value": False, "callback": _keep_value}
        return click.option(*self.words, cls=click.Option, **kept)(command)


def option(*words: str, **attributes: object) -> SharedOption:
    """An option as `click.option` makes it."""
    return SharedOption(words=words, attributes=attributes)


_META_KEY = f"{__name__}.Asked"
"""Where a context keeps what options say until the command is called."""


def _keep_value(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta.setdefault(_META_KEY, {})[parameter.name] = value


as_json = option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, the rest on stderr.")
store = option("--store", type=FOLDER, help="The folder of the store.")
out = option("--out", type=FOLDER, help="The folder where pictures appear.")
provider = option(
    "--provider",
    metavar="NAME",
    shell_complete=complete_provider,
    help="Provider to use (overrides the recipe).",
)
only = option("--only", multiple=True, metavar="SHOT|STAGE|TAKE", help="Only these; a glob, and as often as you like.")
sample = option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N takes, spread over the matrix.")
variables = option("--set", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable of the recipe.")
allow_env = option("--allow-env", multiple=True, metavar="NAME", help="Let the recipe read this environment variable.")
trust = option("--trust", is_flag=True, help="Accept what this recipe reads and sends beyond its folder; see `trust`.")
locked = option("--locked", is_flag=True, help="Refuse whatever is not as the lock beside the recipe says.")
resubmit = option(
    "--resubmit", is_flag=True, help="Buy again what was sent and can't be found, or was billed for nothing."
)
abandon = option("--abandon", is_flag=True, help="Give up what was sent and can't be found any more.")
prune = option("--prune", is_flag=True, help="Remove earlier copies that `outputs.files` no longer asks for.")
budget = option(
    "--budget", type=FiniteRange(min=0), metavar="USD", help="Spend no more than this, whatever the recipe says."
)
planned = option("--plan", "--dry-run", "planned", is_flag=True, help="Say what it would do and cost, and do nothing.")
saved = option("--save-recipe", "saved", type=FILE, metavar="FILE", help="Also write the recipe that does the same.")
yes = option("--yes", "-y", is_flag=True, help="Ask nothing; do it whatever it costs, up to the budget.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionValues:
    """What the shared options of a command line say; an option that a command lacks says nothing."""

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
    """Give a command these options, in help in this order; what they say comes to it as one value, before the rest."""

    def decorate(command: Callable[Concatenate[OptionValues, P], R]) -> Callable[P, R]:
        @functools.wraps(command)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            return command(OptionValues(**click.get_current_context().meta[_META_KEY]), *args, **kwargs)

        for option in reversed(options):
            option.kept(called)
        return called

    return decorate


def overrides(**given: object) -> Mapping[str, str | None]:
    """The command line's settings as text, for `load_settings`; None stays None."""
    return {name: None if value is None else str(value) for name, value in given.items()}
