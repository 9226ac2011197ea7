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
from nano_banana.engine.run_control import EnginePolicy
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.call import Blob, Call
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeStatus, Plan
from nano_banana.model.problem import Invalid, Position, Problem, problem
from nano_banana.model.ticket import ResendPolicy, UnknownRequestPolicy
from nano_banana.planner.cost_forecast import ForecastTotals
from nano_banana.planner.export_names import ExportedCopy, exported_copies
from nano_banana.planner.planning import make_plan
from nano_banana.planner.takes import Selection
from nano_banana.providers.fal.fal_config import HOST_VARIABLES
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.recipe_model import Recipe, Stage
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
from nano_banana.session.opening import check_export_targets, input_files, open_recipe
from nano_banana.session.run_execution import CanStop, RunOutcome, RunSpec, execute_run, ignore_stop, trace_of_run
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.run_request import RunRequest, environment_digests
from nano_banana.session.shelved_adapters import check_adapter_providers, shelve_adapters
from nano_banana.session.store_runner import ProviderFactory, Runner
from nano_banana.settings.configuration import Settings
from nano_banana.stages.stage_calls import CallTarget
from nano_banana.stages.take_context import PlanContext, TemplateContexts


def with_places(
    records: Sequence[NodeRecord], recipe: Recipe, nearest: Callable[[KeyPath], Position]
) -> list[NodeRecord]:
    """The records, with the place of each problem that names a stage and a `field` of its endpoint."""

    def placed(problem: Problem) -> Problem:
        stage = next((stage for stage in recipe.asking if stage.id == problem.data.get("stage")), None)
        field = str(problem.data.get("field") or "").partition(".")[0]
        if stage is None or not field:
            return problem
        where = (*stage.where, "with", field) if field in stage.options else (*stage.where, "using")
        return replace(problem, position=nearest(where))

    return [
        replace(record, problems=list(map(placed, record.problems))) if record.problems else record
        for record in records
    ]


class OpenedProject:
    """Settings, a catalog, and a store with its providers, opened together. Close it at the end."""

    def __init__(
        self, settings: Settings, catalog: Catalog, providers: ProviderFactory, environ: Mapping[str, str]
    ) -> None:
        """Put the parts together; callers use the subclasses' `open`."""
        self.settings = settings
        self.catalog = catalog
        self._providers = providers
        self._environ = environ

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

    @cached_property
    def runner(self) -> Runner:
        """The store and the providers, opened on first use."""
        return Runner(self.settings, self._providers)

    @cached_property
    def price(self) -> Callable[[Call], float | None]:
        """The most that a call may cost, in USD; None if unknown."""
        return max_price(self.catalog)

    def check_models(self, tally: ForecastTotals, *, needs_faces: bool) -> None:
        """Raise Unusable if this machine lacks a model for work that needs one, such as finding faces."""
        # It loads numpy.
        from nano_banana.providers.compute.compute_requirements import check_face_models, check_watermark_models

        if needs_faces:
            check_face_models(tally.parts_to_find)
        if tally.needs_watermarking:
            check_watermark_models()

    def policy(
        self,
        plan: Plan,
        forecast: Forecast,
        known: Sequence[NodeRecord],
        *,
        provider: ProviderSpec | None,
        unknown_policy: UnknownRequestPolicy,
        budget_name: str = "`--budget`",
        resend: ResendPolicy = ResendPolicy.CHEAP,
    ) -> EnginePolicy:
        """The providers and limits of a run; `provider` makes the paid calls, None if it is not installed.

        `known` are the records of nodes whose calls are reported as cached before the run.
        """
        settings = self.settings
        limits = {"train": settings.parallel_train, "image": settings.parallel_image}
        takes = [record for record in known if record.card.kind == "take"]
        return EnginePolicy(
            providers=self.runner.providers,
            kind_of=call_kind(self.catalog),
            limits={**limits, "compute": settings.parallel_compute, **plan.limits},
            price=self.price,
            budget_usd=plan.budget_usd,
            budget_name=budget_name,
            missing=frozenset(key for record in forecast.records for key in record.missing),
            reported_cached={key for take in takes for key in take.keys.values()},
            unknown_requests=unknown_policy,
            resend=resend,
            resumes=provider.name if provider and can_resume(provider, self._environ) else "",
        )


