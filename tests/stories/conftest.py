"""What the stories have in common: a project with a hand at work in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.hand import at_work
from tests.stories.people import People
from tests.stories.project import Project
from tests.workspace import Workspace


@pytest.fixture
def project(workspace: Workspace) -> Iterator[Project]:
    """A recipe with photos, whose calls a hand answers."""
    with at_work():
        yield Project(workspace)


@pytest.fixture
def people(workspace: Workspace) -> People:
    """Two people's photos, and nothing else yet."""
    return People(workspace)
