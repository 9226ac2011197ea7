"""`schema`: the files that ship, on stdout or in a file."""

from __future__ import annotations

import pytest

from tests.workspace import ROOT, Workspace


@pytest.mark.parametrize("what", ["recipe", "endpoint", "run"])
def test_prints_what_is_checked_in(workspace: Workspace, what: str) -> None:
    assert workspace.expect("schema", what).stdout == (ROOT / "schemas" / f"{what}.schema.json").read_text("utf-8")


def test_writes_a_file(workspace: Workspace) -> None:
    workspace.expect("schema", "--out", "recipe.schema.json").shows("wrote recipe.schema.json")
    assert workspace.read("recipe.schema.json") == (ROOT / "schemas" / "recipe.schema.json").read_text("utf-8")
    workspace.expect("schema", "--out", "gone/x.json", exit_code=1).shows("can't write gone/x.json")
