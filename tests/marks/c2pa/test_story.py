"""A recipe that asks for content credentials, told on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_object
from nano_banana.provenance.content_credentials import ContentCredentials, parse_credentials
from nano_banana.provenance.embedding import read_record as account_of
from tests.workspace import Workspace

RECIPE = """
    nano_banana: 1
    name: signed
    provider: local
    subjects:
      mia: {noun: woman, trigger: miaxq, training_set: {photos: photos}}
    templates: {portrait: "{{ subject.trigger }} {{ subject.noun }}, studio portrait"}
    shots:
      heads: {template: portrait, cast: {each: [mia]}, seeds: [3]}
    stages:
      - {id: likeness, train: all, using: fal-ai/flux-lora-portrait-trainer, steps: 1000}
      - {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {likeness: 0.95}}
      - {id: large, upscale: takes, using: fal-ai/seedvr/upscale/image, with: {upscale_factor: 2}}
    outputs: {files: {embed: [recipe, ai_source, c2pa]}}
"""


@pytest.fixture
def signed(workspace: Workspace) -> Workspace:
    """A recipe of one take, with a certificate that was made here."""
    workspace.run("config", "make-certificate", "--name", "Studio")
    return workspace.photos("photos").write("recipe.yaml", RECIPE)


def credentials(workspace: Workspace, name: str) -> ContentCredentials:
    (file,) = workspace.files(f"out/signed/{name}/**/*.png")
    found = parse_credentials(workspace.path(file).read_bytes(), "image/png")
    assert found is not None
    return found


def test_outputs_are_signed_and_tell_their_story_all_the_same(signed: Workspace) -> None:
    signed.expect("run")
    drawn, large = credentials(signed, "takes"), credentials(signed, "large")
    assert (drawn.state, drawn.organisation, drawn.ai) == ("valid", "Studio", True)
    assert [action.name for action in drawn.actions] == ["c2pa.created"]
    assert [action.name for action in large.actions] == ["c2pa.opened", "c2pa.edited"]
    assert large.manifests == 2
    for file in signed.files("out/signed/**/*.png"):
        account = account_of(signed.path(file))
        assert account is not None
        assert account.take == "heads/mia/s3"
        assert not any(word in signed.path(file).read_bytes() for word in (b"PRIVATE", b"thumbnail"))


def test_a_second_run_leaves_signed_pictures_alone(signed: Workspace) -> None:
    signed.expect("run")
    before = {file: signed.path(file).read_bytes() for file in signed.files("out/**/*.png")}
    signed.expect("run").shows("Nothing to do")
    signed.edit("recipe.yaml", "name: signed", "name: signed  # touched")
    signed.expect("run")
    assert {file: signed.path(file).read_bytes() for file in signed.files("out/**/*.png")} == before


def test_pictures_are_signed_anew_when_the_certificate_changes(signed: Workspace) -> None:
    signed.expect("run")
    signed.run("config", "make-certificate", "--name", "Another", "--force")
    assert as_object(signed.json("run")["calls"])["made"] == 0
    assert {credentials(signed, stage).organisation for stage in ("takes", "large")} == {"Another"}


@pytest.mark.parametrize("embed", ["[recipe, ai_source, c2pa]", "[c2pa]"])
def test_a_copy_in_another_format_is_signed_as_the_picture_that_it_is_made_of(signed: Workspace, embed: str) -> None:
    signed.edit("recipe.yaml", "[recipe, ai_source, c2pa]", f"{embed}, export: large, to: d, format: jpeg, crop: x")
    signed.expect("run").shows("1 copy in")
    (file,) = signed.files("d/**/*.jpg")
    found = parse_credentials(signed.path(file).read_bytes(), "image/jpeg")
    assert found is not None
    assert (found.state, found.organisation, found.ai, found.manifests) == ("valid", "Studio", True, 3)
    assert [action.name for action in found.actions] == ["c2pa.opened", "c2pa.edited"]
    signed.expect("run").shows("Nothing to do")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            lambda folder: (folder / "c2pa-key.pem").unlink(),
            "c2pa-key.pem (the setting `c2pa_key`), which doesn't exist",
        ),
        (lambda folder: (folder / "c2pa-certificate.pem").write_text("x"), "is not a certificate"),
    ],
)
def test_what_would_stop_signing_stops_the_run_before_it_begins(
    signed: Workspace, harm: Callable[[Path], object], words: str
) -> None:
    harm(signed.home / "config/nano-banana")
    screen = signed.run("run")
    assert screen.exit_code in (1, 2)
    screen.shows(words)
    assert not signed.files("out/**/*")


def test_pictures_without_an_account_are_signed_too(signed: Workspace) -> None:
    signed.edit("recipe.yaml", "[recipe, ai_source, c2pa]", "[c2pa]")
    signed.expect("run")
    assert credentials(signed, "large").state == "valid"
    assert not any(account_of(Path(signed.path(file))) for file in signed.files("out/**/*.png"))


def test_detect_watermark_trusts_the_authority_that_was_made(signed: Workspace) -> None:
    signed.expect("run")
    (file,) = signed.files("out/signed/takes/*.png")
    authority = str(signed.home / "config/nano-banana/c2pa-authority.pem")
    signed.expect("detect-watermark", file).shows("Studio")
    assert signed.run("detect-watermark", file, "--trust", authority, "--json").text.count('"trusted"') == 1
