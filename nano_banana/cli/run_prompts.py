"""A run at the terminal: its warnings, its progress, its questions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nano_banana.cli.options import OptionValues
from nano_banana.cli.progress import progress
from nano_banana.cli.run_reports import price_range_text, price_with_retries, say_unknown_requests
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import LimitReached, Problem, Unusable, problem
from nano_banana.session.permissions import accept_demands, not_trusted_problem, untrusted_demands
from nano_banana.session.recipe_run import RunCaller

if TYPE_CHECKING:
    from nano_banana.model.event import EventHandler
    from nano_banana.session.forecasting import Forecast
    from nano_banana.session.session import Session

PEOPLE_NOTICE = """\
These are AI-generated pictures of real people. Only make them with consent (record it under `consent`), label
them as AI-made where you publish them (each file is already marked), and follow the law.
`nano-banana forget SUBJECT` deletes a person's data. (Shown once per project.)
"""


class TerminalCaller(RunCaller):
    """A person at the terminal, with the options they gave."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._given = OptionValues.given()

    def progress(self) -> AbstractContextManager[EventHandler]:
        """A live table of the calls."""
        return progress(self._screen)

    def warn(self, problems: Sequence[Problem]) -> None:
        """Print the warnings."""
        self._screen.problems(problems)

    def explain_people_rules(self) -> None:
        """Print what pictures of real people require."""
        self._screen.note(PEOPLE_NOTICE)

    def confirm(self, session: Session, forecast: Forecast) -> None:
        """Ask before anything unusual is sent and before much is spent. Raises LimitReached if the answer is no."""
        if session.stages_to_buy(forecast):
            ask_for_trust(self._screen, session, trust=self._given.trust)
        if self._given.yes or not session.is_expensive(forecast):
            return
        price = price_with_retries(forecast.tally)
        if not self._screen.confirm(f"This may cost {price}. Continue?"):
            raise LimitReached([problem("too_dear", price=price, limit=session.ask_above_usd)])

    def confirm_resend(self, forecast: Forecast) -> bool:
        """Ask whether to send lost requests again."""
        if not self._screen.lively or self._screen.machine:
            return False
        say_unknown_requests(self._screen, forecast.unknown_requests)
        price = price_range_text(forecast.tally)
        return self._screen.confirm(f"They were not found at fal. Resend them? The rest may cost {price}.")


def ask_for_trust(screen: Screen, session: Session, *, trust: bool) -> None:
    """Show new demands and ask for trust. Raises LimitReached (`not_trusted`) for a no."""
    found = untrusted_demands(session)
    if not found:
        return
    screen.problems(found)
    if not trust and not screen.confirm("Trust this recipe, now and for later runs?"):
        raise LimitReached([not_trusted_problem(session)])
    try:
        accept_demands(session, found)
    except Unusable as error:
        # Without a home folder it can't be remembered; it holds for this run.
        screen.problems([replace(problem, warning=True) for problem in error.problems])
