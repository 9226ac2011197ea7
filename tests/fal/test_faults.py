"""Each fault of the service: what is said, what is tried again, and what is paid for."""

from __future__ import annotations

import signal
import time

import pytest

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from nano_banana.providers.fal import lost_requests
from tests.fal.books import agree, agree_wholly
from tests.fal.project import FalProject, ends, made, reasons
from tests.fal.service import Service, until

FIRST_FAILED = ["done"] * 3 + ["failed"]


def when(requests: list[JSONObject]) -> list[float]:
    """When requests were accepted."""
    return [as_number(one["accepted_at"]) for one in requests]


def test_retry_after_is_honoured(project: FalProject, service: Service) -> None:
    service.fault("429", times=4, arg="1")
    begun = time.time()
    assert ends(project.told()) == ["done"] * 4
    assert min(when(service.accepted())) - begun >= 1.0
    assert service.count("submit") == 8
    assert project.states() == ["collected"] * 4 + ["withdrawn"] * 4
    agree_wholly(project)


@pytest.mark.parametrize("kind", ["5xx", "drop-before-accept"])
def test_what_surely_was_not_accepted_is_sent_again_and_what_may_have_been_is_looked_for(
    project: FalProject, service: Service, kind: str
) -> None:
    service.fault(kind, times=1, arg="503" if kind == "5xx" else None)
    service.fault("403", on="api", times=None)
    if kind == "5xx":
        assert ends(project.told()) == ["done"] * 4
    else:
        # From here it looks just like a request that was taken: it is not sent again unasked.
        assert reasons(project.told(exit_code=1)) == ["request_unknown"]
        assert service.count("accepted") == 3
        assert ends(project.told("--resubmit")) == ["done"] * 4
    assert service.count("accepted") == 4
    agree(project)
    project.quiet()


