"""Single commands whose requests are bought: many recipes of one name, each for itself."""

from __future__ import annotations

from nano_banana.model.json_values import as_items, as_object
from tests.fal.books import agree, agree_wholly
from tests.fal.project import KEY, FalProject
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
    do(project, *argv, exit_code=1).shows("no answer arrived")
    project.service.faultless()


def test_what_one_command_gives_up_is_its_own(project: FalProject, service: Service) -> None:
    lose(project, *FOX)
    do(project, *HARE, "--abandon").shows("(1 call made)")
    assert project.states() == ["collected", "unknown"]
    # Nobody gave the fox up: it is found where it lies, and not bought again.
    do(project, *FOX).shows("1 of 1 picture done")
    agree_wholly(project)
    assert service.count("accepted") == 2


def test_a_lost_request_is_settled_by_the_same_words(project: FalProject, service: Service) -> None:
    lose(project, *FOX)
    do(project, "stats").shows("1 request with unknown outcome", "generate/a-red-fox")
    service.fault("5xx", on="api", times=None)
    do(project, *FOX, "--plan").shows("1 request with unknown outcome", "--resubmit")
    do(project, *FOX, "--abandon", exit_code=1).shows("its lost request was abandoned")
    assert project.states() == ["abandoned"]
    told = do(project, *FOX, "--json").json
    assert as_object(told["calls"])["made"] == 1
    agree(project)


TRAIN = ("fine-tune", "--provider", "fal", "--images-dir", "photos/ana", "--name", "ana", "--trigger", "anqz7")
DRAW = ("generate", "--provider", "fal", "--model", "ana", "--prompt", "at the sea")


def shelf(project: FalProject, *argv: str) -> list[str]:
    """What stands on it, by name and version."""
    return [str(as_object(each)["reference"]) for each in as_items(project.workspace.json("models", *argv)["models"])]


def trained(project: FalProject) -> FalProject:
    """Photos, and an adapter of them."""
    project.trained()
    do(project, *TRAIN)
    return project


def test_what_was_trained_in_a_rehearsal_is_given_away_to_another(project: FalProject) -> None:
    do(trained(project), *DRAW)
    (picture,) = (project.root / "out/generate/pictures").iterdir()
    elsewhere = ("--store", "elsewhere")
    again = ("again", str(picture), *elsewhere)
    do(project, *again, "--yes", exit_code=2).shows("an adapter that the picture needs is missing here")
    do(project, "models", "export", "ana", "ana.nbm")
    do(project, "models", "import", "ana.nbm", *elsewhere)
    assert shelf(project, *elsewhere) == ["ana@1"]
    before = project.service.count("accepted")
    do(project, *again, exit_code=3).shows("recreating this costs about $0.0", "then pass `--yes`")
    do(project, *again, "--yes", "--budget", "0.001", exit_code=3).shows("budget")
    assert project.service.count("accepted") == before
    do(project, *again, "--yes").shows("1 call made")
    do(project, *again).shows("0 calls made")
    assert project.service.count("accepted") == before + 1


def test_what_was_taken_off_the_shelf_is_put_there_again_by_who_asks_for_it(project: FalProject) -> None:
    trained(project)
    before = project.service.asked()
    do(project, "models", "rm", "ana@1", "--yes")
    do(project, *TRAIN).shows("0 calls made", "on the shelf: ana@2")
    assert shelf(project) == ["ana@2"]
    do(project, *TRAIN).shows("Nothing to do", "on the shelf: ana@2")
    do(project, "models", "rename", "ana", "anna")
    do(project, *TRAIN).shows("on the shelf: anna@2", "generate --model anna ")
    assert project.service.asked() == before
