"""Small remarks at the end of a run: what lies there still, and what could be better."""

from __future__ import annotations

from tests.stories.project import Project


def test_pictures_of_takes_that_are_no_more_are_counted_and_left_alone(project: Project) -> None:
    project.run()
    before = project.pictures()
    screen = project.edit("seeds: [11, 29]", "seeds: [11]").run()
    screen.shows("2 pictures from earlier runs were kept: 2 in takes")
    assert project.pictures() == before
    assert "an earlier run" not in project.edit("name: portraits", "name: others").run().text


def test_a_part_of_the_recipe_makes_no_picture_old(project: Project) -> None:
    project.run()
    project.edit("headshot, {{ scene }}", "bust, {{ scene }}")
    assert "an earlier run" not in project.run("--only", "heads/ana/office/*").text


def test_plain_pictures_are_said_once(project: Project) -> None:
    project.notes.rule(plain=True)
    screen = project.run()
    assert screen.text.count("the local provider drew simplified pictures") == 1
    assert "drew plain" not in project.edit("nano_banana: 1", "# a remark\nnano_banana: 1").run().text
