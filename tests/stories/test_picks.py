"""A person overrules a gate, and decides in recipes that neither judge nor choose."""

from __future__ import annotations

from nano_banana.model.json_values import JSONObject, as_object
from tests.stories.gated import gated
from tests.stories.project import Project, takes

NOBODY = "heads/ana/street/s11"
GOOD = "heads/ana/office/s11"
EXPORT = """
outputs:
  files: {export: judged.accepted, to: delivered, name: "{{ verdict }}/{{ shot }}_{{ scene }}_{{ seed }}"}
"""


def by_id(project: Project) -> dict[str, JSONObject]:
    return {str(take["id"]): take for take in takes(project.told("--prune"))}


def test_what_a_gate_rejected_is_kept_and_what_it_accepted_is_dropped(project: Project) -> None:
    gated(project).workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + EXPORT)
    before = by_id(project)
    assert before[NOBODY]["path"] is None
    project.workspace.write("picks.yaml", f"picks:\n  judged:\n    keep: [{NOBODY}]\n    drop: [{GOOD}]\n")
    project.notes.fresh()
    after = by_id(project)
    assert project.asked() == [], "everything is there"
    kept, dropped = after[NOBODY], after[GOOD]
    assert str(kept["path"]).endswith("judged/heads_ana_street_s11.png")
    verdict = as_object(kept["verdict"])
    assert (verdict["ruling"], verdict["decision"]) == ("rejected", "keep"), "the gate's word stays visible"
    assert (dropped["path"], dropped["left"]) == (None, {"stage": "judged", "why": "rejected"})
    assert as_object(dropped["verdict"])["ruling"] == "accepted"
    assert "decision" not in as_object(after["heads/ana/office/s29"]["verdict"])
    delivered = project.workspace.files("delivered/**/*.png")
    assert delivered == ["delivered/accepted/heads_office_29.png", "delivered/accepted/heads_street_11.png"]
    project.workspace.run("explain", NOBODY).shows("rejected", "no face", "kept by hand")
    project.workspace.run("explain", GOOD).shows("accepted: ", "; dropped by hand; stopped at judged")
    manifest = project.workspace.read("out/portraits/manifest.json")
    assert '"decision": "keep"' in manifest
    project.workspace.run("run").shows("Nothing to do")
    project.workspace.run("sheet", "--to", "sheet.html")
    assert "kept by hand" in project.workspace.read("sheet.html")


def test_a_decision_that_is_taken_back_restores_what_the_gate_said(project: Project) -> None:
    gated(project).workspace.write("picks.yaml", f"picks: {{judged: {{keep: ['*/street/*'], drop: [{NOBODY}]}}}}\n")
    first = by_id(project)
    assert [name for name, take in first.items() if take["path"] and "street" in name] == ["heads/ana/street/s29"]
    project.workspace.write("picks.yaml", "picks: {}\n")
    assert [name for name, take in by_id(project).items() if take["path"]] == [GOOD, "heads/ana/office/s29"]


def test_no_second_chance_is_bought_for_what_a_person_has_decided(project: Project) -> None:
    gated(project).edit("    retry: {takes: 1}\n", "")
    project.run()
    kinds = "    also_reject: [no_face, extra_face]\n"
    project.edit(kinds, f"{kinds}    retry: {{takes: 1}}\n")
    decided = f"picks: {{judged: {{keep: [{NOBODY}], drop: [heads/ana/street/s29, heads/ana/office/s29]}}}}\n"
    project.workspace.write("picks.yaml", decided)
    assert project.workspace.json("plan")["may_make"] == {"calls": 0, "paid_calls": 0, "usd_high": 0.0}
    project.quiet().shows("4 of 4 pictures done")
    project.workspace.write("picks.yaml", "picks: {}\n")
    project.notes.fresh()
    project.run()
    assert project.asked() == ["flux-lora"] * 3
    tried = as_object(by_id(project)["heads/ana/office/s29"]["verdict"])
    assert tried["ruling"] == "accepted"
    project.workspace.write("picks.yaml", decided)
    project.notes.fresh()
    again = by_id(project)["heads/ana/office/s29"]
    assert project.asked() == []
    assert as_object(again["verdict"])["ruling"] == "accepted", "of the chances, those that were taken count"


def test_without_a_gate_a_dropped_take_is_not_exported(project: Project) -> None:
    text = project.workspace.read("recipe.yaml").lstrip("\n")
    project.workspace.write("recipe.yaml", text + EXPORT.replace("judged.accepted", "takes"))
    project.run()
    assert len(project.workspace.files("delivered/**/*.png")) == 4
    project.workspace.write(
        "picks.yaml", f"picks: {{takes: {{drop: [{GOOD}, '*/s29'], keep: [heads/ana/street/s29]}}}}\n"
    )
    project.quiet("--prune")
    project.workspace.run("explain", GOOD).shows("picks.yaml: drop")
    assert [name.rpartition("/")[2] for name in project.workspace.files("delivered/**/*.png")] == [
        "heads_street_11.png",
        "heads_street_29.png",
    ]


def test_a_choice_is_passed_by_what_is_kept_at_a_later_gate(project: Project) -> None:
    gated(project)
    more = "  - {id: best, choose: judged.accepted, keep: {best: 1, per: [shot]}}\n"
    more += "  - {id: checked, gate: best, also_reject: []}\n"
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + more)
    assert sum(take["path"] is not None for take in by_id(project).values()) == 1
    project.workspace.write("picks.yaml", f"picks: {{checked: {{keep: [{NOBODY}]}}}}\n")
    after = by_id(project)
    assert [name for name, take in after.items() if take["path"]] == [NOBODY]
