"""A run at the terminal: its warnings, its progress, its questions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

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
These are AI-made pictures of real people. Make them only of people who agreed (`consent` in the recipe says who
allowed what), say that they are AI-made where you show them (each file says so, too), and know the law where you
are. `nano-banana forget SUBJECT` deletes a person again. This is said once for each project.
"""


class TerminalCaller(RunCaller):
    """A person at the terminal, with the options they gave."""

    def __init__(self, screen: Screen, asked: OptionValues) -> None:
        self._screen = screen
        self._asked = asked

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
            ask_for_trust(self._screen, session, trust=self._asked.trust)
        if self._asked.yes or not session.is_expensive(forecast):
            return
        price = price_with_retries(forecast.tally)
        if not self._screen.confirm(f"this may cost {price}; go on?"):
            raise LimitReached([problem("too_dear", price=price, limit=session.ask_above_usd)])

    def confirm_resend(self, forecast: Forecast) -> bool:
        """Ask whether to send lost requests again."""
        if not self._screen.lively or self._screen.machine:
            return False
        say_unknown_requests(self._screen, forecast.unknown_requests)
        price = price_range_text(forecast.tally)
        return self._screen.confirm(f"they could not be found; buy them again? what is left to do may cost {price}")


def ask_for_trust(screen: Screen, session: Session, *, trust: bool) -> None:
    """Show what the user has not accepted yet, and ask. Raises LimitReached (`not_trusted`) unless it is accepted."""
    found = untrusted_demands(session)
    if not found:
        return
    screen.problems(found)
    if not trust and not screen.confirm("do you trust this recipe with that, now and in later runs?"):
        raise LimitReached([not_trusted_problem(session)])
    try:
        accept_demands(session, found)
    except Unusable as error:
        # Without a home folder it can't be remembered; it holds for this run.
        screen.problems([replace(problem, warning=True) for problem in error.problems])
