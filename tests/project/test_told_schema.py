"""What `plan --json` and `run --json` print has the shape that their schema says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.recipe_reference import WHOLE_EXAMPLE
from nano_banana.session.run_report_schema import run_report_schema
from tests.recipe.test_schema import properties
from tests.workspace import Workspace

FILE = Path(__file__).parents[2] / "schemas" / "run.schema.json"


def check(told: JSONObject) -> JSONObject:
    faults = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(run_report_schema()).iter_errors(told)
    ]
    assert faults == []
    return told


@pytest.fixture
def studio(workspace: Workspace) -> Workspace:
    return workspace.photos("photos/ana").write("recipe.yaml", WHOLE_EXAMPLE)


def test_the_file_is_what_the_module_prints() -> None:
    printed = json.dumps(run_report_schema(), indent=1, ensure_ascii=False) + "\n"
    assert printed == FILE.read_text("utf-8"), "make docs"


def test_is_valid_and_says_what_everything_is() -> None:
    Draft202012Validator.check_schema(run_report_schema())
    assert {path for path, shape in properties(run_report_schema()) if not shape.get("description")} == set()


def test_a_plan(studio: Workspace) -> None:
    told = check(studio.json("plan", "--provider", "fal"))
    assert (told["status"], told["run"]) == ("planned", None)


def test_no_key_of_a_plan_is_left_undescribed(studio: Workspace) -> None:
    told = studio.json("plan", "--provider", "fal")
    report = run_report_schema()["else"]
    assert undescribed(told, report) == set()


def undescribed(value: object, shape: object, path: str = "") -> set[str]:
    """Keys of `value` for which `shape` has no property."""
    assert isinstance(shape, Mapping)
    if "anyOf" in shape:
        branches = {branch["type"]: branch for branch in shape["anyOf"]}
        return undescribed(value, branches["object"], path) if isinstance(value, Mapping) else set()
    if isinstance(value, Mapping):
        known, others = shape.get("properties", {}), shape.get("additionalProperties")
        assert isinstance(known, Mapping)
        missing = {f"{path}/{name}" for name in value if name not in known and not isinstance(others, Mapping)}
        inner = [undescribed(value[name], known[name], f"{path}/{name}") for name in value if name in known]
        return missing.union(*inner)
    if isinstance(value, list):
        return set().union(*(undescribed(item, shape["items"], path) for item in value))
    return set()


def test_a_run_and_one_that_has_nothing_to_do(studio: Workspace) -> None:
    first = check(studio.json("run", "--provider", "local", "--yes"))
    again = check(studio.json("run", "--provider", "local", "--yes"))
    assert (first["status"], again["status"]) == ("done", "done")
    assert undescribed(first, run_report_schema()["else"]) == set()


def test_an_error(studio: Workspace) -> None:
    studio.edit("recipe.yaml", "cast: ana", "cast: anna")
    told = check(studio.json("plan", "--provider", "fal", exit_code=2))
    assert told["status"] == "error"


def test_a_report_without_its_takes_is_refused() -> None:
    assert not Draft202012Validator(run_report_schema()).is_valid({"status": "done", "recipe": "first"})
