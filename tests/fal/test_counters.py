"""A number means the same wherever it is shown."""

from __future__ import annotations

import re

import pytest

from nano_banana.model.json_values import as_items, as_object
from nano_banana.providers.fal import lost_requests
from tests.fal.project import FalProject
from tests.fal.service import Service, until

CHOSEN = """
nano_banana: 1
name: portraits
provider: fal
subjects:
  ana: {noun: woman, trigger: anqz7}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot, {{ scene }}"
shots:
  heads: {template: headshot, cast: ana, matrix: {scene: [office, street]}, seeds: [11, 29, 31]}
stages:
  - {id: takes, generate: heads, using: fal-ai/flux/dev}
  - {id: picks, choose: takes, keep: {best: 1, per: [scene]}}
  - {id: large, upscale: picks, using: fal-ai/seedvr/upscale/image}
"""


def bills(project: FalProject) -> list[str]:
    """What each run of the list cost, newest first."""
    runs = as_items(project.workspace.json("runs", "list")["runs"])
    summaries = [as_object(as_object(run)["summary"]) for run in runs]
    return [f"{summary['cost_usd']} + {summary['unknown_cost']}" for summary in summaries]


def test_a_run_the_list_of_runs_and_the_ledger_tell_the_same_sum(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_requests, "HISTORY_WAITS", (0.05,))
    service.fault("drop-before-accept", times=1)
    screen = project.run(exit_code=1)
    screen.shows("3 of 4 pictures done in ", " for $0.075 + 1 unknown (3 calls made)")
    assert bills(project) == ["0.075 + 1"]
    project.workspace.expect("stats").shows("$0.075 + 1 unknown", "1 run;")
    # Another run pays for what it sends itself, and for nothing else.
    screen = project.run("--resubmit")
    assert re.search(r"4 of 4 pictures done in .* for \$0\.025 \(1 call made\)$", screen.stdout, re.MULTILINE), (
        screen.text
    )
    assert bills(project) == ["0.025 + 0", "0.075 + 1"]


def test_what_an_earlier_run_sent_is_in_that_run_s_bill(project: FalProject, service: Service) -> None:
    service.turn("pause")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4, "all are sent")
    running.signal(2).wait()
    service.turn("resume")
    screen = project.run().shows("4 of 4 pictures done in ").hides("$0")
    assert "$" not in screen.stderr
    assert bills(project) == ["0.0 + 0", "0.1 + 0"]
    project.workspace.expect("stats").shows("2 runs;")


def test_progress_counts_a_call_once(project: FalProject) -> None:
    project.workspace.write("recipe.yaml", CHOSEN)
    project.run("--yes").shows("large 2/2", "takes 6/6")
    (project.root / "out/portraits/large").rename(project.root / "elsewhere")
    screen = project.run("--yes")
    screen.shows("takes 6/6", "large 2/2", "restored 2 pictures")


def test_nothing_is_put_back_that_was_never_there(project: FalProject) -> None:
    project.run()
    project.run("--out", "other").hides("restored")
