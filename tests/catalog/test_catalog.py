"""Endpoints by id, the package's and a project's."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.problem import Invalid

OWN = """\
id: acme/draw
does: generate
makes: [image]
fields:
  prompt: {type: string, required: true}
"""


def said(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        Catalog.load(folder)
    return [
        f"{Path(at.file).name}:{at.line}:{at.column} {problem.kind}"
        for problem in caught.value.problems
        if (at := problem.position)
    ]


def title(endpoint: Endpoint | None) -> str:
    assert endpoint is not None
    return endpoint.title


def test_an_endpoint_is_read_once() -> None:
    catalog = Catalog.load()
    assert catalog.get("fal-ai/flux-lora") is catalog.get("fal-ai/flux-lora")
    assert catalog.get("fal-ai/none") is None


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        ("flux-lora", "fal-ai/flux-lora"),
        ("/Flux-Lora", "fal-ai/flux-lora"),
        ("fal-ai/flux-lorra", "fal-ai/flux-lora"),
        ("flux/shnell", "fal-ai/flux/schnell"),
        ("fal-ai/turbo-flux-training", "fal-ai/turbo-flux-trainer"),
    ],
)
def test_near_ids(wrong: str, first: str) -> None:
    assert Catalog.load().near(wrong)[0] == first


def test_nothing_is_near_to_nonsense() -> None:
    assert Catalog.load().near("xyzzy") == ()
    assert Catalog.load().near("") == ()


def test_a_project_adds_endpoints_and_may_replace_one(tmp_path: Path) -> None:
    (tmp_path / "draw.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "lora.yaml").write_text(OWN.replace("acme/draw", "fal-ai/flux-lora"), encoding="utf-8")
    catalog = Catalog.load(tmp_path)
    assert "acme/draw" in catalog.ids
    assert title(catalog.get("acme/draw")) == "acme/draw"
    assert title(catalog.get("fal-ai/flux-lora")) == "fal-ai/flux-lora"
    assert catalog.get("fal-ai/flux/dev") is not None


def test_no_folder_is_no_endpoints(tmp_path: Path) -> None:
    assert Catalog.load(tmp_path / "endpoints").ids == Catalog.load().ids


def test_a_project_s_files_go_through_the_given_reader(tmp_path: Path) -> None:
    (tmp_path / "draw.yaml").write_text("?", encoding="utf-8")
    seen: list[Path] = []

    def read(path: Path) -> str:
        seen.append(path)
        return OWN

    assert "acme/draw" in Catalog.load(tmp_path, read=read).ids
    assert seen == [tmp_path / "draw.yaml"]


def test_all_problems_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"id: caf\xe9\n")
    (tmp_path / "folder.yaml").mkdir()
    assert said(tmp_path, a=OWN, b=OWN, broken="id: [", shape=OWN.replace("makes", "makse")) == [
        "b.yaml:1:1 endpoint_twice",
        "broken.yaml:1:5 yaml_bracket",
        "folder.yaml:1:1 endpoint_unreadable",
        "latin.yaml:1:1 endpoint_unreadable",
        "shape.yaml:1:1 endpoint_key_missing",
        "shape.yaml:3:1 endpoint_key_unknown",
    ]


def test_a_key_that_is_nearly_right_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OWN.replace("makes", "makse").replace("generate", "genrate"), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        Catalog.load(tmp_path)
    assert {problem.kind: problem.suggestions for problem in caught.value.problems} == {
        "endpoint_key_missing": (),
        "endpoint_choice": ("generate",),
        "endpoint_key_unknown": ("makes", "base"),
    }
