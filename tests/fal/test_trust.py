"""A project of strangers: it redirects nothing, and sends nothing of yours elsewhere, unless you say so."""

from __future__ import annotations

import pytest

from tests.fal.project import TRAINED, FalProject
from tests.fal.service import Service
from tests.workspace import Workspace

ELSEWHERE = 'fal_url = "http://127.0.0.1:9"\nstore = "../kept"\nask_above_usd = 5000\n'
OWN = """\
id: {id}
does: generate
makes: [image]
fields:
  prompt: {{type: string, required: true}}
  seed: {{type: integer}}
roles: {{prompt: prompt, seed: seed}}
price: {{usd: {usd}, unit: image, as_of: "2026-08", source: us}}
"""
STAGES = "stages:\n  - {id: takes, generate: heads, using: fal-ai/flux/dev}\n"


def clone(project: FalProject) -> FalProject:
    """The project is somebody's repository."""
    project.workspace.write(".git/HEAD", "")
    return project


def test_a_project_redirects_nothing_until_its_folder_is_trusted(project: FalProject) -> None:
    workspace = clone(project).workspace.write("nano-banana.toml", ELSEWHERE)
    screen = workspace.run("config", "show")
    screen.shows("warning: `ask_above_usd`, `fal_url`, `store` in nano-banana.toml ignored", "nano-banana trust").hides(
        "../kept", "5000"
    )
    project.run().shows("ignored")
    assert workspace.path(".nano-banana").is_dir()
    assert not workspace.path("../kept").exists()
    workspace.run("trust", "--yes").shows('fal_url = "http://127.0.0.1:9"', "Trusted")
    workspace.run("config", "show").hides("ignored").shows("5000")
    workspace.edit("nano-banana.toml", "127.0.0.1:9", "127.0.0.1:8")
    workspace.run("config", "show").shows("ignored")


def test_trust_is_taken_back(project: FalProject) -> None:
    workspace = clone(project).workspace.write("nano-banana.toml", 'store = "../kept"\n')
    workspace.run("trust", "--revoke").shows("not trusted before")
    workspace.run("trust", "--yes").shows("Trusted")
    workspace.run("trust", "--revoke").shows("No longer trusted")
    workspace.run("config", "show").shows("ignored")


@pytest.mark.parametrize("lower", ["ask_above_usd = 0.01", 'store = "kept"', 'provider = "fal"'])
def test_what_harms_nobody_needs_no_trust(project: FalProject, lower: str) -> None:
    clone(project).workspace.write("nano-banana.toml", f"{lower}\n").run("config", "show").hides("ignored")


def test_a_damaged_list_of_trust_is_no_consent(project: FalProject) -> None:
    workspace = clone(project).workspace.write("nano-banana.toml", 'store = "../kept"\n')
    workspace.run("trust", "--yes")
    (kept,) = workspace.home.rglob("trusted.json")
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text("[")
    workspace.run("config", "show").shows("ignored")


def test_a_recipe_reads_only_the_variables_that_are_allowed(project: FalProject, service: Service) -> None:
    clone(project).edit("{{ scene }}", "{{ scene }} {{ env.AWS_SECRET | default('') }}")
    project.workspace.env(AWS_SECRET="leak-me", NANO_BANANA_ALLOW_ENV="STUDIO")
    for command in ("check", "plan"):
        screen = project.workspace.run(command)
        assert screen.exit_code == 2
        screen.shows("reads the environment variable `AWS_SECRET`, which you haven't allowed", "--allow-env AWS_SECRET")
    project.run("--yes", exit_code=2)
    project.run("--yes", "--allow-env", "AWS_SECRET", exit_code=3).shows("your environment variables AWS_SECRET")
    assert service.asked() == 0
    config = project.workspace.home / "config"
    config.write_text("in the way of what is remembered")
    project.run("--allow-env", "AWS_SECRET", "--trust").shows("warning: can't write", "trust")
    assert service.asked() > 0
    config.unlink()
    project.edit("11, 29", "11, 29, 31").run("--allow-env", "AWS_SECRET", "--trust")
    project.edit("29, 31", "29, 31, 47").run("--allow-env", "AWS_SECRET")
    project.workspace.env(TOKEN="mine")
    project.edit("default('')", "default('') }} {{ env.TOKEN | default('')")
    project.run("--allow-env", "AWS_SECRET", "--allow-env", "TOKEN", exit_code=3).shows("AWS_SECRET, TOKEN")