def test_a_request_that_never_arrived_is_sent_again_once_that_is_sure(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history shows it, and is asked once about all."""
    monkeypatch.setattr(lost_requests, "HISTORY_WAITS", (0.05,))
    monkeypatch.setattr(lost_requests, "SETTLED_SECONDS", 0.0)
    project.limits("{parallel: {image: 1}}")
    service.fault("drop-before-accept", times=3)
    told = project.told(exit_code=1)
    assert ends(told) == ["done"] + ["failed"] * 3
    asked = service.count("api")
    project.run(exit_code=1).shows("run again later")
    assert (service.count("api"), service.count("accepted")) == (asked + 1, 1)
    project.age(1000)
    asked = service.count("api")
    assert ends(project.told()) == ["done"] * 4
    assert (service.count("api"), service.count("accepted")) == (asked + 1, 4)
    assert project.states() == ["collected"] * 4 + ["withdrawn"] * 3
    agree_wholly(project)
    project.quiet()


def test_a_lost_request_holds_nobody_up(project: FalProject, service: Service) -> None:
    project.limits("{parallel: {image: 1}}")
    service.fault("drop-before-accept", times=1)
    running = project.spawn()
    until(lambda: project.states() == ["collected"] * 3 + ["unknown"], "the others are made")
    running.signal(signal.SIGINT)
    running.wait()
    assert service.count("submit") == 4


def test_nothing_is_sent_again_unless_the_recipe_allows_it(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_requests, "HISTORY_WAITS", (0.05,))
    project.limits("{resend_unknown: never}")
    service.fault("drop-before-accept", times=1)
    project.run(exit_code=1)
    project.age(1000)
    assert reasons(project.told(exit_code=1)) == ["request_unknown"]
    assert service.count("accepted") == 3


def test_a_failure_of_the_service_is_made_again_unbilled(project: FalProject, service: Service) -> None:
    service.fault("completed-with-error", times=1, arg="runner_disconnected")
    assert ends(project.told()) == ["done"] * 4
    assert project.states() == ["collected"] * 4 + ["failed"]
    assert service.count("accepted") == 5
    assert service.count("billed") == 4
    assert project.stats()["spent_usd"] == pytest.approx(4 * 0.025)
    agree_wholly(project)


def test_a_refused_content_fails_its_take_alone(project: FalProject, service: Service) -> None:
    service.fault("422", times=1, arg="content_policy_violation")
    told = project.told(exit_code=1)
    assert ends(told) == FIRST_FAILED
    assert reasons(told) == ["content_refused"]
    assert service.count("accepted") == 4
    project.run(exit_code=0)
    agree(project)


@pytest.mark.parametrize(("arg", "field"), [("missing:loras", "loras"), ("image_too_small", "image_url")])
def test_a_refused_field_is_named(project: FalProject, service: Service, arg: str, field: str) -> None:
    service.fault("422", times=1, arg=arg)
    screen = project.run(exit_code=1).shows("3 of 4 pictures done", field)
    assert service.count("accepted") == 4, screen.text
    service.fault("422", times=None, arg="string")
    project.run(exit_code=1).shows("refused the request")


def test_a_blacked_out_picture_is_paid_and_not_bought_again_unasked(project: FalProject, service: Service) -> None:
    service.fault("nsfw", times=1)
    told = project.told(exit_code=1)
    assert ends(told) == FIRST_FAILED
    assert reasons(told) == ["unsafe_picture"]
    assert project.stats()["spent_usd"] == pytest.approx(4 * 0.025)
    assert as_object(told["cost_usd"])["billed"] == pytest.approx(4 * 0.025)
    assert len(project.pictures()) == 3
    assert reasons(project.told(exit_code=1)) == ["unsafe_picture_before"]
    assert service.count("accepted") == 4
    assert ends(project.told("--resubmit")) == ["done"] * 4
    assert service.count("accepted") == 5
    assert project.states() == ["collected"] * 4 + ["failed"]


@pytest.mark.parametrize(
    ("fault", "kind"), [("401", "fal_key_refused"), ("403", "fal_forbidden"), ("balance", "fal_forbidden")]
)
def test_a_refusal_of_everything_ends_the_run_at_once(
    project: FalProject, service: Service, fault: str, kind: str
) -> None:
    project.limits("{parallel: {image: 1}}")
    service.fault(fault, times=None)
    screen = project.run("--json", exit_code=4)
    assert service.count("submit") == 1
    assert screen.stderr.count("error") <= 1, screen.stderr
    assert as_object(screen.json)["status"] == "stopped"
    screen.shows("key" if fault == "401" else "balance")
    assert project.states() == ["withdrawn"], kind
    service.faultless()
    assert ends(project.told()) == ["done"] * 4


@pytest.mark.parametrize("kind", ["truncated", "corrupt", "wrong-type", "drop-before-accept", "5xx", "nginx"])
def test_a_bad_download_is_fetched_again_without_paying(project: FalProject, service: Service, kind: str) -> None:
    service.fault(kind, on="download", times=2)
    assert ends(project.told()) == ["done"] * 4
    assert service.struck(kind) == 2
    assert service.count("accepted") == 4
    assert service.count("download") >= (4 if kind == "wrong-type" else 6)
    assert project.workspace.json("cache", "verify")["damaged"] == []
    agree_wholly(project)


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("stream-drop", "stream"),
        ("stream-404", "stream"),
        ("no-logs", "stream"),
        ("odd-status", "stream"),
        ("drop-before-accept", "stream"),
        ("429", "stream"),
        ("nginx", "stream"),
        ("5xx", "stream"),
    ],
)
def test_whatever_becomes_of_a_stream_the_request_is_followed(
    project: FalProject, service: Service, kind: str, on: str
) -> None:
    service.fault(kind, on=on, times=3, arg="0" if kind == "429" else None)
    assert ends(project.told()) == ["done"] * 4
    assert service.struck(kind) >= 1
    assert service.count("accepted") == 4
    agree_wholly(project)


@pytest.mark.parametrize("kind", ["no-logs", "odd-status", "drop-before-accept", "5xx", "nginx", "429"])
def test_whatever_becomes_of_a_look_the_request_is_followed(project: FalProject, service: Service, kind: str) -> None:
    service.fault("stream-404", times=None)
    service.fault(kind, on="status", times=2, arg="0" if kind == "429" else None)
    assert ends(project.told()) == ["done"] * 4
    assert service.struck(kind) == 2
    agree_wholly(project)


@pytest.mark.parametrize("kind", ["drop-before-accept", "nginx", "429", "drop-after-accept", "5xx"])
def test_a_result_that_is_not_handed_out_is_asked_for_again(project: FalProject, service: Service, kind: str) -> None:
    service.fault(kind, on="result", times=2, arg="0" if kind == "429" else None)
    assert ends(project.told()) == ["done"] * 4
    assert service.count("accepted") == 4
    agree_wholly(project)


@pytest.mark.parametrize(
    ("kind", "arg"),
    [*(("result-4xx", code) for code in ("421", "405", "400", "403", "404")), ("result-in-progress", None)],
)
def test_what_is_not_fal_s_word_on_the_request_gives_no_result_up(
    project: FalProject, service: Service, kind: str, arg: str | None
) -> None:
    service.fault(kind, times=3, arg=arg)
    assert ends(project.told()) == ["done"] * 4
    assert service.struck(kind) == 3
    assert (service.count("accepted"), project.states()) == (4, ["collected"] * 4)
    agree_wholly(project)


@pytest.mark.parametrize(
    ("kind", "arg", "reason"),
    [
        ("billed-422", None, "nothing_generated"),
        ("billed-422", "content_policy_violation", "content_refused"),
        ("empty-result", None, "nothing_generated"),
        ("empty-result", "null", "nothing_generated"),
        ("odd-result", None, "result_unusable"),
        ("odd-result", "relative", "result_unusable"),
        ("odd-result", "list", "result_unusable"),
    ],
)
def test_what_was_billed_for_nothing_is_not_bought_again_unasked(
    project: FalProject, service: Service, kind: str, arg: str | None, reason: str
) -> None:
    service.fault(kind, times=1, arg=arg)
    told = project.told(exit_code=1)
    assert (ends(told), reasons(told)) == (FIRST_FAILED, [reason])
    assert as_object(told["cost_usd"])["billed"] == pytest.approx(4 * 0.025)
    for _ in range(2):
        assert reasons(project.told(exit_code=1)) == ["billed_before"]
    project.run(exit_code=1).shows("was billed", "`--resubmit` resends it")
    assert service.count("accepted") == 4
    assert ends(project.told("--resubmit")) == ["done"] * 4
    assert service.count("accepted") == 5
    assert project.states() == ["collected"] * 4 + ["failed"]
    assert project.stats()["spent_usd"] == pytest.approx(5 * 0.025)


def test_a_training_without_an_adapter_is_none(project: FalProject, service: Service) -> None:
    project.trained()
    service.fault("empty-result", times=1, arg="null", endpoint="*training*")
    project.run("--yes", exit_code=1).shows("names no file")
    project.run("--yes", exit_code=1).shows("was billed")
    assert service.count("accepted") == 1


@pytest.mark.parametrize("kind", ["401", "403", "balance"])
@pytest.mark.parametrize("on", ["status", "result"])
def test_a_refusal_after_the_request_was_accepted_loses_nothing(
    project: FalProject, service: Service, kind: str, on: str
) -> None:
    project.limits("{parallel: {image: 1}}")
    service.fault(kind, on=on, times=None)
    if on == "status":
        service.fault("stream-404", times=None)
    project.run(exit_code=4)
    accepted = service.count("accepted")
    assert project.states() == ["sent"] * accepted
    service.faultless()
    assert ends(project.told()) == ["done"] * 4
    assert service.count("accepted") == 4
    agree_wholly(project)


def test_without_units_the_cost_is_unknown_and_said_so(project: FalProject, service: Service) -> None:
    service.fault("no-units", times=1)
    told = project.told()
    assert ends(told) == ["done"] * 4
    assert as_object(told["cost_usd"])["billed"] is None
    assert project.stats()["unpriced"] == 1


@pytest.mark.parametrize("seconds", ["0.3"])
def test_slow_and_overtaken_requests_all_come(project: FalProject, service: Service, seconds: str) -> None:
    service.fault("slow", times=1, arg=seconds).fault("reorder", times=2, arg=seconds)
    assert ends(project.told()) == ["done"] * 4
    agree_wholly(project)


def test_the_budget_is_never_crossed_with_eight_in_flight(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nano_banana.session.recipe_run.check_budget", lambda _project, _forecast: None)
    project.limits("{budget_usd: 0.13, parallel: {image: 8}}").edit("seeds: [11, 29]", "seeds: {count: 8}")
    told = project.told(exit_code=3)
    # Five of $0.025: a sixth would cross it.
    assert service.count("accepted") == service.count("billed") == 5
    assert ends(told).count("done") == 5
    assert project.stats()["spent_usd"] == pytest.approx(0.125)
    assert as_object(told["cost_usd"])["billed"] == pytest.approx(0.125)
    agree_wholly(project)


def test_the_budget_holds_for_what_is_bought_again(project: FalProject, service: Service) -> None:
    service.fault("drop-after-accept", times=None).fault("403", on="api", times=None)
    project.run(exit_code=1)
    assert project.states() == ["unknown"] * 4
    service.faultless().fault("403", on="api", times=None)
    project.limits("{budget_usd: 0.06}").run("--resubmit", exit_code=3)
    assert service.count("accepted") == 4 + 2


def test_parallel_and_rate_are_kept(project: FalProject, service: Service) -> None:
    project.limits("{parallel: {image: 3}, rate: {requests_per_second: 20}}").edit(
        "seeds: [11, 29]", "seeds: {count: 6}"
    )
    assert made(project.told()) == 12
    assert as_number(service.counts()["most_running"]) <= 3
    begun = when(service.accepted())
    assert begun[-1] - begun[0] >= (12 - 1) / 20 * 0.8
    agree_wholly(project)


def test_each_content_goes_up_once_and_again_when_it_expired(project: FalProject, service: Service) -> None:
    project.trained(painted=True).run()
    uploads = service.count("upload")
    digests = {str(one["digest"]) for one in service.accepted()}
    assert len(digests) == 9
    project.edit("office, street", "office, street, attic").run()
    # Two new pictures and their masks; neither the photos nor the adapter.
    assert service.count("upload") <= uploads + 4 + 1
    adapters = {
        str(as_object(as_items(as_object(one["arguments"])["loras"])[0])["path"])
        for one in service.accepted()
        if "loras" in as_object(one["arguments"])
    }
    assert len(adapters) == 1
    service.turn("files/expire")
    project.edit("attic", "cellar")
    assert ends(project.told()) == ["done"] * 6
    agree(project)
