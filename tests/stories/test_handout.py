"""Finished pictures under names of one's own: in a folder, in a ZIP, and nobody's file lost."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest
from PIL import Image

from nano_banana.model.json_values import as_object
from nano_banana.provenance.embedding import original_bytes, read_record
from tests.stories.gated import gated
from tests.stories.project import PAINT, Project

FILES = """
outputs:
  files:
    export: {what}
    to: delivered/
    name: "{name}"
"""


def handing(project: Project, name: str, what: str = "takes", more: str = "") -> Project:
    """The recipe with copies under such names."""
    text = (project.root / "recipe.yaml").read_text()
    project.workspace.write("recipe.yaml", text + FILES.replace("{what}", what).replace("{name}", name) + more)
    return project


TAKES = "out/portraits/takes"

OFFICE = ["office-11", "office-29"]
STREET = ["street-11", "street-29"]


def bare(project: Project, name: str) -> bytes | None:
    """A file's bytes as the provider sent them: copies of two stages differ in what they tell."""
    return original_bytes((project.root / name).read_bytes())


def delivered(project: Project) -> list[str]:
    folder = project.root / "delivered"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_copies_have_the_names_that_the_recipe_gives_them(project: Project) -> None:
    handing(project, "{{ cast | join('-') }}/{{ scene.key }}_s{{ seed }}.png")
    project.run().shows("4 copies in", "delivered (4 new)")
    names = ["ana/office_s11.png", "ana/office_s29.png", "ana/street_s11.png", "ana/street_s29.png"]
    assert delivered(project) == names
    takes = {path.name: path.read_bytes() for path in project.pictures()}
    assert (project.root / "delivered/ana/street_s29.png").read_bytes() == takes["heads_ana_street_s29.png"]
    project.quiet().shows("Nothing to do")


def test_without_a_name_the_takes_own_makes_folders(project: Project) -> None:
    project.workspace.write(
        "recipe.yaml",
        (project.root / "recipe.yaml").read_text() + "outputs: {files: {export: takes, to: d}}\n",
    )
    told = project.told()
    assert as_object(told["handed_out"])["copies"] == 4
    assert (project.root / "d/heads/ana/office/s11.png").is_file()


def test_what_is_gone_is_put_back_and_what_somebody_retouched_is_left_alone(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    (project.root / "delivered/office-11.png").unlink()
    project.quiet().shows("4 copies in", "(1 new)")
    retouched = project.root / "delivered/street-29.png"
    retouched.write_bytes(b"retouched by hand")
    project.quiet().shows("1 copy edited by hand and kept:", "  delivered/street-29.png")
    assert retouched.read_bytes() == b"retouched by hand"


def test_another_file_in_the_way_is_never_overwritten_and_the_run_is_kept(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}")
    project.workspace.write("delivered/office-11.png", b"mine")
    screen = project.run(exit_code=1)
    screen.shows(
        "4 of 4 pictures done", "delivered/office-11.png` was not written by this project", "`outputs.files`"
    ).hides("Traceback")
    assert (project.root / "delivered/office-11.png").read_bytes() == b"mine"
    (project.root / "delivered/office-11.png").unlink()
    project.quiet().shows("4 copies in")


def test_a_renamed_copy_leaves_the_older_one_and_says_so(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    project.edit("{{ scene.key }}-{{ seed }}", "{{ scene.key }}_{{ seed }}")
    project.quiet().shows("4 copies from earlier runs kept", "  delivered/office-11.png", "--prune")
    assert len(delivered(project)) == 8


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "{{ scene.key }}",
            "the copies of heads/ana/office/s29 and heads/ana/office/s11 would both be called `office`",
        ),
        ("../{{ seed }}-{{ scene.key }}", "is outside the folder"),
        ("/{{ seed }}{{ scene.key }}", "is outside the folder"),
        ("{{ scene.key }}:{{ seed }}", "some systems can't store"),
        ("{{ 'con' if seed == 11 else seed }}/{{ scene.key }}", "some systems can't store"),
        ("{{ seed }}{{ scene.key }}\u202egnp", "some systems can't store"),
        ("x" * 251 + "{{ seed }}{{ scene.key }}", "a name of more than 250 bytes"),
        (".png", "would have no name"),
        ("{{ scenery }}", "scenery"),
    ],
)
def test_names_that_clash_or_are_unsafe_are_found_by_check_and_before_anything_is_made(
    project: Project, name: str, said: str
) -> None:
    handing(project, name)
    screen = project.workspace.run("check")
    assert screen.exit_code == 2, screen.text
    screen.shows(said, "recipe.yaml:").hides("Traceback")
    project.quiet(exit_code=2).shows(said)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ("{export: takes}", "the copies have no destination"),
        ("{export: takes, to: s3://bucket/x}", "is not a local folder"),
        ('{export: takes, to: "a\\0b"}', "is not a local folder"),
        ("{export: takes, zip: all}", "does not end in `.zip`"),
        ("{export: takes, to: recipe.yaml}", "is a file, not a folder"),
        ("{export: takes, to: .nano-banana/x}", "is inside the store"),
        ("{export: takes, to: out/portraits/takes}", "this recipe's own pictures"),
        ("{export: takes, zip: photos.zip}", "`photos.zip` is a folder"),
        (f"{{export: takes, to: {'x' * 300}}}", "more than 255 bytes"),
        ("{export: taken, to: d}", "did you mean"),
        ("{to: d}", "`to` in `outputs.files` needs `export`"),
    ],
)
def test_what_a_recipe_may_not_say_of_its_files(project: Project, files: str, said: str) -> None:
    (project.root / "photos.zip").mkdir()
    text = (project.root / "recipe.yaml").read_text()
    project.workspace.write("recipe.yaml", text + f"outputs: {{files: {files}}}\n")
    screen = project.workspace.run("check")
    assert screen.exit_code == 2, screen.text
    screen.shows(said)


