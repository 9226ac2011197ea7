"""Every kind of the catalog has words, and its data fills them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.arguments import ArgumentProblem, argument_problems
from nano_banana.catalog.catalog import Catalog, endpoint_faults
from nano_banana.cli.diagnostics import message_for
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid
from tests.catalog.describe import shipped


def words(kind: str, data: JSONObject) -> tuple[str, str]:
    message = message_for(kind)
    return message.text.format(**data), message.help.format(**data)


def test_misfits_are_said() -> None:
    given: JSONObject = {
        "negative_prompt": "x",
        "stps": 1,
        "num_images": 2,
        "seed": "x",
        "num_inference_steps": 99,
        "output_format": "gif",
        "image_size": {"width": 1, "height": 1001},
        "loras": ["x"],
        "mask_url": "x",
    }
    said = [
        words(misfit.kind, misfit.data)
        for misfit in argument_problems(shipped("flux-lora/inpainting"), given, filled=["mask_url"])
    ]
    assert ("99 is out of range for `num_inference_steps` of `fal-ai/flux-lora/inpainting`", "allowed: 1–50") in said
    assert len(said) == 12
    more = {"image_urls": ["x"] * 15, "prompt": "x"}
    assert words(*pair(argument_problems(shipped("nano-banana-pro/edit"), more)))[1] == "at most 14"
    many: JSONObject = {"loras": [{"path": "a"}] * 4, "prompt": "x", "image_size": []}
    assert [words(misfit.kind, misfit.data)[1] for misfit in argument_problems(shipped("flux-2/lora"), many)] == [
        "at most 3",
        "for example portrait_4_3, or {width: 880, height: 1104}",
    ]


def pair(found: list[ArgumentProblem]) -> tuple[str, JSONObject]:
    return found[0].kind, found[0].data


def test_faults_are_said() -> None:
    broken: JSONObject = {"id": 1, "does": "generate", "makes": ["a"], "fields": {"x": {"typ": "enum"}}}
    assert [words(fault.kind, fault.data)[0] for fault in endpoint_faults(broken)] == [
        "invalid value `1` for `id`",
        "missing key `type` in `fields.x`",
        "unknown key `typ` in `fields.x`",
    ]
    field: JSONObject = {"type": "number", "minimum": 2, "maximum": 1}
    odd: JSONObject = {
        **broken,
        "id": "a/b",
        "roles": {"prompt": "y"},
        "fields": {"x": field, "z": {"type": "url", "default": 1}},
    }
    assert len([words(fault.kind, fault.data) for fault in endpoint_faults(odd)]) == 3


def test_files_are_said(tmp_path: Path) -> None:
    for name, text in {"a": "a: 1\na: 2\n? [b]\n: 1\nc: &x [*x]\n", "b": "["}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    for name in ("e", "f"):
        (tmp_path / f"{name}.yaml").write_text("id: a/b\ndoes: other\nmakes: [a]\nfields: {}\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        Catalog.load(tmp_path)
    said = [words(problem.kind, problem.data)[0] for problem in caught.value.problems]
    assert said == [
        "duplicate key `a`",
        "a key must be plain text",
        "alias `*x` contains itself",
        "unclosed `[`",
        "can't read this endpoint file (UnicodeDecodeError)",
        "the endpoint `a/b` is described twice",
    ]
