"""Values are frozen, slotted and keyword-only; the few that are not are named here."""

from __future__ import annotations

import ast

from tests.house.source import definitions, dotted, modules

WHOLE = {"frozen", "slots", "kw_only"}

OTHERWISE = {
    "nano_banana.cli.diagnostics.Message": {"frozen", "slots"},  # a table of hundreds: say, then hint
    "nano_banana.cli.progress.StageCounts": {"slots"},  # what the progress display counts up
    "nano_banana.planner.cost_forecast.ForecastTotals": {"slots"},  # what a forecast counts up
    "nano_banana.session.forecasting.CacheSavings": {"slots"},  # the same, of what the store spares
    "nano_banana.engine.provider_dispatch.StoreCallContext": {
        "slots",
        "kw_only",
    },  # a call's last ticket, as it changes
    "nano_banana.planner.preview._FlowRun": {"slots"},  # where a forecast has got to
    "nano_banana.model.nodes.FlowTrace": {"slots"},  # what a flow has asked and told, while it is driven
    "nano_banana.emulator.request_queue.EmulatedRequest": {
        "slots",
        "kw_only",
    },  # how far a request is; its queue changes it
}
"""Dataclasses that are not whole, with the marks that they do have."""


def marks(decorator: ast.expr) -> set[str]:
    if not isinstance(decorator, ast.Call):
        return set()
    return {
        str(keyword.arg)
        for keyword in decorator.keywords
        if isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    }


def test_dataclasses_are_frozen_slotted_and_keyword_only() -> None:
    partial = {
        f"{module.name}.{node.name}": found & WHOLE
        for module in modules()
        for node in definitions(module)
        for decorator in node.decorator_list
        if dotted(decorator).rpartition(".")[2] == "dataclass"
        if not (found := marks(decorator)) >= WHOLE
    }
    assert partial == OTHERWISE
