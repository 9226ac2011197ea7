"""What a person sees, whole."""

from __future__ import annotations

from tests.stories.project import Project
from tests.stories.test_trouble import with_ben


def test_the_screens_of_a_recipe_s_first_day(project: Project) -> None:
    show = project.workspace.expect
    show("plan", golden="stories/plan")
    show("plan", "--provider", "fal", golden="stories/plan-fal")
    show("run", golden="stories/run")
    show("run", golden="stories/run-again")
    project.pictures()[0].unlink()
    show("run", golden="stories/run-put-back")
    show("plan", golden="stories/plan-done")


def test_the_screens_of_a_bad_day(project: Project) -> None:
    show = project.workspace.expect
    with_ben(project).notes.rule(fail=["bnvk4"])
    show("run", golden="stories/run-failures", exit_code=1)
    show("run", golden="stories/run-failures-again", exit_code=1)
    show("run", "--only", "hedas", golden="stories/only-nothing", exit_code=2)
    project.notes.rule(refuse=["bnvk4"])
    show("run", "--only", "likeness", golden="stories/run-refused", exit_code=4)
    project.edit("name: portraits", "name: portraits\nlimits: {ask_above_usd: 2}")
    show("run", "--provider", "fal", golden="stories/run-too-dear", exit_code=3)
    project.edit("limits: {", "limits: {budget_usd: 1, ")
    show("run", "--provider", "fal", "--yes", golden="stories/run-budget", exit_code=3)
