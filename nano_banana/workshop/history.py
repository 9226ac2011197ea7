"""The runs of a store, found by name, and what each came to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Self

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import did_you_mean
from nano_banana.reports.contrast import Contrast, changed_keys, contrast
from nano_banana.reports.packed import load
from nano_banana.reports.snapshot import Snapshot
from nano_banana.reports.usage import Judgements, judgements
from nano_banana.store.runs import Run
from nano_banana.store.store import Store
from nano_banana.workshop.answering import ERRAND

LATEST = "latest"
_BACK = re.compile(rf"{LATEST}(?:~(\d+))?")
_SHOWN = 3


class History:
    """Looks back. Close it at the end, or lend it a store that somebody else closes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The history of the store in `folder`, which is there."""
        return cls(Store.open(folder))

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.store.close()

    def runs(self, recipe: str | None = None, *, limit: int = -1) -> list[Run]:
        """The last runs of a recipe or of all, newest first; a negative limit is none.

        What this machine worked out for a sheet or a look at photos is no run of a recipe.
        """
        found = [run for run in self.store.runs(recipe, limit=-1) if not run.recipe.startswith(ERRAND)]
        return found if limit < 0 else found[:limit]

    def billed(self, runs: Iterable[Run]) -> list[Run]:
        """The runs with what their requests cost as it is known now: some may have been collected by a later run."""
        found = list(runs)
        bills = self.store.ledger.runs(run.id for run in found)
        return [
            replace(
                run,
                summary={
                    **run.summary,
                    "cost_usd": bills[run.id].spent_usd,
                    "unknown_cost": bills[run.id].unknown,
                },
            )
            if run.id in bills
            else run
            for run in found
        ]

    def find(self, name: str, recipe: str | None = None) -> Run:
        """The run of that name: whole, its beginning or its last four digits, `latest`, or `latest~1` before that.

        Raises Invalid: `no_runs`, `no_runs_of`, `no_such_run`, `run_ambiguous`, `runs_too_few`.
        """
        runs = self.runs(recipe)
        if not runs:
            raise Invalid([trouble("no_runs_of", recipe=recipe) if recipe else trouble("no_runs")])
        back = _BACK.fullmatch(name)
        if back:
            return _back(runs, name, int(back[1] or 0))
        whole = [run for run in runs if run.id == name]
        found = whole or [run for run in runs if name and (run.id.startswith(name) or run.id.endswith(f"-{name}"))]
        if not found:
            hint = did_you_mean(name, [LATEST, *(run.id for run in runs)])
            raise Invalid([trouble("no_such_run", hint=hint, name=name)])
        if len(found) > 1:
            hint = tuple(run.id for run in found[:_SHOWN])
            raise Invalid([trouble("run_ambiguous", hint=hint, name=name, count=len(found))])
        return found[0]

    def before(self, run: Run) -> Run | None:
        """The run of the same recipe that is kept before this one, or None."""
        kept = set(self.kept(run.recipe))
        older = [other for other in self.runs(run.recipe) if other.begun_at < run.begun_at and other.id in kept]
        return older[0] if older else None

    def kept(self, recipe: str | None = None) -> list[str]:
        """The runs whose takes are known still, newest first."""
        return self.store.snapshots.runs(recipe)

    def contrast(self, old: str | None, new: str | None, recipe: str | None = None) -> Contrast:
        """Two runs side by side: `new` (None: the last one) with `old` (None: the one of its recipe before it).

        Raises Invalid as `find` and `snapshot` do, and `run_first` where there is none before.
        """
        after = self.find(new or LATEST, recipe)
        before = self.before(after) if old is None else self.find(old, recipe)
        if before is None:
            raise Invalid([trouble("run_first", run=after.id, recipe=after.recipe)])
        snapshots = self.snapshot(before), self.snapshot(after)
        return contrast(*snapshots, self.documents(changed_keys(*snapshots)))

    def snapshot(self, run: Run) -> Snapshot:
        """What a run came to. Raises Invalid (`run_not_kept`) where that is not known, or not any more."""
        found = load(self.store.snapshots.get(run.id))
        if found is None:
            raise Invalid(
                [trouble("run_not_kept", hint=tuple(self.kept(run.recipe)[:_SHOWN]), run=run.id, status=run.status)]
            )
        return found

    def judgements(
        self, *, by_subject: bool, since: float | None = None, recipe: str | None = None
    ) -> tuple[Judgements, ...]:
        """What gates said of the takes of each recipe's last run, where that began after `since`.

        By recipe or by subject; `since` is in seconds since 1970 (None: ever).
        """
        last: dict[str, Run] = {}
        kept = set(self.kept(recipe))
        for run in self.runs(recipe):
            if run.id in kept and run.begun_at >= (since or 0.0):
                last.setdefault(run.recipe, run)
        return judgements((self.snapshot(run) for run in last.values()), by_subject=by_subject)

    def held(self, digests: Iterable[str]) -> set[str]:
        """Those of these pictures that the store has still; a sweep may have taken the others."""
        return self.store.snapshots.held(digests)

    def documents(self, keys: Iterable[str]) -> dict[str, JSONObject]:
        """What calls were asked, by their keys as a snapshot has them; of those that a sweep took nothing is known."""
        return self.store.snapshots.documents(keys)


def _back(runs: list[Run], name: str, steps: int) -> Run:
    if steps >= len(runs):
        raise Invalid([trouble("runs_too_few", name=name, count=len(runs))])
    return runs[steps]