def test_two_ways_of_one_take_need_the_way_in_their_names(project: Project) -> None:
    text = (project.root / "recipe.yaml").read_text() + PAINT
    project.workspace.write("recipe.yaml", text)
    handing(project, "{{ scene.key }}-{{ seed }}", what="[takes, faces]")
    project.workspace.run("check").shows("would both be called")
    project.edit("{{ seed }}", "{{ seed }}-{{ stage }}").run().shows("8 copies in")
    assert "office-11-faces.png" in delivered(project)


def test_a_zip_holds_the_same_pictures_and_the_same_bytes_each_time(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}", more="    zip: all.zip\n").run().shows("all.zip")
    packed = project.root / "all.zip"
    with zipfile.ZipFile(packed) as archive:
        assert sorted(archive.namelist()) == delivered(project)
        assert archive.read("office-11.png") == (project.root / "delivered/office-11.png").read_bytes()
    before = packed.read_bytes()
    packed.unlink()
    project.quiet("--only", "heads/ana/office/*").shows("No copies written")
    assert not packed.exists()
    project.quiet()
    assert packed.read_bytes() == before


def test_a_failed_take_is_not_handed_out_and_the_zip_waits_for_the_whole(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}")
    project.edit("to: delivered/", "to: delivered/\n    zip: all.zip").notes.rule(fail=["street"])
    project.run(exit_code=1).shows("2 copies in")
    assert delivered(project) == ["office-11.png", "office-29.png"]
    assert not (project.root / "all.zip").exists()
    project.notes.rule()
    project.run().shows("4 copies in", "(2 new)")


def test_of_a_gates_pictures_only_those_are_handed_out_that_are_wanted(project: Project) -> None:
    handing(gated(project), "{{ scene.key }}-{{ seed }}", what="judged.accepted").run().shows("2 copies in")
    assert delivered(project) == ["office-11.png", "office-29.png"]
    # The seed that was accepted, not the one that was refused.
    assert bare(project, "delivered/office-29.png") == bare(project, f"{TAKES}/heads_ana_office_s29+retry1.png")
    project.edit("judged.accepted", "judged.rejected").quiet().shows("2 copies in", "2 copies from earlier runs kept")
    assert "street-11.png" in delivered(project)


