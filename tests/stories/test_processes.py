"""Several processes on one store, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from itertools import pairwise

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.fal.service import until
from tests.photos import photo
from tests.stories.project import PAINT, Project

MOMENTS = int(os.environ.get("NANO_BANANA_KILLS", "3"))
"""How many times a run is killed; 30 for a long look."""


def recorded(project: Project) -> set[str]:
    """The keys of every answer that the store has."""
    if not (project.root / ".nano-banana/store.sqlite").exists():
        return set()
    asked = {line.key for line in project.notes.lines()}
    with project.store() as store:
        return set(store.replies.get(asked))


def wait_for(project: Project, count: int) -> None:
    """Wait until so many calls have begun."""
    until(lambda: len(project.notes.lines()) >= count, f"{count} calls begun")


def test_two_runs_at_once_share_the_work(project: Project) -> None:
    project.edit("seeds: [11, 29]", "seeds: {count: 6}").notes.rule(delay=0.3)
    project.edit("name: portraits", "name: portraits\nlimits: {parallel: {image: 4}}")
    first, second = project.spawn("run", "--json"), project.spawn("run", "--json")
    ends = [first.wait(), second.wait()]
    assert [end.exit_code for end in ends] == [0, 0], [end.text for end in ends]
    assert max(Counter(line.key for line in project.notes.lines()).values()) == 1
    calls = [as_object(end.json["calls"]) for end in ends]
    assert [call["total"] for call in calls] == [14, 14]
    assert sum(int(str(call["made"])) for call in calls) == 14
    assert len({line.pid for line in project.notes.lines()}) == 2
    project.quiet()


def test_killed_at_any_moment_nothing_recorded_is_made_again(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT)
    project.notes.rule(delay=0.03)
    dice = random.Random(20261122)
    seen: set[str] = set()
    for moment in range(MOMENTS):
        running = project.spawn("run")
        if moment % 5 == 4:
            time.sleep(dice.uniform(0.0, 0.5))
        else:
            wait_for(project, 1)
            time.sleep(dice.uniform(0.0, 0.25))
        running.signal(signal.SIGKILL).wait()
        again = seen & {line.key for line in project.notes.lines()}
        assert not again, f"made again at moment {moment}"
        seen |= recorded(project)
        project.notes.fresh()
        # Other seeds, so that there is always something left to do.
        project.edit("seeds: [", f"seeds: [{100 + moment}, ")
    assert seen
    project.notes.rule()
    project.run()
    assert not seen & {line.key for line in project.notes.lines()}
    verified = project.workspace.json("cache", "verify")
    assert verified["damaged"] == []
    assert verified["missing"] == []
    project.quiet()


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_let_what_is_under_way_end_and_keep_it(
    project: Project, signal_sent: signal.Signals
) -> None:
    project.edit("name: portraits", "name: portraits\nlimits: {parallel: {image: 2}}").notes.rule(delay=0.4)
    running = project.spawn("run", "--json")
    wait_for(project, 3)
    running.process.send_signal(signal_sent)
    screen = running.wait()
    assert screen.exit_code == 130, screen.text
    screen.shows("2 of 4 pictures done")
    ends = [as_object(take)["status"] for take in as_items(screen.json["takes"])]
    assert sorted(map(str, ends)) == ["done", "done", "stopped", "stopped"]
    screen.shows("stopping: calls in progress finish and are kept", "the next run continues from here").hides(
        "Traceback"
    )
    assert screen.json["status"] == "stopped"
    begun = {line.key for line in project.notes.lines()}
    assert begun == {line.key for line in project.notes.lines("answered")} == recorded(project)
    assert as_object(screen.json["calls"])["made"] == len(begun) + 1
    project.notes.rule()
    project.notes.fresh()
    project.run().shows("4 of 4 pictures done")


def test_ctrl_c_twice_gives_up_what_is_under_way(project: Project) -> None:
    project.notes.rule(delay=600)
    running = project.spawn("run")
    wait_for(project, 1)
    running.signal(signal.SIGINT)
    time.sleep(0.2)
    screen = running.signal(signal.SIGINT).wait()
    assert project.notes.lines("answered") == []
    assert screen.exit_code == 130, screen.text
    screen.hides("Traceback", "this is a bug")
    project.notes.rule()
    project.run().shows("4 of 4 pictures done")


def test_ctrl_c_while_photos_are_read_is_an_interruption_too(project: Project) -> None:
    for number in range(4):
        project.workspace.write(f"photos/ana/more{number}.jpg", photo(number, size=(24, 24)))
        # Sparse: takes no room, but long to read.
        os.truncate(project.root / f"photos/ana/more{number}.jpg", 400_000_000)
    running = project.spawn("run")
    until((project.root / ".nano-banana/store.sqlite").exists, "a store")
    time.sleep(0.1)
    screen = running.signal(signal.SIGINT).wait()
    assert screen.exit_code == 130, screen.text
    screen.hides("Traceback", "this is a bug")
    assert project.asked() == []


def test_runs_are_told_apart(project: Project) -> None:
    ids = [str(project.told("--only", name)["run"]) for name in ("heads/ana/office/s11", "heads", "likeness")]
    assert len(set(ids)) == 3
    assert all(first < second or first[:15] == second[:15] for first, second in pairwise(ids))
