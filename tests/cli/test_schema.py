"""`schema`: the files that ship, on stdout or in a file."""

from __future__ import annotations

import pytest

from tests.workspace import ROOT
from tests.workspace import Workspace


@pytest.mark.parametrize("what", ["recipe", "endpoint", "run"])
def test_prints_what_is_checked_in(workspace: Workspace, what: str) -> None:
    file = ROOT / "schemas" / f"{what}.schema.json"
    if file.exists():
        assert workspace.expect("schema", what).stdout == file.read_text("utf-8")
    else:
        workspace.expect("schema", what, exit_code=1).shows("is not part of this installation")


def test_writes_a_file(workspace: Workspace) -> None:
    if not (ROOT / "schemas" / "recipe.schema.json").exists():
        pytest.skip("no schema yet")
    workspace.expect("schema", "--out", "recipe.schema.json").shows("wrote recipe.schema.json")
    assert workspace.read("recipe.schema.json") == (ROOT / "schemas" / "recipe.schema.json").read_text("utf-8")
    workspace.expect("schema", "--out", "gone/x.json", exit_code=1).shows("can't write gone/x.json")