@pytest.mark.parametrize("what", ["takes", "judged", "again"])
def test_behind_two_gates_in_a_row_the_picture_is_the_one_that_both_let_through(project: Project, what: str) -> None:
    handing(gated(project), "{{ scene.key }}-{{ seed }}", what=what)
    project.edit(
        "    retry: {takes: 1}\n", "    retry: {takes: 1}\n  - {id: again, gate: judged, also_reject: [no_face]}\n"
    ).run()
    assert bare(project, "delivered/office-29.png") == bare(project, f"{TAKES}/heads_ana_office_s29+retry1.png")


CHOICE = "  - {id: best, choose: judged.accepted, keep: {best: 1, per: [scene]}}\n"


def test_a_run_of_a_part_leaves_what_was_delivered_as_it_is_and_says_so(project: Project) -> None:
    text = (project.root / "recipe.yaml").read_text() + PAINT
    project.workspace.write("recipe.yaml", text)
    handing(project, "{{ scene.key }}-{{ seed }}", what="faces").run()
    before = {name: (project.root / "delivered" / name).read_bytes() for name in delivered(project)}
    for part in (("--only", "takes"), ("--only", "heads/*"), ("--sample", "1")):
        project.quiet(*part).shows("No copies written", "needs a full run")
        assert project.told(*part)["handed_out"] is None
    assert {name: (project.root / "delivered" / name).read_bytes() for name in delivered(project)} == before


def test_only_what_came_to_the_named_stage_is_handed_out(project: Project) -> None:
    handing(gated(project), "{{ scene.key }}-{{ seed }}", what="best")
    project.edit("    retry: {takes: 1}\n", "    retry: {takes: 1}\n" + CHOICE).run()
    assert len(delivered(project)) == 1
    project.edit("export: best", "export: judged").run("--prune").shows("2 copies in")
    assert delivered(project) == ["office-11.png", "office-29.png"]


def test_copies_that_nothing_asks_for_go_with_prune_and_nobody_elses_file_does(project: Project) -> None:
    handing(project, "{{ scene.key }}/{{ seed }}").run()
    folder = project.root / "delivered"
    (folder / "street/11.png").write_bytes(b"retouched by hand")
    project.workspace.write("delivered/street/mine.txt", b"mine")
    project.edit("scene: [office, street]", "scene: [office]")
    project.quiet().shows("2 copies from earlier runs kept", "  delivered/street/11.png", "  delivered/street/29.png")
    screen = project.quiet("--prune").shows("1 copy from earlier runs deleted", "  delivered/street/29.png")
    screen.shows("1 copy from earlier runs kept", "deletes unmodified ones:\n  delivered/street/11.png")
    assert delivered(project) == ["office/11.png", "office/29.png", "street/11.png", "street/mine.txt"]
    project.edit("seeds: [11, 29]", "seeds: [29]")
    told = as_object(project.told("--prune")["handed_out"])
    assert told["pruned"] == [str(folder / "office/11.png")]
    assert told["older"] == [str(folder / "street/11.png")]
    screen = project.run("--prune", "--sample", "1", exit_code=2)
    screen.shows("`--prune` needs a full run")


def test_a_copied_project_prunes_its_own_copies_and_not_those_of_the_first(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    other = project.root.with_name("other")
    shutil.copytree(project.root, other)
    recipe = other / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("seeds: [11, 29]", "seeds: [29]"))
    screen = project.workspace.run("run", str(recipe), "--prune")
    assert screen.exit_code == 0, screen.text
    screen.shows("2 copies from earlier runs deleted", str(other / "delivered/office-11.png"))
    assert sorted(path.name for path in (other / "delivered").iterdir()) == ["office-29.png", "street-29.png"]
    assert len(delivered(project)) == 4


def test_where_the_recipe_hands_out_nothing_any_more_the_copies_are_older_ones(project: Project) -> None:
    before = (project.root / "recipe.yaml").read_text()
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    project.workspace.write("recipe.yaml", before)
    project.quiet().shows("4 copies from earlier runs kept", "  delivered/office-11.png")
    project.quiet("--prune").shows("4 copies from earlier runs deleted")
    project.quiet("--prune").hides("earlier runs")


