"""What a plan says of second chances, in words."""

from __future__ import annotations

import io

from nano_banana.cli.run_reports import forecast_summary, price_with_retries, say_forecast, second_chances_text
from nano_banana.cli.screen import Screen
from nano_banana.planner.cost_forecast import ExpectedSpending, ForecastTotals, PassRates, StageCount
from nano_banana.session.forecasting import Forecast


def tally(*counts: StageCount, known: bool = True, likely: ExpectedSpending | None = None) -> ForecastTotals:
    """A forecast's totals, made by hand."""
    found = ForecastTotals(lambda _call: None)
    found.stages = {f"stage{at}": count for at, count in enumerate(counts)}
    found.expected = likely or ExpectedSpending(calls=5.2, usd=0.18)
    found._pass_rates = {PassRates(first=0.74, judged=96, passed=71) if known else PassRates()}
    return found


DRAW = StageCount(to_make=12, paid=12, low=0.42, high=0.42, possible=24, possible_paid=24, possible_high=1.26)
JUDGE = StageCount(to_make=4, possible=12)


def test_by_what_passed_before_or_by_what_is_assumed() -> None:
    assert second_chances_text(tally(DRAW, JUDGE), "fal") == (
        "up to 36 more calls for up to $1.26 if a gate refuses;"
        " about 5 on fal for $0.18 by what passed before (71 of 96)"
    )
    assert second_chances_text(tally(DRAW, JUDGE, known=False), "fal").endswith(
        "about 5 on fal for $0.18 assuming that 7 of 10 pass, since nothing was judged yet"
    )
    assert second_chances_text(tally(JUDGE), "fal") == "up to 12 more calls if a gate refuses"


def test_that_nothing_passed_before_is_said_as_it_is() -> None:
    refused = tally(DRAW, JUDGE)
    refused._pass_rates = {PassRates(first=0.2, judged=4, passed=0)}
    assert second_chances_text(refused, "fal").endswith("by what passed before (0 of 4)")


def test_who_makes_the_calls() -> None:
    assert forecast_summary(tally(DRAW, JUDGE), "fal", whole=True) == (
        "16 calls to make (12 on fal, 4 on this machine), 0 in the store; $0.42"
    )
    assert forecast_summary(tally(DRAW, JUDGE), "local", whole=True) == "16 calls to make, 0 in the store; $0.42"
    assert (
        forecast_summary(tally(StageCount(cached=3)), "fal", whole=True) == "nothing to do: 3 calls, all in the store"
    )
    waiting = tally(StageCount(cached=3, possible=2, possible_paid=2))
    assert forecast_summary(waiting, "fal", whole=True) == "0 calls to make, 3 in the store; $0.00"


def test_what_nobody_knows_the_price_of_is_said() -> None:
    unknown = StageCount(to_make=1, paid=1, unpriced=1, possible=2, possible_paid=2, possible_unpriced=2)
    partly = StageCount(to_make=1, paid=1, possible=2, possible_paid=2, possible_high=0.5, possible_unpriced=1)
    assert price_with_retries(tally(unknown)) == (
        "$0.00 and 1 call at an unknown price, and 2 calls at an unknown price more if gates refuse"
    )
    assert price_with_retries(tally(partly)).endswith("up to $0.50 and 1 call at an unknown price more if gates refuse")
    assert price_with_retries(tally(StageCount(to_make=1, paid=1, low=0.1, high=0.2))) == "$0.10–$0.20"
    assert "at_least" not in second_chances_text(tally(unknown, likely=ExpectedSpending(calls=1.0)), "fal")


def test_the_table_is_as_wide_as_it_must_be() -> None:
    def lines(*counts: StageCount) -> list[str]:
        out = io.StringIO()
        forecast = Forecast(recipe="duo", records=[], tally=tally(*counts))
        say_forecast(Screen(out, io.StringIO(), environ={"NO_COLOR": "1"}), forecast, provider="fal")
        return [line.rstrip() for line in out.getvalue().splitlines()]

    partly = StageCount(to_make=1, paid=1, possible=2, possible_high=0.5, possible_unpriced=1)
    unknown = StageCount(to_make=1, paid=1, possible=2, possible_unpriced=2)
    assert lines(DRAW, partly, unknown, StageCount(cached=1))[2:7] == [
        "  stage   cached  to make  cost   may be made  for up to",
        "  stage0  0       12       $0.42  24           $1.26",
        "  stage1  0       1        $0.00  2            $0.50 + unknown",
        "  stage2  0       1        $0.00  2            unknown",
        "  stage3  1       0",
    ]
    assert lines(JUDGE)[2] == "  stage   cached  to make  cost   may be made"
    assert lines(StageCount(cached=1))[2] == "  stage   cached  to make  cost"
