"""Recreates a picture from its embedded metadata (`again`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from nano_banana.catalog.provider_registry import (
    BUILT_IN,
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
from nano_banana.model.call import COMPUTE
from nano_banana.model.event import EventHandler
from nano_banana.model.known_folders import project_root
from nano_banana.model.nodes import Plan
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord
from nano_banana.session.explanation import MarkedPicture
from nano_banana.session.exported_files import write_copies
from nano_banana.session.forecasting import Forecast, emit_planned_events, forecast_plan
from nano_banana.session.marked_outputs import EmbedSettings
from nano_banana.session.opening import project_catalog
from nano_banana.session.permissions import project_price_demands
from nano_banana.session.run_execution import RunOutcome, RunSpec, execute_run
from nano_banana.session.run_records import MEDIA_SUFFIXES
from nano_banana.session.session import OpenedProject
from nano_banana.session.store_runner import ProviderFactory, Runner
from nano_banana.settings.configuration import Settings

REPLAY_FOLDER = "again"
"""The folder of recreated pictures, in the output folder."""


class ReplaySession(OpenedProject):
    """A picture's record, and the store and the providers that can recreate it here. Close it at the end.

    No file is ever found by a path in the record: files are found by the digest of their bytes.
    """

    account: GenerationRecord
    _here: LocalReplies
    _anew: bool = False
    _budget_usd: float | None = None

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
        """Open it for this record; `provider` replaces the recorded ones. Raises Invalid for an unknown one."""
        if provider is not None:
            selectable_provider(provider)
            asked = [call if call.provider == COMPUTE else replace(call, provider=provider) for call in account.calls]
            account = replace(account, calls=asked)
        catalog = project_catalog(project_root(Path.cwd()), settings)
        drawing = next((call.provider for call in account.calls if call.provider not in BUILT_IN), "")
        providers = ProviderFactory(settings, catalog, environ, selected=find_provider(drawing))
        session = cls(settings, catalog, providers, environ)
        session.account = account
        session._here = LocalReplies(account, session.runner.store, catalog, settings, environ)
        session._anew, session._budget_usd = provider is not None, budget_usd
        return session

    @property
    def provider(self) -> str:
        """The provider of the last call that isn't this machine's."""
        return next((call.provider for call in reversed(self.account.calls) if call.provider != COMPUTE), "local")

    @property
    def folder(self) -> Path:
        """The folder of the picture."""
        return self.settings.out / REPLAY_FOLDER

    @cached_property
    def replay(self) -> Replay:
        """What it takes. Raises Invalid for calls that can't be made, and if the picture has no calls."""
        replay = replay_of_account(self.account, self._here.blob, self._here.answered, anew=self._anew)
        open_calls = unanswered_calls(replay, self._here.answered)
        problems = [fault for call in open_calls for fault in call_faults(call, self.catalog)]
        if not replay.calls and self.account.picture not in replay.given:
            problems.append(problem("again_lacks_picture", digest=self.account.picture))
        if problems:
            raise Invalid(problems)
        return replay

    @property
    def missing(self) -> Sequence[Problem]:
        """The missing files: with any, the calls can be planned but not made."""
        return [missing_input_problem(each, self.catalog) for each in self.replay.missing]

    @cached_property
    def plan(self) -> Plan:
        """The plan of one node. Raises as `replay` does."""
        return plan_of_replay(self.replay, self._here.call, self._budget_usd)

    def forecast(self) -> Forecast:
        """What a run would do. Raises as `replay` does."""
        return forecast_plan(self.plan, self.catalog, self.runner, self.provider)

    def check(self, forecast: Forecast) -> None:
        """Raise Invalid for missing files, Refused or Unusable if the providers or this machine can't do the work."""
        if self.missing:
            raise Invalid(self.missing)
        for name in {told.provider for told in self.paid_calls}:
            check_provider(selectable_provider(name), self.settings, self._environ)
        self.check_models(forecast.tally, needs_faces=forecast.tally.needs_face_detection)

    @property
    def paid_calls(self) -> Sequence[CallRecord]:
        """The calls that would be sent to a provider."""
        return [
            told for told in self.open_calls if (spec := find_provider(told.provider)) is not None and spec.sends_data
        ]

    @property
    def own_prices(self) -> list[Problem]:
        """Warnings about prices that the project sets itself, for paid calls."""
        names = sorted({told.endpoint for told in self.paid_calls})
        return [replace(problem, warning=True) for problem in project_price_demands(self.catalog, names)]

    @property
    def open_calls(self) -> Sequence[CallRecord]:
        """The calls that would be made."""
        return unanswered_calls(self.replay, self._here.answered)

    def run(
        self, forecast: Forecast, on_event: EventHandler, *, lost: UnknownRequestPolicy = UnknownRequestPolicy.ASK
    ) -> RunOutcome:
        """Make what the forecast lacks."""
        # The provider may not be installed here if all its results are in the store.
        spec = RunSpec(
            plan=self.plan,
            policy=self.policy(self.plan, forecast, (), provider=find_provider(self.provider), unknown_policy=lost),
            known=(),
            whole=False,
            owns_name=False,
            manifest_head={"manifest": 1, "recipe": REPLAY_NAME, "provider": self.provider, "subjects": {}},
            arguments={"picture": self.account.picture, "provider": self.provider},
            saved=forecast.saved,
            embed=EmbedSettings(origin=self.account),
        )
        emit_planned_events(forecast.tally, (), on_event)
        return execute_run(self.runner, spec, self.folder, on_event)


_SAME_SUFFIX = {".jpeg": ".jpg"}


def copy_target(portrait: MarkedPicture, wanted: Path) -> Path:
    """The file to write; in a folder it has the picture's own name.

    Raises Invalid (`again_other_suffix`) if the suffix is not the picture's format.
    """
    if wanted.is_dir() or not wanted.suffix:
        return wanted / portrait.path.name
    suffix = MEDIA_SUFFIXES.get(portrait.media, "")
    said = wanted.suffix.casefold()
    if _SAME_SUFFIX.get(said, said) != suffix:
        raise Invalid([problem("again_other_suffix", path=str(wanted), suffix=suffix)])
    return wanted


def copy_replayed(runner: Runner, outcome: RunOutcome, target: Path) -> None:
    """Copy the recreated picture there. Raises Unusable: `copy_taken`, `target_full`, …."""
    pictures = [picture for record in outcome.records for picture in record.pictures]
    source = outcome.folder / pictures[-1].name
    whole = target.absolute()
    write_copies(runner.store, REPLAY_NAME, {whole.name: source}, folder=whole.parent, packed=None, whole=False)
