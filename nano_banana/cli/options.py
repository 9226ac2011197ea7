"""Options that commands share, so that each means one thing everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import click

from nano_banana.cli.screen import Screen

pass_screen = click.make_pass_decorator(Screen)

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


class Between(click.FloatRange):
    """A number of a range; `nan`, which is within and without all of them, is none."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As click does it. Fails for what is no number of the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, the rest on stderr.")
store = click.option("--store", type=FOLDER, help="The folder of the store.")
out = click.option("--out", type=FOLDER, help="The folder where pictures appear.")
provider = click.option("--provider", metavar="NAME", help="Who answers, whatever the recipe says: local or fal.")
only = click.option(
    "--only", multiple=True, metavar="SHOT|STAGE|TAKE", help="Only these; a glob, and as often as you like."
)
sample = click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N takes, spread over the matrix.")
variables = click.option(
    "--set", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable of the recipe."
)
locked = click.option("--locked", is_flag=True, help="Refuse whatever is not as the lock beside the recipe says.")
resubmit = click.option("--resubmit", is_flag=True, help="Buy again what was sent and can't be found any more.")
abandon = click.option("--abandon", is_flag=True, help="Give up what was sent and can't be found any more.")
yes = click.option("--yes", "-y", is_flag=True, help="Ask nothing; do it whatever it costs, up to the budget.")


def overrides(**given: object) -> Mapping[str, str | None]:
    """The command line's settings as text, for `load_settings`; None stays None."""
    return {name: None if value is None else str(value) for name, value in given.items()}