def test_variables_that_the_project_allows_are_trusted_together_with_the_recipe(
    project: FalProject, service: Service
) -> None:
    clone(project).edit("{{ scene }}", "{{ scene }} {{ env.STUDIO | default('') }}")
    project.workspace.env(STUDIO="north").write("nano-banana.toml", 'allow_env = "STUDIO"\n')
    project.run("--yes", exit_code=2).shows("warning: `allow_env` in nano-banana.toml ignored")
    project.workspace.run("trust", "--yes").shows(
        'allow_env = "STUDIO"', "your environment variables STUDIO", "Trusted"
    )
    assert service.asked() == 0
    project.run("--yes").hides("ignored", "environment")
    project.workspace.run("trust", "--revoke").shows("No longer trusted")
    project.edit("11, 29", "11, 31").run("--yes", exit_code=2)


def test_an_adapter_of_a_shelf_outside_is_sent_only_after_a_yes(project: FalProject, service: Service) -> None:
    project.trained().run("--yes", "--store", "../home/kept")
    recipe = project.workspace.path("recipe.yaml").read_text()
    recipe = recipe.replace("  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}\n", "")
    recipe = recipe.replace("{likeness: 0.95}", "{mine: 0.95}").replace("11, 29", "11, 31")
    project.workspace.write("recipe.yaml", f"{recipe}adapters: {{mine: {{model: ana}}}}\n")
    asked = service.asked()
    screen = project.run("--yes", "--store", "../home/kept", exit_code=3)
    screen.shows("sends the adapter `ana@1` from your shelf").hides("blobs")
    assert service.asked() == asked
    project.run("--yes", "--store", "../home/kept", "--trust")


def test_photos_from_outside_are_sent_only_after_a_yes(project: FalProject, service: Service) -> None:
    clone(project).workspace.write("recipe.yaml", TRAINED.replace("photos/ana", "../home/diary"))
    project.workspace.photos("../home/diary", count=2, size=(48, 60))
    for screen in (project.workspace.run("check"), project.workspace.run("plan")):
        screen.shows("sends 2 files from outside its project: ~/diary")
    project.run("--yes", exit_code=3).shows("nothing was sent")
    assert service.asked() == 0
    project.workspace.run("trust", "--yes").shows("Trusted")
    project.run("--yes").hides("outside")


def test_an_endpoint_of_a_stranger_is_asked_about(project: FalProject, service: Service) -> None:
    clone(project).workspace.write("endpoints/app.yaml", OWN.format(id="attacker/app", usd=0.001))
    project.edit("fal-ai/flux/dev", "attacker/app")
    project.run("--yes", exit_code=3).shows("`attacker/app`, whose owner `attacker` is unknown", "$0.001 per image")
    assert service.asked() == 0


def test_a_price_that_the_project_replaces_is_asked_about(project: FalProject, service: Service) -> None:
    clone(project).workspace.write("endpoints/dev.yaml", OWN.format(id="fal-ai/flux/dev", usd=1e-7))
    screen = project.run(exit_code=3).shows("changes the price of `fal-ai/flux/dev` from $")
    screen.shows("to $1e-07 per image")
    assert service.asked() == 0


def test_a_recipe_can_only_lower_what_may_go_unasked(project: FalProject, service: Service) -> None:
    project.limits("{ask_above_usd: 100000}").edit("[11, 29]", "{count: 400}")
    project.run(exit_code=3).shows("more than $10.00")
    assert service.asked() == 0


def test_nothing_is_asked_where_nothing_leaves(project: FalProject) -> None:
    clone(project).workspace.write("recipe.yaml", TRAINED.replace("photos/ana", "../home/diary"))
    project.workspace.photos("../home/diary", count=2, size=(48, 60))
    project.run("--provider", "local", "--yes").hides("outside")
    project.workspace.run("trust", "--provider", "local").shows("Nothing to trust")


def test_wrong_names_of_variables_are_refused(workspace: Workspace) -> None:
    workspace.run("config", "set", "allow_env", "A B").shows("names of environment variables")
    workspace.write("recipe.yaml", TRAINED)
    screen = workspace.run("plan", "--allow-env", "A B")
    screen.shows("`--allow-env` must be names of environment variables").hides("bug")


@pytest.mark.parametrize("more", ["5000", '"5000"', "inf"])
def test_a_project_can_only_lower_what_may_go_unasked(workspace: Workspace, more: str) -> None:
    workspace.write("nano-banana.toml", f"ask_above_usd = {more}\n")
    workspace.run("config", "show").shows("warning: `ask_above_usd` in nano-banana.toml ignored").hides("5000")


def test_photos_that_new_was_given_are_not_asked_about(project: FalProject) -> None:
    workspace = project.workspace.photos("../home/team/ana", count=5)
    workspace.expect("new", "set", "--photos", "~/team", "--yes")
    workspace.expect("plan", "set", "--provider", "fal").hides("from outside")
    workspace.photos("../home/team/ana", count=6)
    workspace.run("plan", "set", "--provider", "fal").shows("sends 6 files from outside its project: ~/team/ana")
