"""The examples of docs/api.md, run in order as one program."""

from __future__ import annotations

import re

import pytest

from tests.workspace import ROOT, Workspace

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_examples_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = RECIPE.search(PAGE)
    assert recipe is not None
    workspace.write("recipe.yaml", recipe[1]).photos("photos/ana", count=4)
    monkeypatch.chdir(workspace.root)
    program: dict[str, object] = {}
    for block in CODE.findall(PAGE):
        exec(block, program)  # noqa: S102 - the page's own examples
    printed = capsys.readouterr().out
    assert "2 takes" in printed
    assert "headshots/ana/s11 done" in printed
    assert "nobody" in printed
    assert printed.endswith("done\ndone\n")
