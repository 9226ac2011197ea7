"""A recipe opened with everything that planning and running it needs.

Programs use `nano_banana.load` (see `api`), which opens a session for each check, plan and run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.provider_registry import (
    BUILT_IN,
    ProviderSpec,
    ResendSafety,
    can_resume,
    check_provider,
    description_revision,
    is_emulated,
    provider_revision,
    selectable_provider,
)
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.call import Blob, Call
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeStatus, Plan
from nano_banana.model.problem import Invalid, Position, Problem, problem
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.planner.export_names import ExportedCopy, exported_copies
from nano_banana.planner.planning import make_plan
from nano_banana.planner.takes import Selection
from nano_banana.providers.fal.fal_config import HOST_VARIABLES
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.recipe_model import Recipe, Stage
from nano_banana.session.file_checks import input_files
from nano_banana.session.forecasting import (
    Forecast,
    call_kind,
    choice_warnings,
    emit_planned_events,
    forecast_plan,
    max_price,
    oldest_price_date,
    paid_calls_in,
    remember_verdicts,
)
from nano_banana.session.marked_outputs import signed_embed_settings
from nano_banana.session.opening import check_export_targets, open_recipe
from nano_banana.session.provider_factory import ProviderFactory
from nano_banana.session.run_execution import CanStop, Runner, RunOutcome, RunSpec, ignore_stop, trace_of_run
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.run_request import RunRequest, environment_digests
from nano_banana.session.shelved_adapters import check_adapter_providers, shelve_adapters
from nano_banana.settings.configuration import Settings
from nano_banana.stages.stage_calls import CallTarget
from nano_banana.stages.take_context import PlanContext, TemplateContexts


def with_places(
    records: Sequence[NodeRecord], recipe: Recipe, nearest: Callable[[KeyPath], Position]
) -> list[NodeRecord]:
    """The records; those of their problems that name a stage and a `field` of its endpoint, with their place."""
    return [
        replace(record, problems=[_with_place(problem, recipe, nearest) for problem in record.problems])
        if record.problems
        else record
        for record in records
    ]


def _with_place(problem: Problem, recipe: Recipe, nearest: Callable[[KeyPath], Position]) -> Problem:
    stage = next((stage for stage in recipe.asking if stage.id == problem.data.get("stage")), None)
    field = str(problem.data.get("field") or "").partition(".")[0]
    if stage is None or not field:
        return problem
    where = (*stage.where, "with", field) if field in stage.options else (*stage.where, "using")
    return replace(problem, position=nearest(where))


class Session:
    """A checked recipe, its catalog, its store and its providers. Close it at the end."""

    def __init__(
        self,
        request: RunRequest,
        settings: Settings,
        loaded: Loaded,
        catalog: Catalog,
        providers: ProviderFactory,
        environ: Mapping[str, str],
    ) -> None:
        """Put the parts together; callers use `Session.open`."""
        self.request = request
        self.settings = settings
        self.loaded = loaded
        self.recipe = loaded.recipe
        self.catalog = catalog
        self._providers = providers
        self._environ = environ
        self.checked: set[str] = set()
        """The keys of calls that were made before the run, since they are free and others hang on them."""

    @classmethod
    def open(
        cls,
        request: RunRequest,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        providers: ProviderFactory | None = None,
    ) -> Self:
        """Load and check the recipe. Raises Invalid with every problem at once."""
        loaded, catalog = open_recipe(request, settings, environ)
        recipe = loaded.recipe
        spec = selectable_provider(request.provider or recipe.provider or settings.provider)
        providers = providers or ProviderFactory(
            settings, catalog, environ, selected=spec, limits=recipe.limits, privacy=recipe.privacy
        )
        session = cls(request, settings, loaded, catalog, providers, environ)
        if secrets := sorted(loaded.env_read & set(spec.secrets)):
            raise Invalid([problem("env_secret", name=name) for name in secrets])
        check_adapter_providers(session.recipe, session.provider, loaded.nearest)
        check_export_targets(session.recipe, settings, loaded.nearest)
        return session

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the store and stop the worker processes."""
        if "runner" in self.__dict__:
            self.runner.close()
        self._providers.close()

    @cached_property
    def runner(self) -> Runner:
        """The store and the providers, opened when first needed."""
        return Runner(self.settings, self._providers.factories)

    @property
    def provider(self) -> str:
        """The provider of paid calls: the request's, else the recipe's, else the settings'."""
        return self.request.provider or self.recipe.provider or self.settings.provider

    @cached_property
    def provider_spec(self) -> ProviderSpec:
        """What that provider can do."""
        return selectable_provider(self.provider)

    @property
    def uses_emulator(self) -> bool:
        """Whether an emulator on this machine stands in for the provider."""
        return is_emulated(self.provider_spec, self.settings, self._environ)

    @property
    def folder(self) -> Path:
        """The folder of this recipe's pictures."""
        return self.settings.out / self.recipe.name

    @property
    def selection(self) -> Selection:
        """The takes that are requested."""
        return Selection(only=self.request.only, sample=self.request.sample)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the request. Raises Invalid if the selection matches nothing, Unusable for lost files."""
        return self.plan_of(self.selection)

    def plan_of(self, selection: Selection) -> Plan:
        """The plan of a selection. Raises as `plan` does."""
        bench = self.bench(self.runner.store.files.digests(input_files(self.recipe)))
        return replace(make_plan(bench, selection), budget_usd=self.budget_usd)

    @property
    def budget_usd(self) -> float | None:
        """The most that a run may spend: the request's budget, else the recipe's."""
        return self.recipe.limits.budget_usd if self.request.budget_usd is None else self.request.budget_usd

    @property
    def budget_name(self) -> str:
        """Where the budget can be changed."""
        in_recipe = self.request.budget_usd is None and self.request.text is None
        return "`limits.budget_usd` (or `--budget`)" if in_recipe else "`--budget`"

    @cached_property
    def price(self) -> Callable[[Call], float | None]:
        """The most that a call may cost, in USD; None if unknown."""
        return max_price(self.catalog)

    @property
    def ask_above_usd(self) -> float:
        """Runs that may cost more need confirmation. A recipe can only lower the user's limit."""
        asked = self.recipe.limits.ask_above_usd
        return self.settings.ask_above_usd if asked is None else min(asked, self.settings.ask_above_usd)

    def is_expensive(self, forecast: Forecast) -> bool:
        """Whether the run may cost more than `ask_above_usd`, or an unknown amount."""
        tally = forecast.tally
        is_unknown = bool(tally.total.unpriced + tally.total.possible_unpriced)
        return is_unknown or tally.total.high + tally.total.possible_high > self.ask_above_usd

    def stages_to_buy(self, forecast: Forecast) -> Sequence[Stage]:
        """The stages that would send new calls to the provider."""
        return [stage for stage in self.recipe.asking if paid_calls_in(forecast.tally, stage.id)]

    def check_provider(self, forecast: Forecast) -> None:
        """Raise Refused, Invalid or Unusable if the provider or this machine can't do the forecast's work."""
        asked = self.stages_to_buy(forecast)
        # It loads numpy.
        from nano_banana.providers.compute.compute_requirements import check_face_models, check_watermark_models

        check_endpoints_answered(self.provider_spec, asked, self.catalog)
        if asked:
            check_provider(self.provider_spec, self.settings, self._environ)
        if asked and (forecast.tally.needs_face_detection or self.recipe.outputs.crops_faces):
            # What is drawn, and maybe paid for, would stop half way.
            check_face_models(forecast.tally.parts_to_find)
        if forecast.tally.needs_watermarking:
            check_watermark_models()
        signed_embed_settings(self.recipe, self.settings, self.loaded.files)

    def forecast(self) -> Forecast:
        """What a run would do. Raises Invalid if exported copies can't be named."""
        _ = self.exports
        forecast = self.foresee(self.plan)
        return replace(
            forecast,
            warnings=[
                *choice_warnings(self.plan, self.recipe, forecast.records, whole=self.request.whole),
                *self._billing_warnings(forecast),
            ],
        )

    def _billing_warnings(self, forecast: Forecast) -> list[Problem]:
        spec = self.provider_spec
        if spec.resend is not ResendSafety.NONE or not spec.costs or not self.stages_to_buy(forecast):
            return []
        return [Problem(kind="provider_may_bill_twice", data={"name": spec.name}, warning=True)]

    def foresee(self, plan: Plan) -> Forecast:
        """What a run of any plan would do."""
        return forecast_plan(
            plan,
            self.catalog,
            self.runner,
            self.provider,
            prices_as_of=oldest_price_date(self.recipe, self.catalog),
        )

    def execute(
        self,
        forecast: Forecast,
        on_event: EventHandler,
        *,
        unknown_policy: UnknownRequestPolicy = UnknownRequestPolicy.ASK,
        can_stop: CanStop = ignore_stop,
    ) -> RunOutcome:
        """Do what the forecast left open; `unknown_policy` says what to do about requests whose results are lost.

        `can_stop` receives a function that stops the run from another thread.
        """
        spec = RunSpec(
            plan=self.plan,
            known=[record for record in forecast.records if record.status is NodeStatus.DONE],
            missing=frozenset(key for record in forecast.records for key in record.missing),
            kind_of=call_kind(self.catalog),
            price=self.price,
            whole=self.request.whole,
            owns_name=self.request.owns_name,
            manifest_head=manifest_head(self.recipe, self.provider, self.folder),
            resumes=self.provider if can_resume(self.provider_spec, self._environ) else "",
            unknown_policy=unknown_policy,
            resend=self.recipe.limits.resend_unknown,
            saved=forecast.saved,
            free_calls=frozenset(self.checked),
            budget_name=self.budget_name,
            marks=signed_embed_settings(self.recipe, self.settings, self.loaded.files),
            arguments={"only": list(self.request.only), "sample": self.request.sample, "provider": self.provider},
        )
        emit_planned_events(forecast.tally, spec.known, on_event)
        outcome = in_recipe_order(forecast, self.runner.execute(spec, self.folder, on_event, can_stop))
        remember_verdicts(self.runner.store, self.recipe.name, outcome.records)
        shelve_adapters(self.runner.store.shelf, self.recipe, self.catalog, outcome)
        return replace(outcome, records=with_places(outcome.records, self.recipe, self.loaded.nearest))

    def remember(self, outcome: RunOutcome, summary: Iterable[str]) -> None:
        """Write the trace by which the next run sees that nothing changed; `summary` is JSON in pieces."""
        if self.provider not in BUILT_IN:
            # Another version of its package may answer otherwise, which the trace doesn't show.
            return
        environment = environment_digests(self.loaded.env_read | set(HOST_VARIABLES), self._environ)
        trace = trace_of_run(outcome, read=self.loaded.files.seen, environment=environment)
        self.runner.store.notes.write(
            self.request.note(self.settings, provider_revision(BUILT_IN["local"])), trace.dump(summary)
        )

    @cached_property
    def exports(self) -> Sequence[ExportedCopy]:
        """The copies that the recipe may export. Raises Invalid if their names are unsafe or clash."""
        export = self.recipe.outputs.export
        return exported_copies(self.bench({}), export, self.loaded.nearest(export.name.where)) if export else ()

    def bench(self, digests: Mapping[Path, Blob]) -> PlanContext:
        """What plans are made from; `digests` are those of the user's files."""
        recipe = self.recipe
        return PlanContext(
            recipe=recipe,
            target=call_target(self.recipe, self.catalog, self.provider_spec, emulated=self.uses_emulator),
            catalog=self.catalog,
            engine=self.loaded.engine,
            contexts=TemplateContexts.of(recipe, self.loaded.environment),
            blobs=digests,
            place_of=self.loaded.place_of,
        )


