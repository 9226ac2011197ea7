"""Recreates a picture from its embedded metadata (`again`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.provider_registry import (
    BUILT_IN,
    can_resume,
    check_provider,
    find_provider,
    selectable_provider,
)
from nano_banana.features.replay.replay_plan import (
    REPLAY_NAME,
    LocalReplies,
    Replay,
    call_faults,
    missing_input_problem,
    plan_of_replay,
    replay_of_account,
    unanswered_calls,
)
from nano_banana.model.call import COMPUTE, Call
from nano_banana.model.event import EventHandler
from nano_banana.model.known_folders import project_root
from nano_banana.model.nodes import Plan
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord
from nano_banana.session.explanation import MarkedPicture
from nano_banana.session.exported_files import write_copies
from nano_banana.session.forecasting import Forecast, call_kind, emit_planned_events, forecast_plan, max_price
from nano_banana.session.marked_outputs import EmbedSettings
from nano_banana.session.opening import project_catalog
from nano_banana.session.permissions import project_price_demands
from nano_banana.session.provider_factory import ProviderFactory
from nano_banana.session.run_execution import Runner, RunOutcome, RunSpec
from nano_banana.session.run_records import MEDIA_SUFFIXES
from nano_banana.settings.configuration import Settings

REPLAY_FOLDER = "again"
"""Where pictures that are made again appear, in the folder of the outputs."""


class ReplaySession:
    """A picture's account, and the store and the providers that can make it again here. Close it at the end.

    No file is ever found by a path in the account: files go by the digest of their bytes.
    """

    def __init__(
        self,
        account: GenerationRecord,
        settings: Settings,
        catalog: Catalog,
        providers: ProviderFactory,
        environ: Mapping[str, str],
        *,
        anew: bool = False,
        budget_usd: float | None = None,
    ) -> None:
        """Put the parts together; callers use `ReplaySession.open`."""
        self.account = account
        self.settings = settings
        self._catalog = catalog
        self._providers = providers
        self._environ = environ
        self._anew = anew
        self._budget_usd = budget_usd
        self.runner = Runner(settings, providers.factories)
        self._here = LocalReplies(account, self.runner, catalog, settings, environ)

    @classmethod
    def open(
        cls,
        account: GenerationRecord,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        provider: str | None = None,
        budget_usd: float | None = None,
    ) -> Self:
        """For this account; `provider` answers in the place of those who drew. Raises Invalid for an unknown one."""
        if provider is not None:
            selectable_provider(provider)
            asked = [call if call.provider == COMPUTE else replace(call, provider=provider) for call in account.calls]
            account = replace(account, calls=asked)
        catalog = project_catalog(project_root(Path.cwd()), settings)
        drawing = next((call.provider for call in account.calls if call.provider not in BUILT_IN), "")
        providers = ProviderFactory(settings, catalog, environ, selected=find_provider(drawing))
        return cls(account, settings, catalog, providers, environ, anew=provider is not None, budget_usd=budget_usd)

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store and stop the worker processes."""
        self.runner.close()
        self._providers.close()

    @property
    def provider(self) -> str:
        """Who draws, where anything is drawn: of several the last."""
        return next((call.provider for call in reversed(self.account.calls) if call.provider != COMPUTE), "local")

    @property
    def folder(self) -> Path:
        """Where the picture appears."""
        return self.settings.out / REPLAY_FOLDER

    @cached_property
    def replay(self) -> Replay:
        """What it takes. Raises Invalid for calls that can't be asked, and where nothing says how it was made."""
        replay = replay_of_account(self.account, self._here.blob, self._here.answered, anew=self._anew)
        problems = call_faults(unanswered_calls(replay, self._here.answered), self._catalog)
        if not replay.calls and self.account.picture not in replay.given:
            problems.append(problem("again_lacks_picture", digest=self.account.picture))
        if problems:
            raise Invalid(problems)
        return replay

    @property
    def missing(self) -> Sequence[Problem]:
        """The missing files: with any, the calls can be planned but not made."""
        return [missing_input_problem(each, self._catalog) for each in self.replay.missing]

    @cached_property
    def plan(self) -> Plan:
        """The plan of one node. Raises as `replay` does."""
        return plan_of_replay(self.replay, self._here.call, self._budget_usd)

    def forecast(self) -> Forecast:
        """Drive the plan against the store alone. Raises as `replay` does."""
        return forecast_plan(self.plan, self._catalog, self.runner, self.provider)

    def check(self, forecast: Forecast) -> None:
        """Raise Invalid for missing files, Refused or Unusable if the providers or this machine can't do the work."""
        # It loads numpy.
        from nano_banana.providers.compute.compute_requirements import check_face_models, check_watermark_models

        if self.missing:
            raise Invalid(self.missing)
        for name in {told.provider for told in self.paid_calls}:
            check_provider(selectable_provider(name), self.settings, self._environ)
        if forecast.tally.needs_face_detection:
            check_face_models(forecast.tally.parts_to_find)
        if forecast.tally.needs_watermarking:
            check_watermark_models()

    @property
    def paid_calls(self) -> Sequence[CallRecord]:
        """The calls that would be sent to a service."""
        return [
            told for told in self.open_calls if (spec := find_provider(told.provider)) is not None and spec.sends_data
        ]

    @property
    def own_prices(self) -> list[Problem]:
        """Warnings about prices that the project sets itself, for paid calls."""
        names = sorted({told.endpoint for told in self.paid_calls})
        return [replace(problem, warning=True) for problem in project_price_demands(self._catalog, names)]

    @property
    def open_calls(self) -> Sequence[CallRecord]:
        """The calls that would be made."""
        return unanswered_calls(self.replay, self._here.answered)

    def run(
        self, forecast: Forecast, on_event: EventHandler, *, lost: UnknownRequestPolicy = UnknownRequestPolicy.ASK
    ) -> RunOutcome:
        """Do what the forecast left open."""
        # The provider may be missing here if all its results are in the store.
        spec = find_provider(self.provider)
        order = RunSpec(
            plan=self.plan,
            known=(),
            missing=frozenset(key for record in forecast.records for key in record.missing),
            kind_of=call_kind(self._catalog),
            price=self.price,
            whole=False,
            manifest_head={"manifest": 1, "recipe": REPLAY_NAME, "provider": self.provider, "subjects": {}},
            resumes=self.provider if spec is not None and can_resume(spec, self._environ) else "",
            unknown_policy=lost,
            saved=forecast.saved,
            marks=EmbedSettings(origin=self.account),
            arguments={"picture": self.account.picture, "provider": self.provider},
        )
        emit_planned_events(forecast.tally, (), on_event)
        return self.runner.execute(order, self.folder, on_event)

    @cached_property
    def price(self) -> Callable[[Call], float | None]:
        """The most that a call may cost, in USD; None if unknown."""
        return max_price(self._catalog)


_SAME_SUFFIX = {".jpeg": ".jpg"}


def copy_target(portrait: MarkedPicture, wanted: Path) -> Path:
    """The file that is meant: a folder stands for the picture's own name in it.

    Raises Invalid (`again_other_suffix`) where the name says another format than the picture has.
    """
    if wanted.is_dir() or not wanted.suffix:
        return wanted / portrait.path.name
    suffix = MEDIA_SUFFIXES.get(portrait.media, "")
    said = wanted.suffix.casefold()
    if _SAME_SUFFIX.get(said, said) != suffix:
        raise Invalid([problem("again_other_suffix", path=str(wanted), suffix=suffix)])
    return wanted


def copy_replayed(runner: Runner, outcome: RunOutcome, target: Path) -> None:
    """Put the picture that was made there. Raises Unusable: `target_taken`, `target_full`, …."""
    pictures = [picture for record in outcome.records for picture in record.pictures]
    source = outcome.folder / pictures[-1].name
    whole = target.absolute()
    write_copies(runner.store, REPLAY_NAME, {whole.name: source}, folder=whole.parent, packed=None, whole=False)
