"""Single commands whose requests are bought: many recipes of one name, each for itself."""

from __future__ import annotations

from nano_banana.core.json import as_object
from tests.fal.books import agree
from tests.fal.books import agree_wholly
from tests.fal.project import KEY
from tests.fal.project import FalProject
from tests.fal.service import Service
from tests.screen import Screen

FOX = ("generate", "--provider", "fal", "--prompt", "a red fox")
HARE = ("generate", "--provider", "fal", "--prompt", "a brown hare")


def do(project: FalProject, *argv: str, exit_code: int = 0) -> Screen:
    """A command in this process, with an exit code to insist on."""
    screen = project.workspace.run(*argv)
    assert screen.exit_code == exit_code, screen.text
    return screen.hides("Traceback", "this is a bug", KEY)


def lose(project: FalProject, *argv: str) -> None:
    """Run a command whose one request is accepted and unheard of ever after."""
    project.service.fault("nginx-after").fault("5xx", on="api", times=None)
    do(project, *argv, exit_code=1).shows("was sent and its answer lost")
    project.service.faultless()


def test_what_one_command_gives_up_is_its_own(project: FalProject, service: Service) -> None:
    lose(project, *FOX)
    do(project, *HARE, "--abandon").shows("1 of 1 take done: 1 call made")
    assert project.states() == ["collected", "unknown"]
    # Nobody gave the fox up: it is found where it lies, and not bought again.
    do(project, *FOX).shows("1 of 1 take done")
    agree_wholly(project)
    assert service.count("accepted") == 2


def test_a_lost_request_is_settled_by_the_same_words(project: FalProject, service: Service) -> None:
    lose(project, *FOX)
    do(project, "stats").shows("1 request of unknown end", "generate/a-red-fox")
    service.fault("5xx", on="api", times=None)
    do(project, *FOX, "--plan").shows("1 request of which nobody knows the end", "--resubmit")
    do(project, *FOX, "--abandon", exit_code=1).shows("its lost request was given up")
    assert project.states() == ["abandoned"]
    told = do(project, *FOX, "--json").json
    assert as_object(told["calls"])["made"] == 1
    agree(project)