class Session(OpenedProject):
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
        super().__init__(settings, catalog, providers, environ)
        self.request = request
        self.loaded = loaded
        self.recipe = loaded.recipe
        self.checked: set[str] = set()
        """The keys of calls that were made before the run, because they are free and others depend on them."""

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
        if secrets := sorted(loaded.env_read & set(spec.secrets)):
            raise Invalid([problem("env_secret", name=name) for name in secrets])
        check_adapter_providers(recipe, spec, loaded.nearest)
        check_export_targets(recipe, settings, loaded.nearest)
        return cls(request, settings, loaded, catalog, providers, environ)

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
        """The plan of the request. Raises Invalid if the selection matches nothing, Unusable for unreadable files."""
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
        check_endpoints_answered(self.provider_spec, asked, self.catalog)
        if asked:
            check_provider(self.provider_spec, self.settings, self._environ)
        # Without the models a run would stop half way, maybe after pictures were paid for.
        needs_faces = forecast.tally.needs_face_detection or self.recipe.outputs.crops_faces
        self.check_models(forecast.tally, needs_faces=bool(asked) and needs_faces)
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
        """Make what the forecast lacks; `unknown_policy` says what to do about requests whose results are lost.

        `can_stop` receives a function that stops the run from another thread.
        """
        known = [record for record in forecast.records if record.status is NodeStatus.DONE]
        spec = RunSpec(
            plan=self.plan,
            policy=self.policy(
                self.plan,
                forecast,
                known,
                provider=self.provider_spec,
                unknown_policy=unknown_policy,
                budget_name=self.budget_name,
                resend=self.recipe.limits.resend_unknown,
            ),
            known=known,
            whole=self.request.whole,
            owns_name=self.request.owns_name,
            manifest_head=manifest_head(self.recipe, self.provider, self.folder),
            arguments={"only": list(self.request.only), "sample": self.request.sample, "provider": self.provider},
            saved=forecast.saved,
            free_calls=frozenset(self.checked),
            embed=signed_embed_settings(self.recipe, self.settings, self.loaded.files),
        )
        emit_planned_events(forecast.tally, known, on_event)
        outcome = in_recipe_order(forecast, execute_run(self.runner, spec, self.folder, on_event, can_stop))
        remember_verdicts(self.runner.store, self.recipe.name, outcome.records)
        shelve_adapters(self.runner.store.shelf, self.recipe, self.catalog, outcome)
        return replace(outcome, records=with_places(outcome.records, self.recipe, self.loaded.nearest))

    def remember(self, outcome: RunOutcome, summary: Iterable[str]) -> None:
        """Write the trace that tells the next run whether anything changed; `summary` is JSON in pieces."""
        if self.provider not in BUILT_IN:
            # Another version of its package may answer differently, which the trace doesn't show.
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
    """The manifest's facts about the whole run, with the consents; `folder` is where the manifest is."""
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
    """The provider and revision of paid calls. An emulator's results have another revision than the service's."""
    revision = provider_revision(spec, emulated=emulated)
    if not spec.reads_descriptions:
        return CallTarget(provider=spec.name, revision=revision)
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    meanings = {endpoint.id: description_revision(spec, endpoint) for endpoint in endpoints if endpoint is not None}
    return CallTarget(provider=spec.name, revision=revision, meanings=meanings)


def in_recipe_order(forecast: Forecast, outcome: RunOutcome) -> RunOutcome:
    """The outcome with its records in the recipe's order. Nodes that the run never reached are stopped."""
    ended = {record.id: record for record in outcome.records}
    stopped: Mapping[str, object] = {"status": NodeStatus.STOPPED, "pictures": (), "problems": (), "keys": {}}
    records = [ended.get(record.id) or replace(record, **stopped, calls="[]") for record in forecast.records]
    return replace(outcome, records=records)