@pytest.mark.parametrize(
    ("what", "name", "there"),
    [
        ("[judged.accepted, judged.rejected]", "{{ scene.key }}-{{ seed }}", [*OFFICE, *STREET]),
        ("[judged.rejected, judged]", "{{ scene.key }}-{{ seed }}", [*OFFICE, *STREET]),
        ("[best, judged.rejected]", "{{ scene.key }}-{{ seed }}", ["office-29", *STREET]),
        (
            "[judged, judged.rejected]",
            "{{ verdict }}/{{ scene.key }}-{{ seed }}",
            ["accepted/office-11", "accepted/office-29", "rejected/street-11", "rejected/street-29"],
        ),
        ("takes", "{{ verdict }}/{{ scene.key }}-{{ seed }}", [f"not_judged/{one}" for one in (*OFFICE, *STREET)]),
    ],
)
def test_what_a_gate_parts_may_have_one_name(project: Project, what: str, name: str, there: list[str]) -> None:
    handing(gated(project), name, what=what)
    project.edit("    retry: {takes: 1}\n", "    retry: {takes: 1}\n" + CHOICE).run()
    assert [path.removesuffix(".png") for path in delivered(project)] == there


def test_names_that_clash_are_one_error(project: Project) -> None:
    handing(project, "x")
    screen = project.workspace.run("check")
    screen.shows("would both be called `x`, and 2 more", "`{{ verdict }}`")
    assert screen.text.count("would both be called") == 1


TWO_SHOTS = "  plain: {template: '{{ subject.noun }}', cast: ana, seeds: [11]}\nstages:"


@pytest.mark.parametrize(
    "name",
    [
        "{{ scene.key | default('x') }}",
        "{% if scene is defined %}{{ scene.key }}{% endif %}x",
        "{{ scene.key if scene is defined else 'x' }}",
        "{{ cast | first }}-{{ cast | length }}{% if seed is odd %}o{% endif %}{{ recipe | truncate(4) }}",
    ],
)
def test_a_name_may_ask_whether_a_take_has_an_axis(project: Project, name: str) -> None:
    handing(project, f"{{{{ take }}}}-{name}", what="takes")
    project.edit("\nstages:", "\n" + TWO_SHOTS).edit("generate: heads", "generate: [heads, plain]")
    screen = project.workspace.run("check")
    assert screen.exit_code == 0, screen.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{{ scene.key }}", "takes of shot `plain` have no `scene`"),
        ("{% if scene is undefined %}{{ scene.key }}{% endif %}", "takes of shot `plain` have no `scene`"),
        ("{% if scen is defined %}{{ scenery }}{% endif %}", "unknown name `scenery`"),
    ],
)
def test_a_name_that_some_takes_lack_says_how_to_write_it(project: Project, name: str, said: str) -> None:
    handing(project, f"{{{{ take }}}}-{name}", what="takes")
    project.edit("\nstages:", "\n" + TWO_SHOTS).edit("generate: heads", "generate: [heads, plain]")
    screen = project.workspace.run("check")
    assert screen.exit_code == 2
    screen.shows(said).hides("matrix")
    if "have no" in said:
        screen.shows("{% if scene is defined %}", "| default('none')")


def test_a_sheet_is_never_put_into_the_store(project: Project) -> None:
    project.run()
    screen = project.workspace.run("sheet", "--to", ".nano-banana/x.html")
    assert screen.exit_code == 2
    screen.shows("is inside the store")


def fitting(project: Project, how: str, what: str = "takes") -> Project:
    """The recipe with copies of another format or size."""
    return handing(project, "{{ scene.key }}-{{ seed }}", what=what, more=f"    {how}\n")


def sizes(project: Project) -> dict[str, tuple[str | None, tuple[int, int]]]:
    """The format and the size in pixels of every copy."""
    found = {}
    for name in delivered(project):
        with Image.open(project.root / "delivered" / name) as copy:
            found[name] = (copy.format, copy.size)
    return found


