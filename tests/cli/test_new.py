"""`new`: a project that a person can read and the program can run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import jsonschema
import pytest
import yaml

from nano_banana.catalog.catalog import Catalog
from nano_banana.cli.new_project import NewSubject, ProjectAnswers, derive_trigger, starter_recipe
from nano_banana.model.json_values import JSONValue
from nano_banana.model.known_folders import shipped_path
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.recipe.load import load_recipe
from nano_banana.recipe.recipe_files import RecipeFiles
from tests.workspace import ROOT, Workspace


def test_a_project_and_what_to_do_next(workspace: Workspace) -> None:
    workspace.expect("new", "portraits", "--subject", "ben", "--noun", "man", golden="cli/new")
    assert workspace.files("portraits/**/*") == [
        "portraits/.gitignore",
        "portraits/nano-banana.toml",
        "portraits/prompts/headshot.j2",
        "portraits/recipe.schema.json",
        "portraits/recipe.yaml",
    ]
    assert workspace.path("portraits/photos/ben").is_dir()
    recipe = yaml.safe_load(workspace.read("portraits/recipe.yaml"))
    assert recipe["name"] == "portraits"
    assert recipe["provider"] == "local"
    assert recipe["subjects"] == {
        "ben": {"noun": "man", "trigger": derive_trigger("ben"), "training_set": "photos/ben"}
    }
    assert [next(key for key in stage if key != "id") for stage in recipe["stages"]] == ["train", "generate", "gate"]


def test_the_recipe_loads_as_soon_as_there_are_photos(workspace: Workspace) -> None:
    workspace.run("new", "--subject", "ana")
    workspace.photos("photos/ana", count=2)
    path = workspace.path("recipe.yaml")
    loaded = load_recipe(path, files=RecipeFiles(path.parent), catalog=Catalog.load(), sets={}, environ={})
    assert loaded.recipe.provider == "local"
    assert [stage.verb for stage in loaded.recipe.stages] == ["train", "generate", "gate"]
    assert not loaded.warnings


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a disk that is always full")
def test_a_full_disk_is_named_and_leaves_no_half_recipe(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, encoding: str) -> int:
        if path.parent.name == "p":
            write(path, "", encoding)
            path = Path("/dev/full")
        return write(path, text, encoding)

    monkeypatch.setattr(Path, "write_text", full)
    workspace.expect("new", "p", "--subject", "ana", exit_code=1).shows("can't write p/", "No space left").hides("None")
    assert workspace.files("p/*") == []


def test_the_recipe_fits_the_schema(workspace: Workspace) -> None:
    workspace.run("new", "--subject", "ana")
    schema = cast("dict[str, JSONValue]", recipe_schema(Catalog.load()))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(workspace.read("recipe.yaml")))


def test_here_with_photos_that_are_there(workspace: Workspace) -> None:
    workspace.photos("my photos", count=1)
    screen = workspace.expect("new", "--subject", "ana", "--photos", "my photos")
    workspace.matches("cli/new-with-photos", screen.plain(screen.stdout))  # progress depends on the machine's load
    recipe = yaml.safe_load(workspace.read("recipe.yaml"))
    assert recipe["name"] == "project"
    assert recipe["subjects"]["ana"]["training_set"] == "my photos"
    assert not workspace.path("photos").exists()


def test_photos_far_away_are_named_whole(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    workspace.run("new", "a/b/c", "--subject", "ana", "--photos", str(tmp_path / "far"))
    training_set = yaml.safe_load(workspace.read("a/b/c/recipe.yaml"))["subjects"]["ana"]["training_set"]
    assert training_set == str(tmp_path / "far")


def test_an_empty_folder_is_no_photos(workspace: Workspace) -> None:
    workspace.path("photos").mkdir()
    workspace.expect("new", "set", "--subject", "ana", "--photos", "photos").shows(
        "Put 8 to 20 photos of ana into photos."
    )


def test_nothing_is_written_over(workspace: Workspace) -> None:
    workspace.write("prompts/headshot.j2", "mine")
    workspace.expect("new", "--subject", "ana", exit_code=2).shows("prompts/headshot.j2 already exists", "`--force`")
    assert workspace.files("**/*") == ["prompts/headshot.j2"]
    workspace.write("recipe.yaml", "mine").photos("photos/ana", count=2)
    screen = workspace.expect("new", "--photos", "photos", "--yes", exit_code=2)
    screen.shows("recipe.yaml already exists").hides("2 photos")
    workspace.expect("new", "--subject", "ana", "--force")
    assert workspace.read("prompts/headshot.j2") != "mine"


def test_names_that_are_none(workspace: Workspace) -> None:
    workspace.expect("new", "--subject", "../x", exit_code=2).shows("invalid name `../x`")
    workspace.expect("new", "--subject", "ana", "--name", "", exit_code=0)
    workspace.expect("new", "b", "--subject", "ana", "--photos", "gone", exit_code=2).shows("folder gone not found")


@pytest.mark.parametrize(("folder", "name"), [("My Set 2", "my-set-2"), ("2026", "recipe-2026"), ("名", "recipe")])
def test_the_recipe_is_named_for_its_folder(workspace: Workspace, folder: str, name: str) -> None:
    workspace.expect("new", folder, "--subject", "ana")
    assert yaml.safe_load(workspace.read(f"{folder}/recipe.yaml"))["name"] == name


def test_a_folder_that_cannot_be_written(workspace: Workspace) -> None:
    workspace.write("file", "")
    workspace.expect("new", "file/x", "--subject", "ana", exit_code=1).shows("can't write file/")
    workspace.write("there/photos", "")
    workspace.expect("new", "there", "--subject", "ana", exit_code=1).shows("can't write there/photos/ana")


@pytest.mark.parametrize("word", ["no", "a: b", "#x", "{x}", "é ü", 'say "x"', "-", "x\ny", "12", "x y", "null"])
def test_words_of_the_users_stay_words(word: str) -> None:
    answers = ProjectAnswers(
        name="no", people=[NewSubject(name="on", noun=word, trigger=derive_trigger("on"), photos=word)]
    )
    recipe = yaml.safe_load(starter_recipe(answers))
    assert recipe["subjects"]["on"]["noun"] == word
    assert recipe["subjects"]["on"]["training_set"] == word
    assert recipe["shots"]["headshots"]["cast"] == "on"


def test_triggers_differ_and_stay() -> None:
    assert derive_trigger("ana") == derive_trigger("ana")
    assert len({derive_trigger(name) for name in ("ana", "ben", "cem", "名")}) == 4


def test_shared_files_in_a_checkout_and_in_a_wheel(tmp_path: Path) -> None:
    assert shipped_path("schemas").resolve() == ROOT / "schemas"
    (tmp_path / "nano_banana" / "share").mkdir(parents=True)
    assert shipped_path("schemas", "x", package=tmp_path / "nano_banana") == tmp_path / "nano_banana/share/schemas/x"


def test_nobody_is_called_all(workspace: Workspace) -> None:
    workspace.expect("new", "--subject", "all", exit_code=2).shows("the name `all` is reserved")
    assert workspace.files("**/*") == []


def test_without_a_terminal_it_says_which_flag_it_needs(workspace: Workspace) -> None:
    workspace.expect("new", exit_code=2).shows("not a terminal, so nothing can be asked", "--subject NAME")
    workspace.expect("new", "--yes", exit_code=2)
    assert workspace.files("**/*") == []


def test_flags_answer_every_question(workspace: Workspace) -> None:
    workspace.photos("photos", count=12)
    screen = workspace.run(
        *("new", "set", "--subject", "ana", "--noun", "woman", "--trigger", "anqz7", "--photos", "photos"),
        *("--template", "cinema/noir-detective", "--template", "art/oil-portrait", "--takes", "5", "--provider", "fal"),
        *("--budget", "12.5", "--no-gate", "--consent-by", "Ana L.", "--consent-on", "2026-01-31"),
        *("--consent-for", "press", "--consent-for", "on tour", "--plan"),
    )
    assert screen.exit_code == 0, screen.text
    screen.shows("10 pictures to make", "budget $12.50", "calls to make")
    recipe = yaml.safe_load(workspace.read("set/recipe.yaml"))
    assert recipe["provider"] == "fal"
    assert recipe["limits"] == {"budget_usd": 12.5}
    subject = recipe["subjects"]["ana"]
    assert subject["trigger"] == "anqz7"
    assert subject["training_set"] == {"photos": "../photos", "hold_out": 3}
    consent = subject["consent"]
    # PyYAML takes the key `on` for true; our reader does not.
    assert (consent["given_by"], str(consent[True])) == ("Ana L.", "2026-01-31")
    assert consent["uses"] == ["press", "on tour"]
    assert recipe["templates"]["noir-detective"] == {"pack": "cinema/noir-detective"}
    assert [stage["id"] for stage in recipe["stages"]] == ["likeness", "takes"]
    workspace.expect("check", "set").shows("consent of ana: given by Ana L. on 2026-01-31, for press, on tour")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--template", "cinema/noir-detectiv"], "did you mean `cinema/noir-detective`"),
        (["--trigger", "two words"], "`two words` is not one word"),
        (["--consent-for", "press"], "add `--consent-by NAME`"),
        (["--takes", "0"], "--takes"),
        (["--consent-by", "Ana", "--consent-on", "last week"], "`last week` is not a date"),
        (["--consent-by", "Ana", "--consent-on", "2026-02-30"], "write it as YYYY-MM-DD"),
    ],
)
def test_flags_that_can_t_be(workspace: Workspace, flags: list[str], said: str) -> None:
    workspace.expect("new", "--subject", "ana", *flags, exit_code=2).shows(said)
    assert workspace.files("**/*") == []


def test_a_recipe_without_consent_is_warned_of_by_check_alone(workspace: Workspace) -> None:
    workspace.run("new", "--subject", "ana")
    workspace.photos("photos/ana", count=2)
    workspace.expect("check").shows("no consent recorded for `ana`", "recipe.yaml:")
    workspace.expect("plan").hides("no consent recorded")
    workspace.edit("recipe.yaml", "    # consent:", "    consent: {given_by: Ana}\n    # consent:")
    told = workspace.json("check")
    assert told["consents"] == {"ana": {"given_by": "Ana"}}
    assert [problem["kind"] for problem in cast("list[dict[str, str]]", told["problems"])] == ["half_a_consent"]
    workspace.edit("recipe.yaml", "{given_by: Ana}", "{given_by: Ana, on: last week, uses: [press]}")
    workspace.expect("check").shows("invalid consent date `last week` for `ana`", "2026-01-31")


def test_a_folder_for_each_person(workspace: Workspace) -> None:
    workspace.photos("team/Ana", count=8).photos("team/ben", count=2, seed=2)
    workspace.expect("new", "set", "--photos", "team", "--yes").shows("ana: 8 photos", "ben: 2 photos").hides("Put 8")
    recipe = yaml.safe_load(workspace.read("set/recipe.yaml"))
    assert recipe["subjects"]["ana"]["training_set"] == {"photos": "../team/Ana", "hold_out": 2}
    assert recipe["subjects"]["ben"]["training_set"] == "../team/ben"
    assert recipe["shots"]["headshots"]["cast"] == {"each": ["ana", "ben"]}
    assert recipe["stages"][0]["train"] == ["ana", "ben"]
    workspace.expect("check", "set").shows("2 subjects")


def test_people_of_a_table(workspace: Workspace) -> None:
    workspace.photos("lists/ana", count=2)
    table = "name,noun,photos,consent_by,consent_on\nana,woman,ana,Ana L.,2026-01-31\nben,man,,,\n"
    workspace.write("lists/people.csv", table)
    screen = workspace.expect("new", "set", "--people", "lists/people.csv")
    screen.shows("Put 8 to 20 photos of ben into set/photos/ben.", "ana: 2 photos")
    subjects = yaml.safe_load(workspace.read("set/recipe.yaml"))["subjects"]
    assert {name: (one["noun"], one["training_set"]) for name, one in subjects.items()} == {
        "ana": ("woman", "../lists/ana"),
        "ben": ("man", "photos/ben"),
    }
    assert subjects["ana"]["consent"]["given_by"] == "Ana L."
    assert "consent" not in subjects["ben"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,age\nana,3\n", "available: consent_by, consent_on, name, noun, photos, trigger"),
        ("name\n", "people.csv has unknown columns for a table of people"),
        ("name,noun\nana,woman,more\n", "columns"),
        ("name\nana\nana\n", "two people are called `ana`"),
        ("name\nall\n", "the name `all` is reserved"),
        (b"name\n\xff\n", "can't read the table"),
    ],
)
def test_tables_of_people_that_can_t_be(workspace: Workspace, table: str | bytes, said: str) -> None:
    workspace.write("people.csv", table)
    workspace.expect("new", "--people", "people.csv", exit_code=2).shows(said).hides("Traceback", "a bug")


def test_people_by_name_and_their_folders(workspace: Workspace) -> None:
    workspace.photos("team/ana", count=1).photos("team/ben", count=1)
    workspace.expect("new", "a", "--photos", "team", "--subject", "ben").shows("ben: 1 photo").hides("ana: ")
    workspace.expect("new", "b", "--photos", "team", "--subject", "bem", exit_code=2).shows("did you mean `ben`?")
    workspace.expect("new", "c", "--subject", "ana", "--subject", "ben").shows("c/photos/ana", "c/photos/ben")
    both = ("--subject", "ana", "--subject", "ben")
    workspace.expect("new", "d", *both, "--trigger", "anqz7", exit_code=2).shows("`--trigger` is for one person")


def test_one_more_person(workspace: Workspace) -> None:
    workspace.photos("ben", count=3, seed=2)
    workspace.run("new", "set", "--subject", "ana")
    workspace.photos("set/photos/ana", count=2)
    before = workspace.read("set/recipe.yaml")
    screen = workspace.expect("new", "set", "--add", "ben", "--noun", "man", "--photos", "ben")
    screen.shows("ben: 3 photos", "+  ben:", "training_set: ../ben\n \n@@", "-    train: ana", "+    train: [ana, ben]")
    after = workspace.read("set/recipe.yaml")
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    assert [line.partition("#")[2] for line in after.splitlines() if "#" in line] == comments
    assert yaml.safe_load(after)["shots"]["headshots"]["cast"] == {"each": ["ana", "ben"]}
    workspace.expect("check", "set").shows("2 subjects", "no errors")
    workspace.expect("new", "set", "--add", "ben", exit_code=2).shows("two people are called `ben`")
    assert workspace.read("set/recipe.yaml") == after
    workspace.expect("new", "set", "--add", "cem").shows("Put 8 to 20 photos of cem into set/photos/cem.")
    assert yaml.safe_load(workspace.read("set/recipe.yaml"))["stages"][0]["train"] == ["ana", "ben", "cem"]


@pytest.mark.parametrize(
    ("text", "said"), [("[", "can't read"), ("a: 1", "has no `subjects`"), ("- 1", "has no `subjects`")]
)
def test_nobody_is_added_to_what_is_no_recipe(workspace: Workspace, text: str, said: str) -> None:
    workspace.write("recipe.yaml", text)
    workspace.expect("new", "--add", "ben", exit_code=2).shows(said)
    workspace.expect("new", "elsewhere", "--add", "ben", exit_code=2).shows("not found")


def test_a_new_project_is_its_own_root(workspace: Workspace) -> None:
    workspace.path(".nano-banana").mkdir()
    workspace.run("new", "set", "--subject", "ana")
    workspace.photos("set/photos/ana", count=2)
    workspace.expect("plan", "set/recipe.yaml").hides("project: ")
    assert workspace.path("set/.nano-banana").is_dir()
    workspace.write("set/nano-banana.toml", "parallel_image = 3\n").run("new", "set", "--subject", "ana", "--force")
    assert workspace.read("set/nano-banana.toml") == "parallel_image = 3\n"
    workspace.path("set/nano-banana.toml").unlink()
    shutil.rmtree(workspace.path("set/.nano-banana"))
    workspace.expect("plan", "set/recipe.yaml").shows("(contains .nano-banana)")


def test_the_schema_lies_beside_the_recipe(workspace: Workspace) -> None:
    workspace.run("new", "--subject", "ana")
    assert "$schema=recipe.schema.json" in workspace.read("recipe.yaml")
    assert '"properties"' in workspace.read("recipe.schema.json")
    assert "recipe.schema.json" in workspace.read(".gitignore")


def test_one_photo_outside_the_project_is_trusted_as_several_are(workspace: Workspace) -> None:
    workspace.photos("../elsewhere", count=1)
    workspace.run("new", "set", "--subject", "ana", "--photos", "../elsewhere")
    workspace.run("plan", "set/recipe.yaml", "--provider", "fal").hides("outside its project")
