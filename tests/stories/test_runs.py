"""Stories of looking back: which runs there were, what each made, and what changed in between."""

from __future__ import annotations

import time

from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.store.local_store import Store
from nano_banana.store.run_log import SNAPSHOTS_KEPT
from tests.stories.gated import gated
from tests.stories.project import Project
from tests.workspace import Workspace


def objects(told: JSONObject, name: str) -> list[JSONObject]:
    return [as_object(item) for item in as_items(told[name])]


def listed(project: Project, *argv: str) -> list[JSONObject]:
    return objects(project.workspace.json("runs", "list", *argv), "runs")


def ids(told: JSONObject, name: str) -> list[object]:
    return [node["id"] for node in objects(told, name)]


def kinds(told: JSONObject) -> dict[object, list[object]]:
    return {each["id"]: [cause["kind"] for cause in objects(each, "causes")] for each in objects(told, "changed")}


def test_before_any_run_there_is_nothing_to_look_back_at(workspace: Workspace) -> None:
    for command in ("list", "show", "diff"):
        workspace.expect("runs", command).shows("No store at")
    Store.open(workspace.path(".nano-banana")).close()
    workspace.expect("runs", "list").shows("No runs yet")
    workspace.expect("runs", "list", "--recipe", "x").shows("No runs of that recipe")
    workspace.expect("runs", "show", exit_code=2).shows("no runs yet")


def test_runs_are_listed_newest_first_with_what_they_made(project: Project) -> None:
    project.run()
    project.edit("[11, 29]", "[11, 30]").run()
    newest, oldest = listed(project)
    assert [as_object(run["summary"])["made"] for run in (newest, oldest)] == [2, 6]
    assert as_object(newest["summary"])["takes"] == {"done": 4}
    assert (newest["status"], newest["recipe"], newest["kept"]) == ("done", "portraits", True)
    screen = (
        project.workspace.expect("runs", "list").shows("reused", "just now", str(oldest["id"])).hides("failed", "*")
    )
    assert screen.stdout.index(str(newest["id"])) < screen.stdout.index(str(oldest["id"]))
    project.workspace.expect("runs", "list", "--last", "1").shows("`--last 5` lists more").hides(str(oldest["id"]))
    assert listed(project, "--recipe", "other") == []


def test_a_run_is_shown_with_its_stages_and_takes(project: Project) -> None:
    project.run()
    screen = project.workspace.expect("runs", "show")
    screen.shows(
        "of portraits: done", "likeness  2", "takes     4", "total     6", "heads/ana/office/s11", "takes/heads_ana_"
    )
    screen.hides("no longer", "(gone)", "of a part")
    told = project.workspace.json("runs", "show", "latest")
    assert ids(told, "nodes")[0] == "likeness/ana"
    take = objects(told, "nodes")[1]
    assert take["sha256"] == objects(take, "pictures")[-1]["sha256"]
    assert len(str(take["sha256"])) == 64


def test_a_run_may_be_named_by_the_beginning_or_the_end_of_its_name(project: Project) -> None:
    project.run()
    project.edit("office", "studio").run()
    newest, oldest = (str(run["id"]) for run in listed(project))
    show = project.workspace.expect
    for name in (newest, newest[-4:], "latest", "latest~0"):
        show("runs", "show", name).shows(f"run {newest} ")
    show("runs", "show", "latest~1").shows(f"run {oldest} ")
    show("runs", "show", "latest~2", exit_code=2).shows("no run `latest~2`: there are only 2")
    show("runs", "show", "20", exit_code=2).shows("`20` matches 2 runs", newest, oldest)
    show("runs", "show", "latset", exit_code=2).shows("no run called `latset`", "did you mean `latest`?")
    show("runs", "show", "", exit_code=2).shows("no run called")
    show("runs", "show", "latest", "--recipe", "other", exit_code=2).shows("no runs of `other` here")
    show("runs", "sohw", exit_code=2).shows("did you mean `show`?")


def test_a_diff_says_what_came_went_and_changed_and_why(project: Project) -> None:
    project.run()
    first = str(listed(project)[0]["id"])
    project.workspace.expect("runs", "diff", exit_code=2).shows(f"run {first} is the first run of `portraits`")
    project.edit("headshot, {{ scene }}", "headshot at dusk, {{ scene }}").edit("[office, street]", "[office, studio]")
    project.run()
    told = project.workspace.json("runs", "diff")
    assert ids(told, "added") == ["heads/ana/studio/s11", "heads/ana/studio/s29"]
    assert ids(told, "gone") == ["heads/ana/street/s11", "heads/ana/street/s29"]
    assert kinds(told) == {"heads/ana/office/s11": ["value"], "heads/ana/office/s29": ["value"]}
    assert told["same"] == 0
    screen = project.workspace.expect("runs", "diff", first)
    screen.shows("2 takes added:", "2 takes gone:", "2 takes changed:", "heads/ana/office/s11, heads/ana/office/s29")
    screen.shows("takes: prompt: ", "[-headshot,-] {+headshot at dusk,+}", "0 unchanged").hides("total cost")
    project.workspace.expect("runs", "diff", "latest").shows("No differences: all 4 takes are the same.")