def test_copies_come_in_another_format_and_size_marked_as_all_pictures_are(project: Project) -> None:
    fitting(project, "format: jpeg\n    quality: 80\n    longest_side: 20\n    zip: all.zip").run().shows("4 copies in")
    assert sizes(project) == {f"{name}.jpg": ("JPEG", (16, 20)) for name in (*OFFICE, *STREET)}
    copy = project.root / "delivered/office-11.jpg"
    account = read_record(copy)
    assert account is not None
    assert (account.take, account.stage, account.source) == ("heads/ana/office/s11", "takes", "trainedAlgorithmicMedia")
    assert [call.endpoint for call in account.calls][-2:] == ["fal-ai/flux-lora", "fit"]
    assert account.calls[-1].outputs["image"] == account.picture
    with zipfile.ZipFile(project.root / "all.zip") as archive:
        assert archive.read("office-11.jpg") == copy.read_bytes()
    project.quiet().shows("Nothing to do")
    copy.unlink()
    project.quiet().shows("(1 new)")
    assert sizes(project)["office-11.jpg"] == ("JPEG", (16, 20))


def test_another_format_takes_the_place_of_the_first_with_prune_and_nothing_is_left_in_out(project: Project) -> None:
    fitting(project, "format: jpeg").run()
    project.edit("format: jpeg", "format: webp").quiet("--prune").shows("4 copies from earlier runs deleted")
    assert {form for form, _ in sizes(project).values()} == {"WEBP"}
    beside = project.root / "out/portraits/takes.export"
    assert {path.suffix for path in beside.iterdir()} == {".webp"}
    project.edit("format: webp", "embed: []").quiet("--prune").shows("4 copies from earlier runs deleted")
    assert {form for form, _ in sizes(project).values()} == {"PNG"}


def test_an_exact_crop_is_centred_on_the_face_and_says_what_it_had_to_enlarge(project: Project) -> None:
    fitting(gated(project), "crop: LinkedIn\n    format: jpeg", what="takes").run().shows(
        "4 copies enlarged", "2 copies without a face, cropped around the centre"
    )
    assert set(sizes(project).values()) == {("JPEG", (800, 800))}
    told = as_object(project.told("--prune")["handed_out"])
    assert (told["enlarged"], told["faceless"]) == (4, 2)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("crop: linkedn", "did you mean `linkedin`"),
        ("crop: 800", "should be a text"),
        ("crop: 0x800", "WIDTHxHEIGHT"),
        ("crop: 99999x800", "WIDTHxHEIGHT"),
        ("crop: 8x8\n    longest_side: 100", "remove one of them"),
        ("quality: 80", "add `format: jpeg`"),
        ("format: png\n    quality: 80", "add `format: jpeg`"),
        ("format: jpg", "jpeg"),
        ("crop_around: face", "`crop_around` in `outputs.files` needs `crop`"),
    ],
)
def test_what_a_recipe_may_not_say_of_formats_and_sizes(project: Project, how: str, said: str) -> None:
    screen = fitting(project, how).workspace.run("check")
    assert screen.exit_code == 2, screen.text
    screen.shows(said)


def test_a_recipe_of_the_same_name_keeps_its_copies(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    text = (project.root / "recipe.yaml").read_text().replace("to: delivered/", "to: others/")
    project.workspace.write("other.yaml", text)
    screen = project.workspace.run("run", "other.yaml", "--prune")
    screen.shows("4 copies in others").hides("earlier runs")
    assert len(delivered(project)) == 4
    (project.root / "recipe.yaml").unlink()
    project.workspace.run("run", "other.yaml", "--prune").shows("4 copies from earlier runs deleted")


def test_copies_of_an_earlier_version_are_known_by_their_paths_and_looks(project: Project) -> None:
    handing(project, "{{ scene.key }}-{{ seed }}").run()
    store = project.store()
    noted = json.loads(store.notes.read("handout/portraits") or "")
    store.notes.write(
        "handout/portraits", json.dumps({str(project.root / path): told[:2] for path, told in noted.items()})
    )
    store.close()
    project.edit("seeds: [11, 29]", "seeds: [11]")
    project.quiet("--prune").shows("2 copies from earlier runs deleted", "  delivered/office-29.png")
    assert delivered(project) == ["office-11.png", "street-11.png"]
