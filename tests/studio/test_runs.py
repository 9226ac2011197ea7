"""Runs that are planned, started, watched and stopped in the browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from nano_banana.model.json_values import JSONObject
from tests.stories.project import Project
from tests.studio.conftest import Serve, Visit


class Ear:
    """Listens to the studio's events in a thread."""

    def __init__(self, visit: Visit, after: int | None = None) -> None:
        self.heard: list[tuple[int, str, JSONObject]] = []
        self._new = threading.Condition()
        self._visit = visit
        self._headers = {} if after is None else {"last-event-id": str(after)}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def until(self, wanted: Callable[[str, JSONObject], bool]) -> JSONObject:
        """The first event that is wanted."""
        with self._new:
            assert self._new.wait_for(lambda: any(wanted(kind, told) for _, kind, told in self.heard), timeout=60)
            return next(told for _, kind, told in self.heard if wanted(kind, told))

    def _listen(self) -> None:
        cookies = dict(self._visit.page.cookies)
        with (
            httpx.Client(base_url=self._visit.page.base_url, cookies=cookies, trust_env=False, timeout=60) as client,
            client.stream("GET", "/api/events", headers=self._headers) as stream,
        ):
            for number, kind, told in frames(stream.iter_lines()):
                with self._new:
                    self.heard.append((number, kind, told))
                    self._new.notify_all()


def frames(lines: Iterator[str]) -> Iterator[tuple[int, str, JSONObject]]:
    """The events in a stream."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


@contextmanager
def listening(visit: Visit, after: int | None = None) -> Iterator[Ear]:
    """An ear that is connected."""
    before = visit.server.events.listeners
    ear = Ear(visit, after)
    for _ in range(500):
        if visit.server.events.listeners > before:
            break
        threading.Event().wait(0.02)
    yield ear


def has_ended(kind: str, told: JSONObject) -> bool:
    return kind == "run" and told["phase"] == "ended"


def test_a_plan_says_what_a_run_would_make_and_cost(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        plan = visit.page.get("/api/plan").json()
    assert (plan["pictures_to_make"], plan["reused"], plan["adapters_to_train"]) == (4, 0, 1)
    assert plan["second_chances"] > 0
    assert [stage["id"] for stage in plan["stages"]] == ["likeness", "judged", "takes"]
    assert "portraits on" in plan["text"]


def test_a_run_is_started_watched_and_replayed(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        visit.page.get("/api/takes")
        with listening(visit) as ear:
            assert visit.page.post("/api/run", json={"budget": 100, "confirmed": True}).status_code == 202
            ended = ear.until(has_ended)
            ear.until(lambda kind, _told: kind == "picture")
            ear.until(lambda kind, _told: kind == "verdict")
            ear.until(lambda kind, _told: kind == "changed")
        first = ear.heard[0][0]
        with listening(visit, after=first - 1) as late:
            late.until(has_ended)
        takes = visit.page.get("/api/takes").json()["takes"]
    assert (ended["status"], ended["takes"], ended["by"]) == ("done", 4, "studio")
    kinds = [kind for _, kind, _ in ear.heard]
    assert {"run", "call", "picture", "verdict", "changed"} <= set(kinds)
    assert [number for number, _, _ in late.heard][:10] == list(range(first, first + 10))
    assert all(take["picture"] for take in takes)


def test_numbers_of_an_earlier_studio_are_not_taken_for_ours(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        for _ in range(9):
            visit.server.events.add("call", {})
        with listening(visit, after=3) as ear:
            ear.until(lambda kind, _told: kind == "reset")
    assert [kind for _, kind, _ in ear.heard] == ["reset"]


def test_a_studio_that_stops_starts_no_run(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        visit.server.runs.close()
        answer = visit.page.post("/api/run", json={"budget": 100})
    assert (answer.status_code, answer.json()["error"]) == (409, "the studio is stopping")


def test_a_run_that_costs_more_than_was_agreed_must_be_confirmed(project: Project, serve: Serve) -> None:
    project.edit("name: portraits\n", "name: portraits\nlimits: {ask_above_usd: 0.001}\nprovider: fal\n")
    with serve(project) as visit:
        answer = visit.page.post("/api/run", json={"budget": None, "confirmed": False})
        risen = visit.page.post("/api/run", json={"confirmed": True, "price": 0.002})
        events = [kind for _, kind, _ in Ear(visit).heard]
    assert answer.status_code == 409
    assert answer.json()["confirm"] is True
    assert [risen.status_code, risen.json()["confirm"]] == [409, True]
    assert "$" in answer.json()["reason"]
    assert events == []


def test_a_stopped_run_keeps_what_is_made_and_goes_on_later(project: Project, serve: Serve) -> None:
    project.notes.rule(delay=0.4)
    with serve(project) as visit:
        visit.page.get("/api/takes")
        with listening(visit) as ear:
            assert visit.page.post("/api/run", json={"budget": 100}).status_code == 202
            ear.until(lambda kind, told: kind == "call" and told["state"] == "made")
            second = visit.page.post("/api/run", json={"budget": 100})
            assert visit.page.post("/api/run/stop").status_code == 202
            assert ear.until(has_ended)["status"] == "stopped"
        visit.server.runs.wait(60)
        assert visit.page.post("/api/run/stop").status_code == 409
    assert (second.status_code, second.json()["confirm"]) == (409, False)
    project.notes.rule(delay=0)
    project.run()


def test_a_run_in_a_terminal_is_seen(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        visit.page.get("/api/takes")
        with listening(visit) as ear:
            terminal = project.spawn("run")
            started = ear.until(lambda kind, told: kind == "run" and told["phase"] == "started")
            ear.until(lambda kind, _told: kind == "picture")
            ended = ear.until(has_ended)
            screen = terminal.wait()
    assert screen.exit_code == 0, screen.text
    assert (started["by"], ended["status"], ended["run"]) == ("elsewhere", "done", started["run"])


def test_an_edit_of_the_recipe_is_seen(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        before = visit.page.get("/api/takes").json()["revision"]
        with listening(visit) as ear:
            made.edit("seeds: [11, 29]", "seeds: [11]")
            told = ear.until(lambda kind, _told: kind == "changed")
    assert told["revision"] != before


def test_past_runs_and_explanations_are_told(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        told = visit.page.get("/api/runs").json()
        story = visit.page.get("/api/explain/heads/ana/office/s29").json()
        lost = [visit.page.get(f"/api/explain/{take}").status_code for take in ("nobody", "likeness/ana", "../x")]
    (run,) = told["runs"]
    assert (run["status"], told["current"], told["is_ours"]) == ("done", None, False)
    assert story["blocks"][0]["title"].startswith("heads/ana/office/s29: done")
    assert "retry1" in story["blocks"][0]["text"]
    assert story["blocks"][1]["title"].startswith("prompt of takes")
    assert lost == [404, 404, 404]


def test_why_a_take_failed_is_told(project: Project, serve: Serve) -> None:
    project.notes.rule(fail=["street"])
    with serve(project) as visit:
        with listening(visit) as ear:
            visit.page.post("/api/run", json={"budget": 100})
            assert ear.until(has_ended)["status"] == "failed"
        takes = visit.page.get("/api/takes").json()["takes"]
    failed = [take for take in takes if take["state"] == "failed"]
    assert len(failed) == 2
    assert all(take["problems"] for take in failed)
