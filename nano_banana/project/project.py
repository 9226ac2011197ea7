"""A recipe opened with all it takes to plan and run; the API.

with Project.open(Wish(recipe=Path("recipe.yaml")), settings, environ=os.environ) as project:
    forecast = project.forecast()
    outcome = project.run(forecast, watch=print)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import Refused, trouble
from nano_banana.core.here import is_here
from nano_banana.core.lost import Lost
from nano_banana.core.news import Watcher
from nano_banana.core.node import Plan
from nano_banana.core.result import Status
from nano_banana.planner.context import Contexts
from nano_banana.planner.copies import Copy, copies_of
from nano_banana.planner.plan import make_plan
from nano_banana.planner.selection import Selection
from nano_banana.planner.workbench import Workbench
from nano_banana.project.access import ADDRESSES, access_for, address_of, has_key
from nano_banana.project.crediting import signed_marks
from nano_banana.project.forecast import Forecast, paid_in, tell_news
from nano_banana.project.foresee import foresee
from nano_banana.project.offers import check_offered
from nano_banana.project.opening import opened
from nano_banana.project.parts import (
    check_able,
    check_name,
    files_of,
    head_of,
    in_order,
    kinds,
    most,
    selection_of,
    site_of,
    trace_of,
)
from nano_banana.project.placing import placed
from nano_banana.project.shelving import shelve
from nano_banana.project.standards import held_to
from nano_banana.project.stray import remarks_on
from nano_banana.project.targets import check_targets
from nano_banana.project.wish import Wish, digests_of
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.model import Stage
from nano_banana.reports.past import remember
from nano_banana.settings import Settings
from nano_banana.workshop.crew import Crew, check_certificates, check_marking, check_sight, local_revision
from nano_banana.workshop.order import Order, Outcome
from nano_banana.workshop.workshop import Workshop


class Project:
    """A checked recipe, its catalog and its workshop. Close it at the end."""

    def __init__(
        self,
        wish: Wish,
        settings: Settings,
        loaded: Loaded,
        catalog: Catalog,
        crew: Crew,
        environ: Mapping[str, str],
    ) -> None:
        """Put the parts together; callers use `Project.open`."""
        self.wish = wish
        self.settings = settings
        self.loaded = loaded
        self.recipe = held_to(loaded.recipe, wish.accept, wish.unsure)
        self.catalog = catalog
        self._crew = crew
        self._environ = environ
        self.checked: set[str] = set()
        """The keys of calls that were made before the run, since they are free and others hang on them."""

    @classmethod
    def open(cls, wish: Wish, settings: Settings, *, environ: Mapping[str, str], crew: Crew | None = None) -> Self:
        """Load and check the recipe. Raises Invalid with every problem at once."""
        loaded, catalog = opened(wish, settings, environ)
        crew = crew or Crew(settings.parallel_compute, catalog, access_for(loaded.recipe, settings, environ))
        project = cls(wish, settings, loaded, catalog, crew, environ)
        check_name(project.provider)
        check_offered(project.recipe, project.provider, loaded.nearest)
        check_targets(project.recipe, settings, loaded.nearest)
        return project

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give the store and the worker processes back."""
        if "workshop" in self.__dict__:
            self.workshop.close()
        self._crew.close()

    @cached_property
    def workshop(self) -> Workshop:
        """The store and the providers, opened when first needed."""
        return Workshop(self.settings, self._crew.makers)

    @property
    def provider(self) -> str:
        """Who does the paid work: the command line's word, else the recipe's, else the settings'."""
        return self.wish.provider or self.recipe.provider or self.settings.provider

    @property
    def rehearses(self) -> bool:
        """Whether a stand-in on this machine answers for fal."""
        return self.provider == "fal" and is_here(address_of(self.settings, self._environ))

    @property
    def folder(self) -> Path:
        """Where this recipe's pictures appear."""
        return self.settings.out / self.recipe.name

    @cached_property
    def plan(self) -> Plan:
        """What the wish comes to. Raises Invalid where the selection names nothing, Unusable for lost files."""
        return self.plan_of(selection_of(self.wish))

    def plan_of(self, selection: Selection) -> Plan:
        """What this selection comes to. Raises as `plan` does."""
        bench = self.bench(self.workshop.store.digests(files_of(self.recipe)))
        return replace(make_plan(bench, selection), budget_usd=self.budget_usd)

    @property
    def budget_usd(self) -> float | None:
        """The most that a run may spend: the command line's word, else the recipe's."""
        return self.recipe.limits.budget_usd if self.wish.budget_usd is None else self.wish.budget_usd

    @property
    def budget_name(self) -> str:
        """Where the budget can be changed."""
        in_recipe = self.wish.budget_usd is None and self.wish.text is None
        return "`limits.budget_usd` (or `--budget`)" if in_recipe else "`--budget`"

    @cached_property
    def price(self) -> Callable[[Call], float | None]:
        """The most that a call may cost, in USD; None where nobody knows."""
        return most(self.catalog)

    @property
    def ask_above_usd(self) -> float:
        """Above this, a run asks. A recipe can only lower the user's own limit."""
        asked = self.recipe.limits.ask_above_usd
        return self.settings.ask_above_usd if asked is None else min(asked, self.settings.ask_above_usd)

    def buys(self, forecast: Forecast) -> Sequence[Stage]:
        """The stages that would ask the provider for something new."""
        return [stage for stage in self.recipe.asking if paid_in(forecast.tally, stage.id)]

    def check_provider(self, forecast: Forecast) -> None:
        """Raise Refused, Invalid or Unusable where something is to be made that nobody here can make or judge."""
        asked = self.buys(forecast)
        check_able(self.provider, asked, known=self._crew.makers, catalog=self.catalog)
        if asked and self.provider == "fal":
            if not has_key(self._environ):
                raise Refused([trouble("no_key")])
            check_certificates()
        if asked and (forecast.tally.looks or self.recipe.outputs.crops_faces):
            # What is drawn, and maybe paid for, would stop half way.
            check_sight(forecast.tally.finds)
        if forecast.tally.marks:
            check_marking()
        signed_marks(self.recipe, self.settings, self.loaded.files)

    def forecast(self) -> Forecast:
        """Drive the plan against the store alone. Raises Invalid where copies could not be named."""
        _ = self.copies
        forecast = self.foresee(self.plan)
        return replace(forecast, remarks=remarks_on(self.plan, self.recipe, forecast.records, whole=self.wish.whole))

    def foresee(self, plan: Plan) -> Forecast:
        """Drive any plan against the store alone."""
        return foresee(plan, self.recipe, self.catalog, self.workshop, self.workshop.opened(self.provider))

    def run(self, forecast: Forecast, watch: Watcher, *, lost: Lost = Lost.ASK) -> Outcome:
        """Do what the forecast left open; `lost` says what to do about requests that nobody knows the end of."""
        order = Order(
            plan=self.plan,
            known=[record for record in forecast.records if record.status is Status.DONE],
            missing=frozenset(key for record in forecast.records for key in record.missing),
            kind_of=kinds(self.catalog),
            price=self.price,
            whole=self.wish.whole,
            sole=self.wish.sole,
            head=head_of(self.recipe, self.provider, self.folder),
            resumes=self.provider if self.provider == "fal" and has_key(self._environ) else "",
            lost=lost,
            resend=self.recipe.limits.resend_unknown,
            saved=forecast.saved,
            checked=frozenset(self.checked),
            budget_name=self.budget_name,
            marks=signed_marks(self.recipe, self.settings, self.loaded.files),
            arguments={"only": list(self.wish.only), "sample": self.wish.sample, "provider": self.provider},
        )
        tell_news(forecast.tally, order.known, watch)
        outcome = in_order(forecast, self.workshop.do(order, self.folder, watch))
        remember(self.workshop.store, self.recipe.name, outcome.records)
        shelve(self.workshop.shelf, self.recipe, self.catalog, outcome)
        return replace(outcome, records=placed(outcome.records, self.recipe, self.loaded.nearest))

    def remember(self, outcome: Outcome, summary: Iterable[str]) -> None:
        """Leave the trace by which the next run sees that nothing changed; `summary` is JSON, in pieces."""
        environment = digests_of(self.loaded.env_read | ADDRESSES, self._environ)
        trace = trace_of(outcome, read=self.loaded.files.seen, environment=environment)
        self.workshop.store.note(self.wish.note(self.settings, local_revision()), trace.dump(summary))

    @cached_property
    def copies(self) -> Sequence[Copy]:
        """The copies that the recipe may hand out. Raises Invalid where their names are unsafe, or clash."""
        export = self.recipe.outputs.export
        return copies_of(self.bench({}), export, self.loaded.nearest(export.name.where)) if export else ()

    def bench(self, digests: Mapping[Path, Blob]) -> Workbench:
        """What plans are made with; `digests` are those of the user's files."""
        recipe = self.recipe
        return Workbench(
            recipe=recipe,
            site=site_of(self.recipe, self.catalog, self.provider, address_of(self.settings, self._environ)),
            catalog=self.catalog,
            engine=self.loaded.engine,
            contexts=Contexts.of(recipe, self.loaded.environment),
            digests=digests,
            place_of=self.loaded.place_of,
        )
