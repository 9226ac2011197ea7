"""The Python API: what it returns and raises, with an event loop and without."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import nano_banana as nb
from tests.workspace import ROOT, Workspace

RECIPE = """
nano_banana: 1
name: team
provider: local

subjects:
  ana:
    trigger: anqz7
    noun: woman
    training_set: photos/ana

shots:
  headshots:
    cast: ana
    template: portrait of {{ subject.trigger }} {{ subject.noun }} in an office
    seeds: [11, 12]

stages:
  - id: likeness
    train: all
    using: fal-ai/flux-lora-portrait-trainer
  - id: takes
    generate: all
    using: fal-ai/flux-lora
    adapters: {likeness: 1.0}
    with: {image_size: {width: 256, height: 320}}
"""


@pytest.fixture
def recipe(workspace: Workspace) -> nb.LoadedRecipe:
    workspace.write("recipe.yaml", RECIPE).photos("photos/ana", count=4)
    return nb.load(workspace.path("recipe.yaml"))


def test_a_recipe_is_planned_and_run(workspace: Workspace, recipe: nb.LoadedRecipe) -> None:
    plan = recipe.plan()
    assert (plan.reused, plan.price_low, plan.price_high) == (0, 0.0, 0.0)
    assert [take.status for take in plan.takes] == ["planned", "planned"]
    result = recipe.run()
    assert (result.status, result.cost) == ("done", 0.0)
    assert [(take.id, take.seed) for take in result.takes] == [("headshots/ana/s11", 11), ("headshots/ana/s12", 12)]
    assert all(take.path is not None and take.path.is_file() and take.cast == ("ana",) for take in result.takes)
    assert recipe.plan().calls == 0
    assert "Nothing to do" in workspace.run("run").text, "the API leaves the trace that the command line looks for"


def test_errors_and_warnings_are_found_with_their_place(workspace: Workspace, recipe: nb.LoadedRecipe) -> None:
    assert [problem.kind for problem in recipe.check()] == ["no_consent"]
    workspace.edit("recipe.yaml", "{likeness: 1.0}", "{likenes: 1.0}")
    found = [problem for problem in recipe.check() if not problem.warning]
    assert [(problem.line, Path(problem.file or "").name) for problem in found] == [(24, "recipe.yaml")]
    assert "likenes" in found[0].text
    with pytest.raises(nb.NanoBananaError) as raised:
        _ = recipe.run()
    assert raised.value.problems == tuple(found)
    assert str(found[0]) in raised.value.__notes__


def test_a_file_that_is_missing_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(nb.NanoBananaError, match="no_recipe"):
        nb.load(workspace.path("nothing.yaml"))


def test_takes_are_selected(workspace: Workspace, recipe: nb.LoadedRecipe) -> None:
    del recipe
    assert [take.seed for take in nb.load(workspace.root, only="*/s12").plan().takes] == [12]
    assert len(nb.load(workspace.root, sample=1).plan().takes) == 1


def test_nothing_dear_is_done_without_a_budget(workspace: Workspace, recipe: nb.LoadedRecipe) -> None:
    del recipe
    workspace.edit("recipe.yaml", "provider: local", "limits: {ask_above_usd: 0}").env(FAL_KEY="0123:4567")
    paid = nb.load(workspace.root, provider="fal")
    with pytest.raises(nb.NanoBananaError, match="budget_missing"):
        _ = paid.run()
    with pytest.raises(nb.NanoBananaError, match="budget_short"):
        _ = paid.run(budget=0.01)


def test_what_was_not_accepted_is_not_sent(workspace: Workspace, recipe: nb.LoadedRecipe) -> None:
    del recipe
    (workspace.root / "photos").rename(workspace.home / "photos")
    workspace.edit("recipe.yaml", "training_set: photos/ana", f"training_set: {workspace.home}/photos/ana")
    workspace.env(FAL_KEY="0123:4567")
    with pytest.raises(nb.NanoBananaError, match="not_trusted"):
        _ = nb.load(workspace.root, provider="fal").run(budget=100.0)


def test_it_runs_inside_an_event_loop(recipe: nb.LoadedRecipe) -> None:
    threads: set[threading.Thread] = set()

    async def cell() -> tuple[nb.RunResult, nb.RunResult]:
        first = recipe.run(on_event=lambda _event: threads.add(threading.current_thread()))
        return first, await recipe.run()

    first, second = asyncio.run(cell())
    assert (first.status, second.status) == ("done", "done")
    assert [take.path for take in first.takes] == [take.path for take in second.takes]
    assert threads == {threading.current_thread()}


def test_an_async_run_lets_other_tasks_go_on(recipe: nb.LoadedRecipe) -> None:
    threads: set[threading.Thread] = set()

    async def program() -> nb.RunResult:
        run = asyncio.create_task(recipe.run_async(on_event=lambda _event: threads.add(threading.current_thread())))
        while not threads:
            assert not run.done()
            await asyncio.sleep(0.01)
        return await run

    assert asyncio.run(program()).status == "done"
    assert threads == {threading.current_thread()}


def test_a_run_that_is_cancelled_keeps_what_it_made(recipe: nb.LoadedRecipe) -> None:
    async def program() -> None:
        def stop_at_first(event: nb.Event) -> None:
            if event.kind == "made" and event.stage != "checks":
                run.cancel()

        run = asyncio.create_task(recipe.run_async(on_event=stop_at_first))
        _ = await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(program())
    assert recipe.plan().reused > 0
    assert recipe.run().status == "done"


def test_an_error_of_the_handler_ends_the_run(recipe: nb.LoadedRecipe) -> None:
    async def cell() -> None:
        def fail(event: nb.Event) -> None:
            raise ZeroDivisionError(event.kind)

        _ = recipe.run(on_event=fail)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(cell())
    assert recipe.run().status == "done"


def test_importing_the_package_loads_nothing_of_it() -> None:
    program = "import sys, nano_banana; print([name for name in sys.modules if name.startswith('nano_banana.')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
