"""Names of files, the manifest, and traces of finished runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from nano_banana.formats.file_stamps import stamp_or_none
from nano_banana.model.call import Blob, Call, Reply, blob_of
from nano_banana.model.flow import Flow, Made
from nano_banana.model.json_values import JSONObject
from nano_banana.model.nodes import Node, NodeInfo, NodeResult, NodeStatus, Step
from nano_banana.model.problem import Unusable
from nano_banana.session.manifest import write_manifest
from nano_banana.session.run_records import NodeRecord, node_record
from nano_banana.session.run_request import RunTrace, load_trace

CALL = Call(provider="local", endpoint="fal-ai/flux-lora", arguments={"seed": 11})
HEAD: JSONObject = {"manifest": 1, "recipe": "r"}


def _no_flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
    raise NotImplementedError


def record(
    name: str, *, kind: str = "take", status: NodeStatus = NodeStatus.DONE, media: str = "image/png"
) -> NodeRecord:
    """A node's end with one call and one picture."""
    blob = blob_of(name.encode(), media=media)
    node = Node(id=name, info=NodeInfo(kind=kind, slot=name, stage="takes"), flow=_no_flow)
    step = Step(stage="takes", call=CALL, reply=Reply(data={}, files={"images/0": blob}), cached=False)
    made = Made(stage="takes", blob=blob, call=CALL)
    return node_record(NodeResult(node=node, status=status, steps=[step], pictures=[made], result=blob))


def read(folder: Path) -> dict[str, list[dict[str, object]]]:
    """The manifest."""
    found: dict[str, list[dict[str, object]]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_what_is_no_text_does_not_keep_a_manifest_from_being_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"manifest": 1, "recipe": "caf\udce9"}, [record("a/s1")], whole=True)
    assert str(read(tmp_path)["recipe"]) == "caf\udce9"


def test_a_stage_that_two_ways_come_to_has_a_folder_for_each() -> None:
    names = ["a/s1", "a/s1@takes", "a/s1@draft+takes", "a/s1@sketch+takes+faces", "a/s1@draft+faces"]
    files = [record(name).pictures[0].name for name in names]
    assert files == [f"{folder}/a_s1.png" for folder in ("takes", "takes", "draft+takes", "sketch+takes", "takes")]


def test_files_have_readable_names_that_never_clash() -> None:
    names = ["a/b/s1", "a_b/s1", "a/b_c/s1", "a_b/c/s1", "a/b/c/s1", "a/b/s1@faces"]
    files = [record(name).pictures[0].name for name in names]
    assert files[0] == files[5] == "takes/a_b_s1.png"
    assert files[1:5] == ["takes/a_b__s1.png", "takes/a__b_c__s1.png", "takes/a_b__c__s1.png", "takes/a_b_c_s1.png"]
    odd = ["a__b/c_d/s1", "a/b/c_d/s1", "a_/b/c/s1", "a/b__c/s1", "a/b_/s1", "a__b/s1"]
    assert len({record(name).pictures[0].name for name in odd}) == len(odd)
    assert record("a__b/c_d/s1").pictures[0].name == "takes/a__b.c_d.s1.png"
    assert record("x", media="image/jpeg").pictures[0].name == "takes/x.jpg"
    assert record("x", media="image/x-odd").pictures[0].name == "takes/x.bin"
    assert not record("likeness/ana", kind="adapter").pictures


def test_the_manifest_tells_every_take_with_its_calls(tmp_path: Path) -> None:
    records = [record("b"), record("a", status=NodeStatus.FAILED), record("likeness/ana", kind="adapter")]
    write_manifest(tmp_path / "out", HEAD, records, whole=True)
    manifest = read(tmp_path / "out")
    assert [take["id"] for take in manifest["takes"]] == ["a", "b"]
    assert [take["path"] for take in manifest["takes"]] == [None, "./takes/b.png"]
    assert CALL.key in json.dumps(manifest["takes"][1]["calls"])
    assert [adapter["id"] for adapter in manifest["adapters"]] == ["likeness/ana"]
    assert json.loads((tmp_path / "out/manifest.json").read_text())["recipe"] == "r"


def test_an_empty_manifest_is_json_too(tmp_path: Path) -> None:
    write_manifest(tmp_path, HEAD, [], whole=True)
    assert read(tmp_path)["takes"] == []


def test_a_part_keeps_the_rest_and_the_whole_does_not(tmp_path: Path) -> None:
    write_manifest(tmp_path, HEAD, [record("a", status=NodeStatus.FAILED), record("b")], whole=True)
    write_manifest(tmp_path, HEAD, [record("a")], whole=False)
    assert [(take["id"], take["status"]) for take in read(tmp_path)["takes"]] == [("a", "done"), ("b", "done")]
    write_manifest(tmp_path, HEAD, [record("a")], whole=True)
    assert [take["id"] for take in read(tmp_path)["takes"]] == ["a"]


@pytest.mark.parametrize("there", ["", "no json", "[]", '{"adapters": [], "takes": [{}]}'])
def test_a_manifest_that_is_none_is_written_anew(tmp_path: Path, there: str) -> None:
    (tmp_path / "manifest.json").write_text(there)
    write_manifest(tmp_path, HEAD, [record("a")], whole=False)
    assert [take["id"] for take in read(tmp_path)["takes"]] == ["a"]


def test_a_folder_that_can_t_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(Unusable, match="target_failed"):
        write_manifest(tmp_path / "out", HEAD, [], whole=True)


def test_a_trace_holds_until_something_changes(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("a")
    out = tmp_path / "out.png"
    out.write_text("b")
    trace = RunTrace(
        read={str(recipe): stamp_or_none(str(recipe)), str(tmp_path / "none"): None},
        environment={"MOOD": "calm"},
        folder=str(tmp_path),
        written={"out.png": stamp_or_none(str(out))},
        summary={"run": "x"},
    )
    again = load_trace("".join(trace.dump()))
    assert again is not None
    assert again.summary == {"run": "x"}
    assert again.holds({"MOOD": "calm"})
    assert not again.holds({"MOOD": "stormy"})
    (tmp_path / "none").write_text("now there")
    assert not again.holds({"MOOD": "calm"})
    (tmp_path / "none").unlink()
    out.unlink()
    assert not again.holds({"MOOD": "calm"})


@pytest.mark.parametrize("note", [None, "", "no json", "{}", '{"read": {}}', "[1]"])
def test_a_note_of_another_make_is_no_trace(note: str | None) -> None:
    assert load_trace(note) is None
