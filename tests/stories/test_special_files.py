"""Pipes, sockets and the kernel's files, wherever a recipe names a file: an error, and no waiting."""

from __future__ import annotations

import os
import socket

import pytest

from tests.stories.project import Project

PLACES = {
    "call": "\n  - {{id: x, call: fal-ai/esrgan, each: takes, files: {{model: '{file}'}}}}\n",
    "mask": "\n  - {{id: x, inpaint: takes, mask: {{file: '{file}'}}, using: fal-ai/flux-lora/inpainting}}\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("file", ["pipe.png", "socket.png", "/proc/self/mem", "/proc/kmsg", "/dev/zero"])
def test_what_is_no_regular_file_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str, file: str
) -> None:
    os.mkfifo(project.root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(project.root)  # a socket's path may not be long
        bound.bind("socket.png")
        recipe = project.workspace.path("recipe.yaml")
        recipe.write_text(recipe.read_text().rstrip() + PLACES[place].format(file=file))
        screen = project.workspace.run("run", "--trust", "--yes")
    assert screen.exit_code in (1, 2), screen.text
    screen.hides("this is a bug")


def test_a_pipe_for_a_caption_is_refused(project: Project) -> None:
    os.mkfifo(project.root / "photos/ana/01.txt")
    project.workspace.expect("check", exit_code=2).shows("01.txt", "not a regular file")
