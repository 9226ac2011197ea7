"""One emulator for all stories of a session, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from tests.fal.forks import Forks
from tests.fal.project import FalProject
from tests.fal.service import Service
from tests.workspace import Workspace


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A server of tiny pictures, each made in a moment."""
    with Emulator(tmp_path_factory.mktemp("emulator"), EmulatorOptions(pictures="plain", seconds=0.02)) as server:
        yield server


@pytest.fixture
def project(workspace: Workspace, emulator: Emulator) -> Iterator[FalProject]:
    """Four takes, to be made by the session's emulator."""
    project = FalProject(workspace, emulator)
    project.service.turn("reset")
    yield project
    project.service.close()


@pytest.fixture
def service(project: FalProject) -> Service:
    """The service of this project."""
    return project.service


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What starts the program in a moment."""
    with Forks(tmp_path_factory.mktemp("forks")) as ready:
        yield ready
