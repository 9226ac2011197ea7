"""A client gallery: made, looked at from the disk, sent back and merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nano_banana.model.json_values import JSONObject, as_object
from nano_banana.studio.client_gallery import script_of
from tests.stories.gated import gated
from tests.stories.project import Project
from tests.web.conftest import Look

FIRST, SECOND = "heads/ana/office/s11", "heads/ana/office/s29"


def client_file(project: Project, picks: JSONObject, **more: object) -> str:
    said = {"nano_banana_client": 1, "recipe": "portraits", "picks": picks, **more}
    project.workspace.write("client.json", json.dumps(said))
    return "client.json"


def made(project: Project) -> Path:
    """The gallery of four pictures."""
    project.run()
    assert project.workspace.run("sheet", "--gallery", "for-ana").exit_code == 0
    return project.root / "for-ana"


def sent_back(page: Page, folder: Path) -> JSONObject:
    with page.expect_download() as download:
        page.get_by_role("button", name="Send back").click()
    download.value.save_as(folder / download.value.suggested_filename)
    return as_object(json.loads((folder / "client.json").read_text(encoding="utf-8")))


def test_a_client_decides_from_the_disk_and_the_file_is_merged(project: Project, look: Look) -> None:
    gallery = made(project)
    with look(gallery / "index.html") as page:
        expect(page.locator(".tile")).to_have_count(4)
        expect(page.get_by_text("0 of 4 pictures decided")).to_be_visible()
        for key in ("4", "p", "x", "ArrowLeft", "ArrowLeft"):
            page.keyboard.press(key)
        expect(page.get_by_text("2 of 4 pictures decided")).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("e")
        page.get_by_label("Note", exact=True).fill('too <b>dark</b>: "really"')
        page.get_by_label("Note", exact=True).blur()
        expect(page.get_by_role("button", name="Saved")).to_be_visible()
        page.reload()
        expect(page.get_by_text("2 of 4 pictures decided")).to_be_visible()
        told = sent_back(page, project.root)
    decided = as_object(told["picks"])
    assert decided == {
        FIRST: {"decision": "keep", "stars": 4, "note": ""},
        SECOND: {"decision": "drop", "stars": 0, "note": 'too <b>dark</b>: "really"'},
    }
    dry = project.workspace.expect("picks", "merge", "client.json", "--dry-run")
    dry.shows(f"{FIRST}", "→  keep, 4 stars", "2 takes would change")
    assert not project.workspace.path("picks.yaml").exists()
    project.workspace.expect("picks", "merge", "client.json").shows("2 takes changed")
    assert project.workspace.read("picks.yaml").partition("\n")[2] == (
        f"picks:\n  takes:\n    keep:\n      - {FIRST}\n    drop:\n      - {SECOND}\n    stars:\n      {FIRST}: 4\n"
        f'    notes:\n      {SECOND}: "too <b>dark</b>: \\"really\\""\n'
    )
    project.workspace.expect("picks", "merge", "client.json").shows("0 takes changed")


def test_a_gallery_tells_nothing_that_is_not_the_client_s_business(project: Project) -> None:
    gated(project).workspace.write("picks.yaml", f"picks: {{judged: {{notes: {{{FIRST}: secret}}}}}}\n")
    gallery = made(project)
    names = sorted(path.name for path in gallery.iterdir())
    assert names == ["gallery.css", "gallery.js", "index.html", "pictures", "takes.js"]
    assert len([*(gallery / "pictures").iterdir()]) == 2 * 2, "rejected takes are left out"
    text = (gallery / "takes.js").read_text(encoding="utf-8")
    assert FIRST in text
    for word in ("secret", "anqz7", "headshot,", "0.99", str(project.root), "photos/"):
        assert word not in text


def test_a_gallery_replaces_an_earlier_one_and_no_other_folder(project: Project) -> None:
    gallery = made(project)
    (gallery / "pictures" / "old.webp").write_bytes(b"")
    assert project.workspace.run("sheet", "--gallery", "for-ana").exit_code == 0
    assert not (gallery / "pictures" / "old.webp").exists()
    screen = project.workspace.run("sheet", "--gallery", "photos")
    assert screen.exit_code == 2
    screen.shows("`photos` has other files in it")


def test_what_differs_from_your_own_word_is_shown_and_not_written(project: Project) -> None:
    project.run()
    text = f"picks:\n  takes:\n    drop: [{FIRST}]  # blurred\n    notes: {{{SECOND}: mine}}\n"
    project.workspace.write("picks.yaml", text)
    picks: JSONObject = {FIRST: {"decision": "keep"}, SECOND: {"decision": "keep"}, "heads/bo/s1": {"decision": "drop"}}
    name = client_file(project, picks)
    told = project.workspace.json("picks", "merge", name, "--dry-run", exit_code=1)
    assert (told["written"], list(as_object(told["changed"])), told["unknown"]) == (False, [SECOND], ["heads/bo/s1"])
    screen = project.workspace.run("picks", "merge", name)
    assert screen.exit_code == 1
    screen.shows(
        "1 clash, not written", "yours: drop", "the client's: keep", "not in the recipe (left out): heads/bo/s1"
    )
    assert project.workspace.read("picks.yaml") == text + f"    keep:\n      - {SECOND}\n"
    assert project.workspace.run("picks", "merge", name, "--overwrite").exit_code == 0
    assert "drop" not in project.workspace.read("picks.yaml")


@pytest.mark.parametrize(
    "data",
    ["", "[1]", "{}", '{"nano_banana_client": 1, "recipe": "portraits", "picks": {"a": {"stars": 9}}}', "\ud800"],
)
def test_another_file_is_refused(project: Project, data: str) -> None:
    project.workspace.write("client.json", data.encode("utf-8", "surrogatepass"))
    screen = project.workspace.run("picks", "merge", "client.json")
    assert screen.exit_code == 2
    screen.shows("`client.json` isn't the file of a gallery")


def test_another_recipe_s_gallery_is_refused(project: Project) -> None:
    screen = project.workspace.run("picks", "merge", client_file(project, {}, recipe="landscapes"))
    assert screen.exit_code == 2
    screen.shows("about the recipe `landscapes`, not about `portraits`")


def test_the_script_has_every_module_once_and_no_module_syntax() -> None:
    script = script_of("gallery_page.js")
    assert script.count('modules["dom.js"] = ') == 1
    assert 'modules["server_source.js"]' not in script
    assert not [line for line in script.splitlines() if line.startswith(("import ", "export "))]
