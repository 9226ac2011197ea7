"""Values are frozen, keyword-only structs; the few that are not are named here."""

from __future__ import annotations

import ast

from tests.house.source import definitions, dotted, modules

WHOLE = {"frozen", "kw_only"}

OTHERWISE: dict[str, set[str]] = {
    "nano_banana.formats.struct_schema.Section": {"frozen"},  # sections of files say `kw_only` where fields need it
    "nano_banana.cli.diagnostics.Message": {"frozen"},  # a table of hundreds: say, then hint
    "nano_banana.cli.progress.StageCounts": set(),  # what the progress display counts up
    "nano_banana.planner.cost_forecast.ForecastTotals": set(),  # what a forecast counts up
    "nano_banana.engine.provider_dispatch.StoreCallContext": {"kw_only"},  # a call's last ticket, as it changes
    "nano_banana.planner.preview._FlowRun": set(),  # where a forecast has got to
    "nano_banana.model.nodes.FlowTrace": set(),  # what a flow has asked and told, while it is driven
    "nano_banana.emulator.request_queue.EmulatedRequest": {"kw_only"},  # how far a request is; its queue changes it
}
"""Structs that are not whole, with the marks that they do have."""

DATACLASSES = {
    "nano_banana.recipe.axis_values.AxisValue",  # a mapping, whose metaclass a struct can't have
}
"""A struct is made forty times faster than a dataclass, and there are hundreds of them."""


def marks(node: ast.ClassDef) -> set[str]:
    return {
        str(keyword.arg)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    }


def test_structs_are_frozen_and_keyword_only() -> None:
    partial = {
        f"{module.name}.{node.name}": found & WHOLE
        for module in modules()
        for node in definitions(module)
        if isinstance(node, ast.ClassDef) and any(dotted(base) == "Struct" for base in node.bases)
        if not (found := marks(node)) >= WHOLE
    }
    assert partial == OTHERWISE


def test_only_one_value_is_a_dataclass() -> None:
    found = {
        f"{module.name}.{node.name}"
        for module in modules()
        for node in definitions(module)
        for decorator in node.decorator_list
        if dotted(decorator).rpartition(".")[2] == "dataclass"
    }
    assert found == DATACLASSES
