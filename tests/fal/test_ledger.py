"""A run through fal: nothing is bought twice, and all books agree."""

from __future__ import annotations

import signal

import pytest

from nano_banana.model.json_values import as_number, as_object
from tests.fal.books import agree, agree_wholly, books
from tests.fal.project import FalProject, ends, made, reasons
from tests.fal.service import Service, until


def test_a_run_ends_as_a_local_one_does_and_the_books_agree(project: FalProject) -> None:
    project.trained(painted=True)
    told = project.told()
    assert ends(told) == ["done"] * 4
    read = agree_wholly(project)
    assert len(read.accepted) == 1 + 4 + 4
    assert project.service.count("distinct") == len(read.accepted)
    stats = project.stats()
    assert stats["spent_usd"] == pytest.approx(as_number(as_object(told["cost_usd"])["billed"]))
    assert [path.name for path in project.pictures()] == [path.name for path in project.pictures("faces")]
    assert project.workspace.json("cache", "verify")["damaged"] == []
    local = project.told("--provider", "local", "--out", "local")
    assert ends(local) == ends(told)
    assert sorted(path.name for path in (project.root / "local/portraits/faces").iterdir()) == [
        path.name for path in project.pictures("faces")
    ]


def test_a_second_run_asks_nothing(project: FalProject, service: Service) -> None:
    project.trained().run()
    project.quiet()
    asked = service.count("submit"), service.count("upload"), service.count("download")
    project.edit("seeds: [11, 29]", "seeds: [11, 29, 31]")
    assert made(project.told()) == 2
    assert (service.count("submit"), service.count("upload"), service.count("download")) == (
        asked[0] + 2,
        asked[1],
        asked[2] + 2,
    )


def test_killed_while_requests_are_at_the_service_nothing_is_sent_again(project: FalProject, service: Service) -> None:
    service.turn("pause")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4, "four tickets sent")
    running.signal(signal.SIGKILL).wait()
    service.turn("resume")
    told = project.told()
    assert ends(told) == ["done"] * 4
    assert service.count("submit") == 4
    agree_wholly(project)
    project.quiet()


def test_a_result_that_expired_is_said_and_the_others_are_done(project: FalProject, service: Service) -> None:
    service.turn("pause")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4, "four tickets sent")
    running.signal(signal.SIGKILL).wait()
    service.turn("resume")
    until(lambda: service.states() == ["done"] * 4, "all done")
    service.turn("results/expire")
    project.edit("seeds: [11, 29]", "seeds: [11, 29, 31]")
    told = project.told(exit_code=1)
    assert ends(told) == ["done"] * 2 + ["failed"] * 4
    assert reasons(told) == ["result_gone"]
    assert as_object(told["calls"])["unknown"] == 4
    assert service.count("accepted") == 6
    screen = project.run(exit_code=1).shows("fal no longer has the result of request", "--resubmit", "--abandon")
    assert service.count("accepted") == 6, screen.text
    agree(project)
    told = project.told("--resubmit")
    assert ends(told) == ["done"] * 6
    assert service.count("accepted") == 10
    agree(project)
    assert project.states() == ["abandoned"] * 4 + ["collected"] * 6
    project.quiet()


def test_what_is_abandoned_is_given_up_and_bought_by_the_run_after(project: FalProject, service: Service) -> None:
    service.fault("expired", times=1)
    told = project.told(exit_code=1)
    assert ends(told) == ["done"] * 3 + ["failed"]
    told = project.told("--abandon", exit_code=1)
    assert reasons(told) == ["request_abandoned"]
    assert service.count("accepted") == 4
    assert ends(project.told()) == ["done"] * 4
    assert service.count("accepted") == 5
    assert project.states() == ["abandoned"] + ["collected"] * 4


def test_an_answer_that_was_lost_is_found_in_the_history(project: FalProject, service: Service) -> None:
    service.fault("drop-after-accept", times=2)
    told = project.told()
    assert ends(told) == ["done"] * 4
    assert service.struck("drop-after-accept") == 2
    agree_wholly(project)
    assert service.count("submit") == service.count("accepted") == 4
    project.quiet()


@pytest.mark.parametrize("kind", ["drop-after-accept", "nginx-after", "hang"])
def test_each_way_to_lose_an_answer_leaves_one_request(project: FalProject, service: Service, kind: str) -> None:
    service.fault(kind, times=1, arg="0.2" if kind == "hang" else None)
    assert ends(project.told()) == ["done"] * 4
    agree_wholly(project)
    assert service.count("accepted") == 4


def test_without_a_history_it_is_unknown_said_and_found_by_a_later_run(project: FalProject, service: Service) -> None:
    service.fault("drop-after-accept", times=1).fault("403", on="api", times=None)
    told = project.told(exit_code=1)
    assert ends(told) == ["done"] * 3 + ["failed"]
    assert reasons(told) == ["request_unknown"]
    assert as_object(told["calls"])["unknown"] == 1
    assert project.states() == ["collected"] * 3 + ["unknown"]
    project.run(exit_code=1).shows("no answer arrived", "--resubmit", "--abandon")
    project.workspace.run("plan").shows("1 request with unknown outcome", "--resubmit", "--abandon")
    assert as_object(project.workspace.run("plan", "--json").json["calls"])["unknown"] == 1
    assert len(books(project).unknown) == 1
    assert service.count("accepted") == 4
    service.faultless()
    assert ends(project.told()) == ["done"] * 4
    assert service.count("submit") == 4
    agree_wholly(project)


def test_unknown_and_resubmitted_is_two_tickets(project: FalProject, service: Service) -> None:
    service.fault("drop-after-accept", times=1).fault("403", on="api", times=None)
    project.run(exit_code=1)
    project.run("--resubmit")
    assert service.count("accepted") == 5
    assert project.states() == ["abandoned"] + ["collected"] * 4
    agree(project)


def test_two_processes_on_one_store_buy_everything_once(project: FalProject, service: Service) -> None:
    project.trained().edit("seeds: [11, 29]", "seeds: {count: 6}")
    both = [project.spawn("--json"), project.spawn("--json")]
    ended = [one.wait() for one in both]
    assert [screen.exit_code for screen in ended] == [0, 0], [screen.text for screen in ended]
    assert service.count("accepted") == service.count("distinct") == 13
    agree_wholly(project)
    project.quiet()


def test_a_picture_that_was_lost_here_is_fetched_again_while_fal_has_it(project: FalProject, service: Service) -> None:
    project.run()
    kept = {path.read_bytes() for path in project.pictures()}
    for blob in (project.root / ".nano-banana/rehearsal/blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes() in kept:
            blob.chmod(0o600)
            blob.unlink()
    for picture in project.pictures():
        picture.unlink()
    told = project.told()
    assert ends(told) == ["done"] * 4
    assert as_object(told["cost_usd"])["billed"] == 0
    assert service.count("accepted") == 4
    assert {path.read_bytes() for path in project.pictures()} == kept
    agree_wholly(project)
