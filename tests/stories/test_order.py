"""When calls are made: no barrier between takes, limits kept exactly, the same call once."""

from __future__ import annotations

from collections import Counter

from tests.stories.project import PAINT, Project


def painted(project: Project) -> Project:
    """The project with a stage that repaints every take."""
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT)
    return project


def test_a_take_is_painted_while_another_is_drawn(project: Project) -> None:
    painted(project).notes.rule(slow=['office"'])
    project.run()
    drawn = [line.at for line in project.notes.lines("answered") if line.endpoint == "fal-ai/flux-lora"]
    painting = [line.at for line in project.notes.lines() if line.endpoint == "fal-ai/flux-lora/inpainting"]
    assert min(painting) < max(drawn)


def test_the_limits_are_kept_exactly_and_used_up(project: Project) -> None:
    project.edit("seeds: [11, 29]", "seeds: {count: 8}")
    project.edit("name: portraits", "name: portraits\nlimits: {parallel: {image: 3}}")
    project.notes.rule(delay=0.05)
    project.run()
    events = [(line.at, 1) for line in project.notes.lines() if line.endpoint == "fal-ai/flux-lora"]
    events += [(line.at, -1) for line in project.notes.lines("answered") if line.endpoint == "fal-ai/flux-lora"]
    under_way = most = 0
    for _, change in sorted(events):
        under_way += change
        most = max(most, under_way)
    assert most == 3
    assert under_way == 0


def test_two_takes_that_ask_for_the_same_call_share_it(project: Project) -> None:
    project.edit(", headshot, {{ scene }}", "").notes.rule(delay=0.1)
    calls = project.calls()
    assert calls["made"] == 4
    assert max(Counter(line.key for line in project.notes.lines()).values()) == 1
    assert len(project.pictures()) == 4


def test_many_takes_pass_through_a_window(project: Project) -> None:
    project.edit("seeds: [11, 29]", "seeds: {count: 100}").run()
    assert len(project.pictures()) == 200
    project.quiet()