def test_another_seed_is_told_as_a_change_of_the_same_take(project: Project) -> None:
    project.run()
    project.edit("[11, 29]", "[11, 30]").run()
    project.workspace.expect("runs", "diff").shows(
        "heads/ana/office/s29 → heads/ana/office/s30", "takes: seed: 29 → 30", "2 unchanged"
    )


def test_a_photo_more_is_the_cause_of_all_that_hangs_on_it(project: Project) -> None:
    project.run()
    project.workspace.photos("photos/ana", count=3, size=(48, 60))
    project.run()
    screen = project.workspace.expect("runs", "diff")
    screen.shows("4 takes and 1 dependency changed:", "likeness: photos: 1 file added")
    screen.shows("file changed, now from likeness/ana")


def test_costs_are_set_side_by_side(project: Project) -> None:
    project.notes.rule(cost=0.5)
    project.run("--provider", "local", "--yes")
    project.edit("[11, 29]", "[11, 29, 31]").run("--yes")
    screen = project.workspace.expect("runs", "diff")
    screen.shows("2 takes added", "total cost: ", " (+$1.00); new in each run: ")
    told = project.workspace.json("runs", "diff")
    assert as_object(told["new"])["made_cost_usd"] == 1.0
    project.workspace.expect("runs", "list").shows("$1.00")
    project.workspace.expect("runs", "show").shows("$0.50")


def test_pictures_that_a_sweep_took_are_said_to_be_gone(project: Project) -> None:
    project.run()
    project.edit("headshot, {{ scene }}", "portrait, {{ scene }}").run()
    with Store.open(project.root / ".nano-banana", clock=lambda: time.time() + 9e4) as store:
        assert store.gc(dry_run=False, paid=True).blobs == 4
    screen = project.workspace.expect("runs", "show", "latest~1")
    screen.shows("(gone)", "4 pictures of this run have been deleted from the store")
    project.workspace.expect("runs", "diff").shows("takes: call changed; details are no longer stored")
    told = project.workspace.json("runs", "show", "latest~1")
    assert {picture["held"] for node in objects(told, "nodes") for picture in objects(node, "pictures")} == {False}


def test_of_runs_long_ago_only_the_log_is_left(project: Project) -> None:
    project.run()
    with project.store() as store:
        for number in range(SNAPSHOTS_KEPT):
            store.snapshots.keep(f"later-{number}", "portraits", b"")
    (only,) = listed(project)
    assert only["kept"] is False
    project.workspace.expect("runs", "list").shows(f"{only['id']} *", "no take records")
    project.workspace.expect("runs", "show", exit_code=2).shows(f"no take records for run {only['id']}")


def test_a_run_of_a_part_says_so(project: Project) -> None:
    project.run()
    project.run("--only", "*/office/*")
    project.workspace.expect("runs", "show").shows("partial run")
    project.workspace.expect("runs", "diff").shows("2 takes not in the second run, which was of a part:", "2 unchanged")
    project.workspace.expect("runs", "diff", "latest", "latest~1").shows("not in the first (partial) run:")


def test_a_run_that_fails_is_counted(project: Project) -> None:
    project.notes.rule(fail=["street"])
    project.run(exit_code=1)
    project.workspace.expect("runs", "list").shows("failed", "made")
    project.workspace.expect("runs", "show").shows("failed")


def test_another_verdict_is_told_with_its_threshold(project: Project) -> None:
    gated(project).run()
    project.edit("    retry: {takes: 1}", "    accept: {at_least: 0.999}\n    unsure: {at_least: 0.998}").run()
    told = project.workspace.json("runs", "diff")
    causes = kinds(told)["heads/ana/office/s11"]
    assert "threshold" in causes
    project.workspace.expect("runs", "diff").shows("judged: needs ", " → 1.00")
    screen = project.workspace.expect("stats").shows("gate results of each recipe's last run:", "not judged")
    assert "portraits" in screen.stdout
    verdicts = objects(project.workspace.json("stats", "--by", "subject"), "verdicts")
    assert [
        (each["name"], sum(int(str(each[name])) for name in ("accepted", "unsure", "rejected"))) for each in verdicts
    ] == [("ana", 4)]


def test_what_was_worked_out_for_a_sheet_is_no_run(project: Project) -> None:
    run = project.told()["run"]
    assert project.workspace.run("sheet").exit_code == 0
    listed = as_items(project.workspace.json("runs", "list")["runs"])
    assert [as_object(each)["id"] for each in listed] == [run]
    assert as_object(project.workspace.json("runs", "show")["run"])["id"] == run
