"""What the Tab key offers for values that are no click.Choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import click

from nano_banana.core.errors import NanoBananaError
from nano_banana.settings import SPECS

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]


def one_of(values: Iterable[str]) -> Complete:
    """Offer those of `values` that begin as typed."""
    return lambda _context, _parameter, typed: _begun(values, typed)


def endpoint_ids(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the endpoints that are known in the working folder's project."""
    from nano_banana.core.root import project_root
    from nano_banana.project.house import catalog_of
    from nano_banana.settings import load_settings

    try:
        root = project_root(Path.cwd())
        catalog = catalog_of(root, load_settings(root=root, environ={}, overrides={}))
    except (NanoBananaError, OSError):
        return []
    return _begun(catalog.ids, typed)


def setting_value(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the values that the setting named before can have."""
    spec = SPECS.get(context.params.get("name") or "")
    return _begun(spec.choices if spec else (), typed)


def _begun(values: Iterable[str], typed: str) -> list[str]:
    return [value for value in values if value.startswith(typed)]
