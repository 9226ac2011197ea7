"""`catalog`: endpoints shown, and taken over from fal."""

from __future__ import annotations

from nano_banana.model.json_values import as_items, as_object
from tests.workspace import Workspace


def test_they_are_listed(workspace: Workspace) -> None:
    workspace.expect("catalog", "list").shows("fal-ai/flux-lora ", "$0.035 per megapixel", "program")
    told = [as_object(one) for one in as_items(workspace.json("catalog", "list")["endpoints"])]
    assert len(told) == 45
    assert {str(one["id"]) for one in told if one["does"] == "train"} >= {"fal-ai/flux-2-trainer"}
    assert all("fields" not in one for one in told)


def test_one_is_shown(workspace: Workspace) -> None:
    workspace.expect("catalog", "show", "fal-ai/nano-banana-pro/edit", golden="cli/catalog-show")
    told = workspace.json("catalog", "show", "fal-ai/flux-lora")
    assert as_object(as_object(told["fields"])["num_inference_steps"])["maximum"] == 50
    assert (told["own"], len(str(told["digest"]))) == (False, 64)


def test_a_bare_one_is_shown(workspace: Workspace) -> None:
    workspace.write("endpoints/x.yaml", "id: a/b\ndoes: other\nmakes: [it]\nfields: {}\n")
    workspace.expect("catalog", "show", "a/b").shows("a/b: ", "from    project", "unknown").hides("field ")
    workspace.expect("catalog", "show", "a/c", exit_code=2).shows("did you mean `a/b`?", "catalog refresh a/c")


def test_what_is_the_same_is_not_written(online: Workspace) -> None:
    online.expect("catalog", "refresh").shows(
        "fal-ai/flux-lora: 10 changes", "checked 45 endpoints at fal; 44 unchanged"
    )
    assert online.files("endpoints/*") == ["endpoints/fal-ai--flux-lora.yaml"]


def test_what_changed_is_written_and_said(online: Workspace) -> None:
    screen = online.expect("catalog", "refresh", "fal-ai/flux-lora")
    screen.shows(
        "mood", "new: string", "guidance_scale", "removed", "default now 18, was 28",
        "allows ≥ 1, ≤ 20, was ≥ 1, ≤ 50", "one of jpeg, png, webp, was one of jpeg, png",
        "wrote endpoints/fal-ai--flux-lora.yaml",
    )  # fmt: skip
    assert online.read("endpoints/fal-ai--flux-lora.yaml").startswith("# Fields as fal's OpenAPI listed them on 20")
    told = online.json("catalog", "show", "fal-ai/flux-lora")
    assert (told["own"], told["base"], as_object(told["price"])["usd"]) == (True, "flux-1", 0.035)
    assert "guidance" not in as_object(told["roles"])
    again = online.json("catalog", "refresh", "fal-ai/flux-lora")
    (one,) = (as_object(one) for one in as_items(again["endpoints"]))
    assert (one["fate"], one["changes"]) == ("same", [])


def test_it_goes_to_the_file_that_describes_it(online: Workspace) -> None:
    online.write("endpoints/mine.yaml", "id: fal-ai/flux-lora\ndoes: generate\nmakes: [image]\nfields: {}\n")
    online.write("endpoints/other.yaml", "id: a/b\ndoes: other\nmakes: [it]\nfields: {}\n")
    online.expect("catalog", "refresh", "fal-ai/flux-lora").shows("wrote endpoints/mine.yaml")
    assert online.files("endpoints/*") == ["endpoints/mine.yaml", "endpoints/other.yaml"]
    online.expect("catalog", "refresh", "a/b").shows("a/b: no longer at fal")


def test_a_stranger_is_taken_over_and_what_was_not_told_is_said(online: Workspace) -> None:
    online.expect("catalog", "refresh", "studio/relight").shows(
        "added, price unknown; wrote endpoints/studio--relight.yaml", "could not determine `base`"
    )
    told = online.json("catalog", "show", "studio/relight")
    assert told["roles"] == {"prompt": "prompt", "image": "image_url", "adapters": "loras"}
    assert (told["does"], told["makes"]) == ("edit", ["image"])


def test_what_nobody_has_is_an_error(online: Workspace) -> None:
    online.expect("catalog", "refresh", "fal-ai/flux-lor", exit_code=2).shows("did you mean `fal-ai/flux-lora`")
    online.expect("catalog", "refresh", "../../etc", exit_code=2).shows("IDs look like")
    online.expect("catalog", "refresh", "flux", exit_code=2).shows("no endpoint `flux`")
    assert online.files("endpoints/*") == []
