"""A project, and a studio that serves it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import httpx
import pytest
from msgspec import Struct

from nano_banana.cli.commands.studio_command import studio_words
from nano_banana.cli.sheet_files import write_recipe_sheet
from nano_banana.model.known_folders import project_root
from nano_banana.session.run_request import RunRequest
from nano_banana.settings.configuration import load_settings
from nano_banana.studio.studio_access import StudioAccess
from nano_banana.studio.studio_project import StudioProject
from nano_banana.studio.studio_server import StudioServer, listening_socket
from tests.stories.gated import gated
from tests.stories.hand import at_work
from tests.stories.project import Project
from tests.workspace import Workspace


class Visit(Struct, frozen=True, kw_only=True):
    """A running studio: a browser that is signed in, and one that isn't."""

    server: StudioServer
    access: StudioAccess
    page: httpx.Client
    stranger: httpx.Client


Serve: TypeAlias = Callable[[Project], AbstractContextManager[Visit]]


@pytest.fixture
def project(workspace: Workspace) -> Iterator[Project]:
    """A project with a gate that isn't made yet."""
    with at_work():
        yield gated(Project(workspace))


@pytest.fixture
def made(project: Project) -> Project:
    """The project after its first run."""
    project.run()
    return project


@pytest.fixture
def serve() -> Serve:
    """Serves a project in this process."""
    return serving


@contextmanager
def serving(project: Project) -> Iterator[Visit]:
    """The studio of a project."""
    settings = load_settings(root=project_root(project.root), environ=os.environ, overrides={})
    sock = listening_socket("127.0.0.1", 0)
    port = sock.getsockname()[1]
    access = StudioAccess(scheme="http", hosts=(f"127.0.0.1:{port}", f"localhost:{port}"), port=port)
    request = RunRequest(recipe=project.root / "recipe.yaml")
    studio = StudioProject(request, settings, studio_words(), os.environ)
    base, origin = f"http://127.0.0.1:{port}", {"origin": f"http://127.0.0.1:{port}"}
    with (
        StudioServer(studio, sock, access, write_recipe_sheet) as server,
        httpx.Client(base_url=base, headers=origin, trust_env=False, timeout=30) as page,
        httpx.Client(base_url=base, trust_env=False, timeout=30) as stranger,
    ):
        assert page.get(f"/?token={access.token}").status_code == 303
        yield Visit(server=server, access=access, page=page, stranger=stranger)
