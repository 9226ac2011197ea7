"""A picture made again from what it tells of itself: planned, and done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.call import Call
from nano_banana.core.errors import Invalid, Refused, trouble
from nano_banana.core.here import is_here
from nano_banana.core.lost import Lost
from nano_banana.core.news import Watcher
from nano_banana.core.node import Plan
from nano_banana.core.problem import Problem
from nano_banana.core.root import project_root
from nano_banana.marks.account import Account, Told
from nano_banana.marks.origin import COMPUTE
from nano_banana.project.access import address_of, has_key
from nano_banana.project.demands import described_here
from nano_banana.project.forecast import Forecast, tell_news
from nano_banana.project.foresee import foresee
from nano_banana.project.house import catalog_of, house_access
from nano_banana.project.parts import check_name, kinds, most
from nano_banana.project.portrait.here import Here
from nano_banana.project.portrait.replay import NAME, Replay, plan_of, replay_of, still_open
from nano_banana.project.portrait.scrutiny import faults, lack
from nano_banana.recipe.model import Limits, Privacy
from nano_banana.recipe.recipe import Recipe
from nano_banana.settings import Settings
from nano_banana.workshop.crew import Crew, check_marking, check_sight
from nano_banana.workshop.marking import Marks
from nano_banana.workshop.order import Order, Outcome
from nano_banana.workshop.workshop import Workshop

FOLDER = "again"
"""Where pictures that are made again appear, in the folder of the outputs."""


class Again:
    """A picture's account, and the store and the providers that can make it again here. Close it at the end.

    No file is ever found by a path in the account: files go by the digest of their bytes.
    """

    def __init__(
        self,
        account: Account,
        settings: Settings,
        catalog: Catalog,
        crew: Crew,
        environ: Mapping[str, str],
        *,
        anew: bool = False,
        budget_usd: float | None = None,
    ) -> None:
        """Put the parts together; callers use `Again.open`."""
        self.account = account
        self.settings = settings
        self._catalog = catalog
        self._crew = crew
        self._environ = environ
        self._anew = anew
        self._budget_usd = budget_usd
        self.workshop = Workshop(settings, crew.makers)
        address = address_of(settings, environ)
        self._here = Here(account, self.workshop, catalog, stands_in=is_here(address))

    @classmethod
    def open(
        cls,
        account: Account,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        provider: str | None = None,
        budget_usd: float | None = None,
    ) -> Self:
        """For this account; `provider` answers in the place of those who drew. Raises Invalid for an unknown one."""
        if provider is not None:
            check_name(provider)
            asked = [call if call.provider == COMPUTE else replace(call, provider=provider) for call in account.calls]
            account = replace(account, calls=asked)
        catalog = catalog_of(project_root(Path.cwd()), settings)
        crew = Crew(settings.parallel_compute, catalog, house_access(settings, environ))
        return cls(account, settings, catalog, crew, environ, anew=provider is not None, budget_usd=budget_usd)

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the store and the worker processes back."""
        self.workshop.close()
        self._crew.close()

    @property
    def provider(self) -> str:
        """Who draws, where anything is drawn: of several the last."""
        return next((call.provider for call in reversed(self.account.calls) if call.provider != COMPUTE), "local")

    @property
    def folder(self) -> Path:
        """Where the picture appears."""
        return self.settings.out / FOLDER

    @cached_property
    def replay(self) -> Replay:
        """What it takes. Raises Invalid for calls that can't be asked, and where nothing says how it was made."""
        replay = replay_of(self.account, self._here.blob, self._here.answered, anew=self._anew)
        problems = faults(still_open(replay, self._here.answered), self._catalog)
        if not replay.calls and self.account.picture not in replay.given:
            problems.append(trouble("again_lacks_picture", digest=self.account.picture))
        if problems:
            raise Invalid(problems)
        return replay

    @property
    def lacks(self) -> Sequence[Problem]:
        """What nobody here has, so that the calls can be planned and not made."""
        return [lack(each, self._catalog) for each in self.replay.lacks]

    @cached_property
    def plan(self) -> Plan:
        """The plan of one node. Raises as `replay` does."""
        return plan_of(self.replay, self._here.call, self._budget_usd)

    def forecast(self) -> Forecast:
        """Drive the plan against the store alone. Raises as `replay` does."""
        return foresee(self.plan, _RECIPE, self._catalog, self.workshop, self.workshop.opened(self.provider))

    def check(self, forecast: Forecast) -> None:
        """Raise Invalid for what is lacking here, Refused or Unusable where nobody here can make what is to be made."""
        if self.lacks:
            raise Invalid(self.lacks)
        if self.bought and not has_key(self._environ):
            raise Refused([trouble("no_key")])
        if forecast.tally.looks:
            check_sight(forecast.tally.finds)
        if forecast.tally.marks:
            check_marking()

    @property
    def bought(self) -> Sequence[Told]:
        """The calls that a service would be paid for."""
        return [told for told in self.open_calls if told.provider == "fal"]

    @property
    def own_prices(self) -> list[Problem]:
        """Warnings of prices by the project's own word, for what would be bought."""
        names = sorted({told.endpoint for told in self.bought})
        return [replace(problem, warning=True) for problem in described_here(self._catalog, names)]

    @property
    def open_calls(self) -> Sequence[Told]:
        """The calls that would be made."""
        return still_open(self.replay, self._here.answered)

    def run(self, forecast: Forecast, watch: Watcher, *, lost: Lost = Lost.ASK) -> Outcome:
        """Do what the forecast left open."""
        order = Order(
            plan=self.plan,
            known=(),
            missing=frozenset(key for record in forecast.records for key in record.missing),
            kind_of=kinds(self._catalog),
            price=self.price,
            whole=False,
            head={"manifest": 1, "recipe": NAME, "provider": self.provider, "subjects": {}},
            resumes=self.provider if self.provider == "fal" and has_key(self._environ) else "",
            lost=lost,
            saved=forecast.saved,
            marks=Marks(origin=self.account),
            arguments={"picture": self.account.picture, "provider": self.provider},
        )
        tell_news(forecast.tally, (), watch)
        return self.workshop.do(order, self.folder, watch)

    @cached_property
    def price(self) -> Callable[[Call], float | None]:
        """The most that a call may cost, in USD; None where nobody knows."""
        return most(self._catalog)


_RECIPE = Recipe(
    name=NAME,
    path=Path(NAME),
    provider=None,
    variables={},
    limits=Limits(),
    privacy=Privacy(),
    subjects={},
    adapters={},
    shots={},
    stages=(),
)
"""Stands for a recipe where a forecast asks for one: it asks for nothing of its own."""
