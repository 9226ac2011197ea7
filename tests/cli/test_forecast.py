"""A plan's text about pictures, money and retries."""

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
        "up to 36 more calls for retries; about 5 on fal ($0.18) expected, based on the pass rate so far (71 of 96)"
    )
    assert second_chances_text(tally(DRAW, JUDGE, known=False), "fal").endswith(
        "about 5 on fal ($0.18) expected, if 7 of 10 pass (nothing judged yet)"
    )
    assert second_chances_text(tally(JUDGE), "fal") == "up to 12 more calls for retries"


def test_that_nothing_passed_before_is_said_as_it_is() -> None:
    refused = tally(DRAW, JUDGE)
    refused._pass_rates = {PassRates(first=0.2, judged=4, passed=0)}
    assert second_chances_text(refused, "fal").endswith("based on the pass rate so far (0 of 4)")


def test_who_makes_the_calls() -> None:
    assert forecast_summary(tally(DRAW, JUDGE), "fal", whole=True) == (
        "16 calls to make (12 on fal, 4 on this machine), 0 cached"
    )
    assert forecast_summary(tally(DRAW, JUDGE), "local", whole=True) == "16 calls to make, 0 cached"
    assert forecast_summary(tally(StageCount(cached=3)), "fal", whole=True) == "Nothing to do: 3 calls, all cached."
    waiting = tally(StageCount(cached=3, possible=2, possible_paid=2))
    assert forecast_summary(waiting, "fal", whole=True) == "0 calls to make, 3 cached"


def test_what_nobody_knows_the_price_of_is_said() -> None:
    unknown = StageCount(to_make=1, paid=1, unpriced=1, possible=2, possible_paid=2, possible_unpriced=2)
    partly = StageCount(to_make=1, paid=1, possible=2, possible_paid=2, possible_high=0.5, possible_unpriced=1)
    assert price_with_retries(tally(unknown)) == (
        "about $0.00 + 1 call of unknown price (up to $0.00 + 3 calls of unknown price with retries)"
    )
    assert price_with_retries(tally(partly)) == "about $0.00 (up to $0.50 + 1 call of unknown price with retries)"
    assert price_with_retries(tally(StageCount(to_make=1, paid=1, low=0.1, high=0.2))) == "$0.10–$0.20"
    assert price_with_retries(tally(DRAW, JUDGE)) == "about $0.42 (up to $1.68 with retries)"
    assert price_with_retries(tally(JUDGE)) == "free"
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
        "  stage   cached  to make  cost   retries (max)  retry cost (max)",
        "  stage0  0       12       $0.42  24             $1.26",
        "  stage1  0       1        $0.00  2              $0.50 + unknown",
        "  stage2  0       1        $0.00  2              unknown",
        "  stage3  1       0",
    ]
    assert lines(JUDGE)[2] == "  stage   cached  to make  cost   retries (max)"
    assert lines(StageCount(cached=1))[2] == "  stage   cached  to make  cost"
