"""Stories of `nano-banana sheet`, and of the sheet that a run leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from tests.stories.gated import ANOTHER, gated
from tests.stories.project import PAINT, Project, takes

WANTED = "outputs: {sheet: {contact_sheet: takes}}\n"


def out(project: Project, name: str = "") -> Path:
    return project.root / "out" / "portraits" / name


def html(project: Project) -> str:
    return out(project, "sheet.html").read_text(encoding="utf-8")


def data(project: Project) -> list[JSONObject]:
    """What the page knows of each take."""
    text = html(project).partition('id="data">')[2].partition("</script>")[0]
    takes: list[JSONObject] = json.loads(text)["takes"]
    return takes


def test_a_sheet_of_what_was_made(project: Project) -> None:
    project.run()
    project.notes.fresh()
    screen = project.workspace.expect("sheet")
    assert screen.stdout.splitlines()[0] == "portraits: 4 takes · $0.00 · local"
    assert "out/portraits/sheet.html" in screen.stdout
    assert project.asked() == []
    assert html(project).count('class="take done"') == 4


def test_a_sheet_of_nothing_says_so(project: Project) -> None:
    screen = project.workspace.expect("sheet", exit_code=2)
    assert "nothing to show: there are no pictures of takes in the store" in screen.stderr
    assert not out(project).exists()


def test_a_sheet_of_a_recipe_that_draws_nothing(project: Project) -> None:
    text = project.workspace.read("recipe.yaml")
    project.workspace.write("recipe.yaml", text[: text.index("  - {id: takes")].replace("shots:", "x-shots:"))
    screen = project.workspace.run("sheet")
    assert screen.exit_code == 2, screen.text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--stage", "take"), "the recipe has no stage `take` with pictures"),
        (("--rows", "scenes"), "the takes have no axis `scenes`"),
        (("--to", "sheet.doc"), "`sheet.doc` has an unknown format for a contact sheet"),
        (("--against", "nosuch"), "nosuch"),
    ],
)
def test_a_wrong_name_is_told(project: Project, argv: tuple[str, ...], said: str) -> None:
    project.run()
    screen = project.workspace.expect("sheet", *argv, exit_code=2)
    assert said in screen.stderr
    assert not list(out(project).glob("sheet*"))


def test_files_where_one_wants_them_and_what_a_program_reads(project: Project) -> None:
    project.run()
    told = project.workspace.json(
        "sheet", "--to", "a/s.html", "--to", "s.PNG", "--to", "s.pdf", "--columns", "scene,seed"
    )
    assert told["takes"] == {"done": 4}
    assert [Path(str(file)).name for file in as_items(told["files"])] == ["s.html", "s.PNG", "s.pdf"]
    assert '"folder":"../out/portraits/"' in (project.root / "a" / "s.html").read_text(encoding="utf-8")
    assert project.workspace.path("s.pdf").read_bytes().startswith(b"%PDF-1.4")
    with Image.open(project.workspace.path("s.PNG")) as picture:
        assert picture.size[0] == 1754


def test_the_same_takes_are_the_same_bytes(project: Project) -> None:
    project.run()
    formats = ("--format", "html", "--format", "png", "--format", "pdf")
    project.workspace.expect("sheet", *formats)
    before = {file.name: file.read_bytes() for file in out(project).glob("sheet.*")}
    project.workspace.expect("sheet", *formats)
    assert len(before) == 3
    assert {file.name: file.read_bytes() for file in out(project).glob("sheet.*")} == before


def test_a_run_leaves_the_sheet_that_the_recipe_wants(project: Project) -> None:
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + WANTED)
    assert "out/portraits/sheet.html" in project.run().stdout
    assert {file.name for file in out(project).glob("sheet.*")} == {"sheet.html", "sheet.png", "sheet.pdf"}
    assert "Nothing to do" in project.quiet().stdout


def test_a_sheet_that_was_deleted_comes_back(project: Project) -> None:
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + WANTED)
    project.run()
    out(project, "sheet.pdf").unlink()
    project.quiet()
    assert out(project, "sheet.pdf").exists()
    assert "Nothing to do" in project.quiet().stdout


def test_a_part_of_a_recipe_leaves_a_sheet_of_what_there_is(project: Project) -> None:
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + WANTED)
    project.run("--only", "heads/ana/office/*")
    assert (html(project).count('class="take done"'), html(project).count('class="take missing"')) == (2, 0)
    project.run("--only", "heads/ana/street/s11")
    assert (html(project).count('class="take done"'), html(project).count('class="take missing"')) == (3, 0)
    project.workspace.expect("sheet", "--rows", "scene", "--columns", "seed", "--provider", "local")
    assert (html(project).count('class="take done"'), html(project).count('class="take missing"')) == (3, 1)
    assert "not made yet" in html(project)


def test_a_sheet_that_can_not_be_written_loses_nothing(project: Project) -> None:
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + WANTED)
    out(project, "sheet.html").mkdir(parents=True)
    screen = project.run(exit_code=1)
    assert "4 of 4 pictures done" in screen.stdout
    assert "sheet.html" in screen.stderr
    assert len(project.pictures()) == 4
    out(project, "sheet.html").rmdir()
    project.quiet()
    assert html(project).count('class="take done"') == 4


def test_takes_that_failed_say_why_also_later(project: Project) -> None:
    project.notes.rule(fail=["street"])
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + WANTED)
    project.run(exit_code=1)
    first = html(project)
    assert first.count('class="take failed"') == 2
    project.workspace.expect("sheet")
    assert html(project).count('class="take failed"') == 2
    assert [take["why"] for take in data(project) if take["state"] == "failed"] == [
        "`fal-ai/flux-lora` returned no file (a picture expected)"
    ] * 2
    out(project, "manifest.json").write_text("{", encoding="utf-8")
    project.workspace.expect("sheet")
    # Nobody knows any more that they were tried; a column of them alone is left out.
    assert html(project).count('class="take failed"') == 0


def test_verdicts_and_what_was_refused(project: Project) -> None:
    gated(project)
    project.run()
    screen = project.workspace.expect("sheet")
    assert "portraits: 4 takes · " in screen.stdout
    assert "rejected" in screen.stdout
    page = html(project)
    assert page.count("accepted") > 1
    assert 'class="take rejected"' in page
    assert "no face" in page


def test_only_those_with_a_verdict_that_was_asked_for(project: Project) -> None:
    gated(project)
    wanted = "outputs: {sheet: {contact_sheet: judged.rejected, formats: [html], show: [score, cost, seed, attempt]}}\n"
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + wanted)
    project.run()
    page = html(project)
    assert 'class="take rejected"' in page
    assert 'class="take accepted"' not in page
    assert "2 tries" in page


def test_behind_two_gates_the_try_is_shown_that_both_let_through(project: Project) -> None:
    gated(project).edit(
        "    retry: {takes: 1}\n",
        "    retry: {takes: 1}\n  - {id: again, gate: judged, also_reject: [no_face]}\n",
    )
    project.run()
    project.workspace.expect("sheet", "--stage", "takes")
    (shown,) = [take["path"] for take in data(project) if take["id"] == "heads/ana/office/s29"]
    assert str(shown).endswith("takes/heads_ana_office_s29+retry1.png"), shown
    project.workspace.expect("sheet", "--stage", "takes", "--against", "latest")
    before = [as_object(take["before"]) for take in data(project)]
    assert [then["differs"] for then in before] == [False] * 4


def test_those_not_chosen_are_counted_and_left_out(project: Project) -> None:
    gated(project)
    choose = "  - {id: picks, choose: judged, keep: {best: 1, per: [subject]}}\n"
    project.workspace.write("recipe.yaml", project.workspace.read("recipe.yaml") + choose)
    project.run()
    screen = project.workspace.expect("sheet")
    assert "not chosen" in screen.stdout
    assert html(project).count('class="take accepted"') == 1


def test_two_stages_stand_side_by_side(project: Project) -> None:
    text = project.workspace.read("recipe.yaml") + PAINT
    project.workspace.write(
        "recipe.yaml", text + "outputs: {sheet: {contact_sheet: [takes, faces], formats: [html]}}\n"
    )
    project.run()
    page = html(project)
    assert page.count('class="take done"') == 8
    assert "<small>takes</small><small>faces</small>" not in page
    assert page.count("faces</small>") == 4


def test_further_pages_are_counted(project: Project) -> None:
    project.edit("[office, street]", "[office, street, attic]").edit("seeds: [11, 29]", "seeds: [1, 2, 3]").run()
    project.workspace.expect("sheet", "--to", "s.png", "--rows", "seed").shows("1 more page: s-page2.png\n")
    project.edit("seeds: [1, 2, 3]", "seeds: [1, 2, 3, 4, 5]").run()
    project.workspace.expect("sheet", "--to", "s.png", "--rows", "seed").shows("2 more pages: s-page2.png …")


def test_pages_that_an_older_sheet_left_are_removed(project: Project) -> None:
    project.run()
    project.workspace.write("s-page2.png", b"old").write("s-page3.png", b"old").write(
        "s-page9.png", b"of somebody else"
    )
    project.workspace.expect("sheet", "--to", "s.png")
    assert project.workspace.files("*.png") == ["s-page9.png", "s.png"]


def test_data_of_a_page_equals_the_manifest(project: Project) -> None:
    gated(project)
    project.run()
    project.workspace.expect("sheet")
    shown = {take["id"]: take for take in data(project)}
    manifest = json.loads(out(project, "manifest.json").read_text(encoding="utf-8"))
    for take in manifest["takes"]:
        told, verdict = shown[take["id"]], take["verdict"]
        assert [told[name] for name in ("state", "score", "needs")] == [
            verdict[name] for name in ("ruling", "score", "threshold")
        ]
        paid = [call["arguments"] for call in take["calls"] if call["provider"] != "compute"]
        calls = [as_object(call) for call in as_items(told["calls"])]
        assert [call["prompt"] for call in calls] == [call["prompt"] for call in paid]
        assert [call["seed"] for call in calls] == [call["seed"] for call in paid]
        assert calls[0]["from"] == ["adapter likeness/ana"]
        if take["sha256"]:
            assert told["digest"] == take["sha256"]
            assert f"./{told['path']}" == take["path"]


CHOICE = "  - {id: best, choose: judged.accepted, keep: {best: 1, per: [scene]}}\n"


@pytest.mark.parametrize("stage", ["takes", "judged", "best"])
def test_who_is_unsure_is_shown_and_lies_in_the_gates_folder_whatever_is_chosen_later(
    project: Project, stage: str
) -> None:
    gated(project).edit(
        "    retry: {takes: 1}\n", "    accept: {at_least: 0.999}\n    unsure: {at_least: 0.4}\n" + CHOICE
    )
    project.run()
    assert [path.stem for path in project.pictures("judged")] == ["heads_ana_office_s11"]
    screen = project.workspace.expect("sheet", "--stage", stage)
    assert "1 unsure, 3 rejected" in screen.stdout
    unsure = next(take for take in data(project) if take["state"] == "unsure")
    assert unsure["id"] == "heads/ana/office/s11"
    assert str(unsure["path"]) == f"{'takes' if stage == 'takes' else 'judged'}/heads_ana_office_s11.png"


def test_a_rejected_take_is_shown_with_its_best_try_and_that_trys_likeness(project: Project) -> None:
    gated(project).edit("retry: {takes: 1}", "retry: {takes: 3}")
    project.notes.rule(who=[["", ANOTHER]])
    told = project.told()
    project.workspace.expect("sheet", "--stage", "judged")
    for shown, take in zip(data(project), takes(told), strict=True):
        tries = [as_object(one) for one in as_items(take["attempts"])]
        best = max(tries, key=lambda one: as_number(as_object(one["verdict"])["score"]))
        assert shown["score"] == as_object(best["verdict"])["score"]
        assert shown["path"] == str(as_object(best["pictures"])["takes"]).partition("portraits/")[2]
        assert shown["seed"] == as_object(best["detail"])["seed"]
