"""A run's request, and the trace that shows it is already fulfilled.

A finished run leaves a trace: the stamps of every file that it read and wrote, and digests of the environment
variables that it used. If all of them are as they were, the next run has nothing to do: it parses no YAML and loads no
template engine. This module is that fast path, so it imports nothing that takes time to load.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from nano_banana import __version__
from nano_banana.catalog.provider_registry import BUILT_IN, provider_revision
from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid, did_you_mean, problem
from nano_banana.settings.configuration import Settings

RECIPE_NAMES = ("recipe.yaml", "recipe.yml")

MAX_SUGGESTED = 200
"""Files whose names are compared with that of a recipe that does not exist."""


def find_recipe_file(path: Path) -> Path:
    """The recipe's file; a folder stands for the `recipe.yaml` in it. Raises Invalid (`no_recipe`) if it is missing."""
    file = recipe_file_in(path) if path.is_dir() else path
    if not file.exists():
        near = [str(other) for other in sorted(file.parent.glob("*.y*ml"))][:MAX_SUGGESTED]
        raise Invalid([problem("no_recipe", suggestions=did_you_mean(str(file), near), path=str(file))])
    return file


def recipe_file_in(folder: Path) -> Path:
    """The `recipe.yaml` in a folder; `recipe.yml` if only that exists."""
    return next((path for name in RECIPE_NAMES if (path := folder / name).is_file()), folder / RECIPE_NAMES[0])


class RunRequest(Struct, frozen=True, kw_only=True):
    """What to run: a recipe, variables, a provider and a budget that replace the recipe's, and a selection of takes.

    A recipe without a file has its `text` here; the path then says where it would be. `locked` compares the run with
    the lock beside the recipe. `any_photos` tolerates unreadable photos, for commands that only read.
    """

    recipe: Path
    text: str | None = None
    sets: Mapping[str, str] = field(default_factory=dict)
    provider: str | None = None
    only: tuple[str, ...] = ()
    sample: int | None = None
    budget_usd: float | None = None
    locked: bool = False
    any_photos: bool = False

    @property
    def tolerated_problems(self) -> frozenset[str]:
        """The kinds of problems that don't prevent opening the recipe."""
        # Not at the top: a run with nothing to do loads no recipe code.
        from nano_banana.recipe.resolve_subjects import BAD_PHOTO_KINDS

        return BAD_PHOTO_KINDS if self.any_photos else frozenset()

    @property
    def given(self) -> Mapping[Path, str]:
        """Texts without a file, by absolute path."""
        return {} if self.text is None else {self.recipe.absolute(): self.text}

    @property
    def whole(self) -> bool:
        """Whether all of the recipe is wanted."""
        return not self.only and self.sample is None

    @property
    def owns_name(self) -> bool:
        """Whether no other recipe has this name: all recipes of a single command share one."""
        return self.whole and self.text is None

    def note(self, settings: Settings, revision: int) -> str:
        """The name of the store's note about the last run of this request.

        Everything that changes the results without changing a file is part of the name: the program's version, the
        revisions of the local provider and of this machine's own work, and the settings that matter.
        """
        words = [
            __version__,
            revision,
            dict(COMPUTE_REVISIONS),
            os.path.abspath(self.recipe),  # noqa: PTH100 - a symlink is a name of its own
            self.text,
            dict(self.sets),
            self.provider,
            list(self.only),
            self.sample,
            settings.provider,
            str(settings.out),
            settings.fal_url,
        ]
        return "fresh/" + hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def environment_digests(names: Mapping[str, object] | frozenset[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables by digest, so that no value is stored; unset ones differ from empty ones."""
    return {name: hashlib.sha256(repr(environ.get(name)).encode()).hexdigest() for name in sorted(names)}


class RunTrace(Struct, frozen=True, kw_only=True):
    """A finished run: what it read, what it wrote, and its report.

    `read` and `written` map paths to stamps (written ones relative to the output folder), `environment` the variables
    that the recipe read to digests of their values.
    """

    read: Mapping[str, FileStamp | None]
    environment: Mapping[str, str]
    folder: str
    written: Mapping[str, FileStamp | None]
    summary: JSONObject

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Whether everything is still as the run left it."""
        return (
            dict(self.environment) == dict(environment)
            and _all_unchanged("", self.read)
            and _all_unchanged(f"{self.folder}/", self.written)
        )

    def dump(self, summary: Iterable[str] | None = None) -> Iterator[str]:
        """The trace as text in pieces, for a note. `summary` (JSON in pieces) replaces its own, which may be large."""
        yield "{"
        for name in ("folder", "environment", "read", "written"):
            yield f'"{name}":{json.dumps(getattr(self, name), separators=(",", ":"))},'
        yield '"summary":'
        yield from [json.dumps(dict(self.summary))] if summary is None else summary
        yield "}"


def _all_unchanged(prefix: str, looks: Mapping[str, FileStamp | None]) -> bool:
    return all(stamp_or_none(prefix + path) == (None if seen is None else tuple(seen)) for path, seen in looks.items())


def load_trace(text: str | None) -> RunTrace | None:
    """Read a note; None if there is none or another version wrote it."""
    try:
        data = json.loads(text or "")
        return RunTrace(**data)
    except (ValueError, TypeError):
        return None


def unchanged_trace(request: RunRequest, settings: Settings, environ: Mapping[str, str]) -> RunTrace | None:
    """The trace of the last run of this request, if all it read and wrote is unchanged; else None.

    Not for a locked run: a lock is compared with calls, not with files' stamps.
    """
    if request.locked or not settings.store.is_dir():
        return None
    from nano_banana.store.local_store import Store

    with Store.open(settings.store) as store:
        trace = load_trace(store.notes.read(request.note(settings, provider_revision(BUILT_IN["local"]))))
    if trace is None or not trace.holds(environment_digests(trace.environment, environ)):
        return None
    return trace
