"""Ctrl-C once and twice, in every phase of a request."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from nano_banana.model.json_values import as_object
from tests.fal.books import agree, agree_wholly
from tests.fal.forks import Forks
from tests.fal.project import FalProject, ends
from tests.fal.service import Service, until
from tests.screen import Screen
from tests.workspace import Spawned

LONG = "600"


def uploading(project: FalProject) -> Callable[[], bool]:
    """The photos are on their way, and nobody takes them."""
    project.trained().service.fault("hang-before", on="upload", times=None, arg=LONG)
    return lambda: project.service.count("upload") > 0


def sending_unheard(project: FalProject) -> Callable[[], bool]:
    """The requests hang before they were taken."""
    project.service.fault("hang-before", times=None, arg=LONG)
    return lambda: project.service.count("submit") == 4


def sending_unanswered(project: FalProject) -> Callable[[], bool]:
    """The requests were taken, and the answers hang."""
    project.service.fault("hang", times=None, arg=LONG)
    return lambda: project.service.count("accepted") == 4


def queued(project: FalProject) -> Callable[[], bool]:
    """All wait in the queue."""
    project.service.turn("pause")
    return lambda: project.states() == ["sent"] * 4 and project.service.count("stream") == 4


def looking(project: FalProject) -> Callable[[], bool]:
    """All wait in the queue, and are asked after from time to time."""
    project.service.turn("pause").fault("stream-404", times=None)
    return lambda: project.states() == ["sent"] * 4 and project.service.count("status") >= 4


def streaming_silence(project: FalProject) -> Callable[[], bool]:
    """Nothing is heard of those that run."""
    project.service.fault("hang", on="stream", times=None, arg=LONG)
    return lambda: project.service.count("stream") == 4


def collecting(project: FalProject) -> Callable[[], bool]:
    """The results are asked for, and do not come."""
    project.service.fault("hang", on="result", times=None, arg=LONG)
    return lambda: project.service.count("result") == 4


def downloading(project: FalProject) -> Callable[[], bool]:
    """The pictures are fetched, and do not come."""
    project.service.fault("hang", on="download", times=None, arg=LONG)
    return lambda: project.service.count("download") == 4


def trying_again(project: FalProject) -> Callable[[], bool]:
    """The service is busy for a long while."""
    project.service.fault("429", times=None, arg=LONG)
    return lambda: project.service.count("submit") == 4 and project.states() == ["withdrawn"] * 4


def searching(project: FalProject) -> Callable[[], bool]:
    """Answers were lost, and what may have been taken is looked for."""
    project.service.turn("pause").fault("drop-after-accept", times=None)
    return lambda: project.service.count("api") >= 4


PHASES = [
    uploading,
    sending_unheard,
    sending_unanswered,
    queued,
    looking,
    streaming_silence,
    collecting,
    downloading,
    trying_again,
    searching,
]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("times", [1, 2])
def test_the_run_ends_soon_and_nothing_is_lost_or_doubled(
    project: FalProject, forks: Forks, phase: Callable[[FalProject], Callable[[], bool]], times: int
) -> None:
    service = project.service
    there = phase(project)
    running = project.spawn("--json")
    until(there, phase.__name__)
    stopped(running, times)
    agree(project)
    accepted = service.count("accepted")
    cancelled = service.count("cancelled")
    service.faultless().turn("resume")
    told = forks.start("run", "--json", folder=project.root).wait().json
    if told["status"] == "failed":
        # What hung before it was taken looks like what was taken: nobody but a person may send it again.
        assert phase is sending_unheard
        assert as_object(told["calls"])["unknown"] == 4
        assert service.count("accepted") == accepted == 0
        told = forks.start("run", "--json", "--resubmit", folder=project.root).wait().json
    assert ends(told) == ["done"] * 4
    assert service.count("accepted") == (5 if phase is uploading else 4) + cancelled
    agree(project)


def test_once_leaves_what_is_at_the_service_there(project: FalProject, service: Service) -> None:
    there = queued(project)
    running = project.spawn()
    until(there, "queued")
    stopped(running, 1).shows("4 requests still running at the provider", "the next run collects")
    assert service.states() == ["queued"] * 4
    assert project.states() == ["sent"] * 4
    service.turn("resume")
    assert ends(project.told()) == ["done"] * 4
    assert service.count("submit") == 4
    agree_wholly(project)


def test_twice_takes_back_what_waits_and_leaves_what_runs(project: FalProject, service: Service) -> None:
    service.fault("slow", times=3, arg="600")
    service.fault("reorder", times=None, arg="600")
    project.limits("{parallel: {image: 4}}")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4 and service.count("stream") == 4, "still running")
    until(lambda: "running" in service.states(), "one runs")
    time.sleep(0.2)  # until the run has heard of it
    stopped(running, 2)
    assert service.count("cancelled") == 3
    assert project.states() == ["cancelled"] * 3 + ["sent"]
    assert sorted(service.states()) == ["cancelled"] * 3 + ["running"] or "done" in service.states()
    agree(project)
    service.faultless()
    told = project.told()
    assert ends(told) == ["done"] * 4
    assert service.count("accepted") == 4 + 3
    agree_wholly(project)


def stopped(running: Spawned, times: int) -> Screen:
    """Press Ctrl-C so many times, and insist that the run ends as it should."""
    running.process.send_signal(signal.SIGINT)
    if times == 2:
        time.sleep(0.3)
        running.process.send_signal(signal.SIGINT)
    screen = running.wait()
    # A second one that comes while the interpreter is leaving ends it at once, which shells call 130 as well.
    assert screen.exit_code in ({130} if times == 1 else {130, -signal.SIGINT}), screen.text
    return screen.hides("Traceback", "this is a bug", "never retrieved", "was destroyed")