def manifest_head(recipe: Recipe, provider: str, folder: Path) -> JSONObject:
    """What the manifest in `folder` says of the run as a whole; consent is kept with the pictures that it allows."""
    subjects: dict[str, JSONValue] = {
        name: {"noun": subject.noun, "trigger": subject.trigger, "consent": subject.consent}
        for name, subject in recipe.subjects.items()
    }
    file = os.path.relpath(recipe.path.absolute(), folder.absolute())
    return {"manifest": 1, "recipe": recipe.name, "file": file, "provider": provider, "subjects": subjects}


def check_endpoints_answered(spec: ProviderSpec, asked: Sequence[Stage], catalog: Catalog) -> None:
    """Raise Invalid if the provider can't answer the endpoints of these stages."""
    names = sorted({stage.endpoint for stage in asked})
    if spec.reads_descriptions and (lost := [name for name in names if catalog.get(name) is None]):
        raise Invalid([problem("local_undescribed", names=", ".join(lost))])
    if foreign := [name for name in names if not spec.answers(name)]:
        known = ", ".join(spec.endpoints)
        raise Invalid([problem("endpoints_unanswered", provider=spec.name, names=", ".join(foreign), known=known)])


def call_target(recipe: Recipe, catalog: Catalog, spec: ProviderSpec, *, emulated: bool) -> CallTarget:
    """Where the paid calls go. What an emulator draws has another revision, so it never passes for the service's."""
    revision = provider_revision(spec, emulated=emulated)
    if not spec.reads_descriptions:
        return CallTarget(provider=spec.name, revision=revision)
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    meanings = {endpoint.id: description_revision(spec, endpoint) for endpoint in endpoints if endpoint is not None}
    return CallTarget(provider=spec.name, revision=revision, meanings=meanings)


def in_recipe_order(forecast: Forecast, outcome: RunOutcome) -> RunOutcome:
    """The outcome with its records as the recipe has them, not as they happened to end.

    What the run never came to is stopped.
    """
    ended = {record.id: record for record in outcome.records}
    records = [ended.get(record.id) or _stopped(record) for record in forecast.records]
    return replace(outcome, records=records)


def _stopped(record: NodeRecord) -> NodeRecord:
    return replace(record, status=NodeStatus.STOPPED, pictures=(), problems=(), keys={}, calls="[]")
