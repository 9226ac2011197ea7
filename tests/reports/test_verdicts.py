"""What records keep of verdicts and attempts, and what the reports tell of them."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, ExitedEarly, Ruling
from nano_banana.model.json_values import as_items, as_object
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.forecasting import GatePast, PassCounts, gate_past, remember_verdicts, template_key
from nano_banana.session.manifest import judged_picture, older_pictures, reported_person, reported_take, write_manifest
from nano_banana.session.run_records import (
    attempt_kind,
    call_positions,
    follow_record,
    is_stem_of,
    node_record,
    picture_file_name,
    slim_record,
    stop_unchosen,
)
from nano_banana.store.local_store import Store
from tests.reports.judged import ACCEPTED, DARK, FAR, NO_FACE, SKIPPED, UNSURE, person, take


def test_no_two_attempts_share_a_file() -> None:
    record = node_record(take("heads/ana/s11", FAR, FAR, FAR, ACCEPTED))
    names = [picture.name for picture in record.pictures]
    assert names == [
        "takes/heads_ana_s11.png",
        "takes/heads_ana_s11+retry1.png",
        "takes/heads_ana_s11+retry2.png",
        "takes/heads_ana_s11+repair1.png",
        "judged/heads_ana_s11.png",
    ]
    assert picture_file_name("a/s1", "takes", "image/png", Attempt(number=2)) == "takes/a_s1+try2.png"
    assert attempt_kind("again-retry12") == "retry"
    assert (attempt_kind(""), attempt_kind("odd")) == ("first", "odd")


def test_a_name_that_no_file_system_takes_is_cut_and_marked() -> None:
    keys = "/".join(["x" * 40] * 6)
    names = [
        picture_file_name(f"heads/{keys}/{end}", "takes", "image/webp", attempt).removeprefix("takes/")
        for end in ("s1", "s2")
        for attempt in (
            FIRST_ATTEMPT,
            Attempt(number=1, label="retry1"),
            Attempt(number=2, label="g" * 64 + "-retry1+redraw2"),
        )
    ]
    assert len(set(names)) == 6
    assert max(map(len, names)) <= 255
    stems = [name.removesuffix(".webp").partition("+")[0] for name in names]
    assert all(is_stem_of(f"heads/{keys}/s1@faces", stem) for stem in stems[:3])
    assert not any(is_stem_of(f"heads/{keys}/s2", stem) for stem in stems[:3])
    whole = "a" * 244 + "/s1"
    assert picture_file_name(whole, "takes", "image/png") == f"takes/{'a' * 244}_s1.png"


def test_of_two_pictures_under_one_name_the_later_stays() -> None:
    found = take("a/s1", FAR, ACCEPTED)
    again = replace(found, pictures=[replace(made, attempt=FIRST_ATTEMPT) for made in found.pictures])
    assert [picture.blob for picture in node_record(again).pictures] == [made.blob for made in found.pictures[1:]]


def test_one_more_try_moves_no_other_call() -> None:
    alone, tried = take("a/s1", ACCEPTED), take("a/s1", FAR, ACCEPTED)
    assert call_positions(alone.steps, "a/#0") == ["takes|a/#0|0", "judged|a/#0|1"]
    assert call_positions(tried.steps, "a/#0")[:2] == call_positions(alone.steps, "a/#0")
    assert call_positions(tried.steps, "a/#0")[2:] == ["takes|a/#0+retry1|0", "judged|a/#0+retry1|1"]
    assert len(node_record(tried).keys) == 4


def test_a_take_is_told_with_each_attempt() -> None:
    told = reported_take(node_record(take("heads/ana/s11", FAR, ACCEPTED, axes={"scene": "office"})), "out").json()
    assert told["path"] == "out/judged/heads_ana_s11.png"
    assert told["pictures"] == {"takes": "out/takes/heads_ana_s11+retry1.png", "judged": told["path"]}
    assert (told["template"], told["cast"], told["left"]) == ("headshot", ["ana"], None)
    assert told["verdict"] == {
        "stage": "judged",
        "ruling": "accepted",
        "score": 0.62,
        "threshold": 0.45,
        "reasons": [],
    }
    first, second = [as_object(attempt) for attempt in as_items(told["attempts"])]
    assert (first["attempt"], first["label"], first["detail"]) == (0, "", {"seed": 11})
    assert (second["attempt"], second["label"], second["detail"]) == (1, "retry1", {"seed": 101})
    assert first["pictures"] == {"takes": "out/takes/heads_ana_s11.png"}
    far = {"kind": "too_far", "subject": "ana", "similarity": 0.31, "needs": 0.45}
    assert as_object(first["verdict"])["reasons"] == [far]
    assert "numbers" not in as_object(first["verdict"])


def test_a_take_that_was_refused_has_no_path_and_is_done_all_the_same() -> None:
    told = reported_take(node_record(take("a/s1", FAR, NO_FACE)), "out").json()
    assert (told["status"], told["path"], told["sha256"]) == ("done", None, None)
    assert told["left"] == {"stage": "judged", "why": "rejected"}
    assert len(as_items(told["attempts"])) == 2
    kept = node_record(replace(take("a/s1", FAR), exited_early=None))
    assert reported_take(kept, "out").json()["path"] == "out/takes/a_s1.png", (
        "a person's word lets it go on all the same"
    )


def test_a_take_that_nobody_judges_has_no_attempts() -> None:
    found = take("a/s1", SKIPPED)
    alone = replace(found, judged=[], pictures=found.pictures[:1])
    told = reported_take(node_record(alone), "out").json()
    assert (told["verdict"], told["attempts"], told["path"]) == (None, [], "out/takes/a_s1.png")
    passed = reported_take(node_record(found), "out").json()
    assert as_object(passed["verdict"])["ruling"] == "not_judged"
    assert passed["path"] == "out/judged/a_s1.png"


def test_an_attempt_that_came_to_no_verdict_is_told_too() -> None:
    found = take("a/s1", FAR, FAR, ACCEPTED)
    without = replace(found, judged=[found.judged[0], found.judged[2]])
    attempts = [
        as_object(attempt) for attempt in as_items(reported_take(node_record(without), "out").json()["attempts"])
    ]
    assert [(attempt["label"], attempt["verdict"] is None) for attempt in attempts] == [
        ("", False),
        ("retry1", True),
        ("retry2", False),
    ]
    last = replace(found, judged=found.judged[:1])
    assert len(as_items(reported_take(node_record(last), "out").json()["attempts"])) == 3


def test_what_is_only_imagined_is_no_verdict_and_no_last_word() -> None:
    record = node_record(take("a/s1", FAR, DARK, status=NodeStatus.PLANNED))
    assert [ruled.ruling for ruled in record.verdicts] == [Ruling.REJECTED]
    assert not record.verdicts[0].is_final
    assert (record.measures, record.keys) == ("[]", {})
    assert record.node_end.done


def test_a_take_that_was_stopped_before_its_next_try_is_not_refused_yet() -> None:
    stopped = take("a/s1", ACCEPTED, FAR, status=NodeStatus.STOPPED)
    assert [ruled.is_final for ruled in node_record(stopped).verdicts] == [False, False]
    passed = take("a/s1", ACCEPTED, status=NodeStatus.FAILED)
    assert [ruled.is_final for ruled in node_record(passed).verdicts] == [True]


def test_the_end_of_a_record_is_that_of_its_node() -> None:
    for found in (take("a/s1", FAR, ACCEPTED), take("a/s1", NO_FACE), take("a/s1")):
        assert node_record(found).node_end == found.end
        assert slim_record(node_record(found)).node_end == found.end


def test_only_the_manifest_has_the_numbers(tmp_path: Path) -> None:
    records = [node_record(take("a/s1", FAR, ACCEPTED)), node_record(person())]
    write_manifest(tmp_path, {"manifest": 1}, records, whole=True)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    (found,) = manifest["takes"]
    assert [attempt["verdict"]["numbers"] for attempt in found["attempts"]] == [{"faces": 1}, {"faces": 1}]
    assert found["digests"]["judged"] == found["attempts"][1]["digests"]["takes"] == found["sha256"]
    assert [call.get("attempt", 0) for call in json.loads(records[0].calls)] == [0, 0, 1, 1]
    (ana,) = manifest["people"]
    assert (ana["id"], ana["subject"], ana["held_out"], ana["references"], ana["left_out"]) == (
        "judged/ana",
        "ana",
        True,
        1,
        1,
    )
    assert slim_record(records[0]).measures == "[]"


def test_a_person_who_is_not_measured_yet_is_told_with_less() -> None:
    assert reported_person(node_record(person("false", measured=False))).json() == {
        "id": "judged/ana",
        "subject": "ana",
        "status": "done",
        "held_out": False,
        "reasons": [],
    }


def test_pictures_of_attempts_that_are_no_more_are_older_ones(tmp_path: Path) -> None:
    record = node_record(take("a/s1", FAR, ACCEPTED))
    write_manifest(tmp_path, {"manifest": 1}, [record], whole=True)
    for picture in record.pictures:
        (tmp_path / picture.name).parent.mkdir(exist_ok=True)
        (tmp_path / picture.name).write_bytes(b"x")
    assert older_pictures(tmp_path, ["judged/a_s1.png"]) == ["takes/a_s1+retry1.png", "takes/a_s1.png"]


def test_a_manifest_from_before_there_were_gates_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"adapters": [], "takes": [{"id": "b", "pictures": {}}]}')
    write_manifest(tmp_path, {"manifest": 1}, [node_record(take("a/s1", ACCEPTED))], whole=False)
    assert [found["id"] for found in json.loads((tmp_path / "manifest.json").read_text())["takes"]] == ["a/s1", "b"]


def test_the_picture_of_a_verdict_is_the_last_file_that_holds_it() -> None:
    record = node_record(take("a/s1", FAR, UNSURE))
    pictures = [judged_picture(record, ruled) for ruled in record.verdicts]
    assert [picture.name for picture in pictures if picture] == ["takes/a_s1.png", "judged/a_s1.png"]


def test_a_take_that_is_taken_up_again_remembers_what_it_saw_first() -> None:
    seen, again = node_record(take("a/s1", FAR, ACCEPTED)), node_record(take("a/s1", FAR, ACCEPTED, cached=True))
    assert [ruled.is_first_look for ruled in again.verdicts] == [False, False]
    assert [ruled.is_first_look for ruled in follow_record(seen, again).verdicts] == [True, True]
    assert follow_record(None, again) is again
    assert follow_record(again, again) is again


def test_what_passed_is_remembered_by_template_and_counted_once(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert gate_past(store, "headshot") == {}
        first = [node_record(take("a/s1", FAR, UNSURE)), node_record(take("a/s2", ACCEPTED)), node_record(person())]
        remember_verdicts(store, "r", first)
        remember_verdicts(store, "r", [node_record(take("a/s1", FAR, UNSURE, cached=True))])
        remember_verdicts(store, "r", [node_record(take("a/s3", NO_FACE, FAR, FAR, ACCEPTED))])
        assert gate_past(store, "headshot") == {
            "judged": GatePast(
                first=PassCounts(judged=3, passed=1),
                retry=PassCounts(judged=3, passed=1),
                repair=PassCounts(judged=1, passed=1),
            )
        }
        store.notes.write("acceptance/headshot", "of another make")
        assert gate_past(store, "headshot") == {}


def test_an_odd_attempt_counts_as_a_first_one_and_several_gates_are_apart(tmp_path: Path) -> None:
    found = take("a/s1", ACCEPTED, ACCEPTED)
    odd = Attempt(number=1, label="redraw1")
    judged = [replace(found.judged[0], attempt=odd), replace(found.judged[1], stage="again", attempt=FIRST_ATTEMPT)]
    steps = [*found.steps[:2], *(replace(step, stage="again") for step in found.steps[2:])]
    with Store.open(tmp_path) as store:
        remember_verdicts(store, "r", [node_record(replace(found, judged=judged, steps=steps))])
        known = gate_past(store, "headshot")
    assert known["judged"].first == PassCounts(judged=1, passed=1)
    assert known["again"].first == PassCounts(judged=1, passed=1)


def test_a_text_of_the_shot_s_own_is_the_recipe_s() -> None:
    card = NodeInfo(kind="take", slot="s", stage="takes", shot="heads", template="heads")
    assert template_key("r", card) == "r/heads"
    assert template_key("r", replace(card, template="headshot")) == "headshot"


def test_a_take_that_was_not_chosen_has_no_path() -> None:
    record = node_record(replace(take("a/s1", ACCEPTED), exited_early=ExitedEarly(stage="best", why="not_chosen")))
    assert reported_take(record, "out").json()["path"] is None
    assert record.node_end.exited_early == "best"


def test_where_the_run_ended_first_nobody_was_left_out_of_a_choice() -> None:
    waits = node_record(replace(take("a/s1", ACCEPTED), exited_early=ExitedEarly(stage="picks", why="not_chosen")))
    stopped = stop_unchosen(waits)
    assert (stopped.status, stopped.exited_early) == (NodeStatus.STOPPED, None)
    refused = node_record(take("a/s1", FAR))
    assert stop_unchosen(refused) is refused
