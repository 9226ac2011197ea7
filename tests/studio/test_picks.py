"""Picks in the browser end up in picks.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONObject
from tests.stories.project import Project
from tests.studio.conftest import Serve

CHOOSE = "  - {id: picks, choose: judged, keep: {best: 1, per: [scene]}}\n"
NOTHING: JSONObject = {"decision": None, "stars": 0, "note": ""}


@pytest.fixture
def choosing(project: Project) -> Project:
    """The project, with a choose stage; it isn't made yet."""
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8") + CHOOSE, encoding="utf-8")
    return project


def change(take: str, decision: str | None, *, base: JSONObject = NOTHING, stars: int = 0) -> JSONObject:
    """A change as a page sends it."""
    return {"take": take, "stage": "picks", "decision": decision, "stars": stars, "note": "", "base": base, "at": "now"}


def picks_file(project: Project) -> Path:
    """Where decisions are written."""
    return project.root / "picks.yaml"


def test_decisions_are_written_and_read_back(choosing: Project, serve: Serve) -> None:
    keep = change("heads/ana/office/s11", "keep", stars=4)
    drop = change("heads/ana/street/s29", "drop")
    with serve(choosing) as visit:
        before = visit.page.get("/api/picks").json()
        first = visit.page.post("/api/picks", json={"changes": [keep, drop]})
        again = visit.page.post("/api/picks", json={"changes": [keep, drop]})
        after = visit.page.get("/api/picks").json()
    assert (before["picks"], first.status_code) == ({}, 200)
    assert first.json() == again.json()
    assert after["picks"] == first.json()["picks"]
    assert after["revision"] == first.json()["revision"] != before["revision"]
    kept = after["picks"]["heads/ana/office/s11"]
    assert kept == {"stage": "picks", "decision": "keep", "stars": 4, "note": ""}
    assert "heads/ana/street/s29" in picks_file(choosing).read_text(encoding="utf-8")


def test_a_change_made_elsewhere_meanwhile_is_a_clash(choosing: Project, serve: Serve) -> None:
    take = "heads/ana/office/s11"
    with serve(choosing) as visit:
        visit.page.get("/api/takes")
        choosing.workspace.write("picks.yaml", f"# mine\npicks:\n  picks:\n    drop: [{take}]\n")
        answer = visit.page.post("/api/picks", json={"changes": [change(take, "keep")]}).json()
        known = change(take, "keep", base={**NOTHING, "decision": "drop"})
        settled = visit.page.post("/api/picks", json={"changes": [known]}).json()
    (clash,) = answer["clashes"]
    assert (clash["take"], clash["mine"]["decision"], clash["theirs"]["decision"]) == (take, "keep", "drop")
    assert settled["picks"][take]["decision"] == "keep"
    assert picks_file(choosing).read_text(encoding="utf-8").startswith("# mine\n")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"changes": 1},
        {"changes": [{"take": ""}]},
        {"changes": [{"take": "x", "stars": 9}]},
        {"changes": [{"take": "x", "decision": "burn"}]},
        {"changes": [{"take": "x" * 2_000}]},
    ],
)
def test_a_wrong_request_writes_nothing(choosing: Project, serve: Serve, body: JSONObject) -> None:
    with serve(choosing) as visit:
        answer = visit.page.post("/api/picks", json=body)
        text = visit.page.post("/api/picks", content=b"\xff{", headers={"content-type": "application/json"})
        form = visit.page.post("/api/picks", data={"changes": "[]"})
    assert [answer.status_code, text.status_code, form.status_code] == [400, 400, 415]
    assert not picks_file(choosing).exists()


def test_a_decision_is_written_where_its_take_is_decided_about(choosing: Project, serve: Serve) -> None:
    elsewhere = {**change("heads/ana/office/s11", "keep"), "stage": "takes"}
    unknown = {**change("heads/nobody/s1", "keep"), "stage": "likeness"}
    with serve(choosing) as visit:
        refused = visit.page.post("/api/picks", json={"changes": [unknown]})
        assert not picks_file(choosing).exists()
        answer = visit.page.post("/api/picks", json={"changes": [elsewhere]})
    assert refused.status_code == 422
    assert "`likeness`" in refused.json()["error"]
    assert answer.json()["picks"]["heads/ana/office/s11"]["stage"] == "picks"


def test_a_broken_picks_file_is_told_of(choosing: Project, serve: Serve) -> None:
    with serve(choosing) as visit:
        visit.page.get("/api/takes")
        choosing.workspace.write("picks.yaml", "picks: [\n")
        told = visit.page.get("/api/picks").json()
        answer = visit.page.post("/api/picks", json={"changes": [change("heads/ana/office/s11", "keep")]})
    assert told["problems"]
    assert answer.status_code == 422
    assert picks_file(choosing).read_text(encoding="utf-8") == "picks: [\n"
