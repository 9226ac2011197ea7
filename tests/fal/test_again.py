"""Calls that a picture asks for are shown before they are paid for, and only the catalog's are made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import nano_banana
from nano_banana.model.json_values import as_object
from nano_banana.provenance.embedding import ProvenanceInfo, embed_metadata, original_bytes, read_record, record_in
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord
from tests.fal.project import KEY, FalProject
from tests.screen import Screen

DATA = Path(nano_banana.__file__).parent / "catalog" / "data"
ELSEWHERE = ("--store", "elsewhere")


def again(project: FalProject, picture: Path, *argv: str, exit_code: int = 0) -> Screen:
    screen = project.workspace.run("again", str(picture), *ELSEWHERE, *argv)
    assert screen.exit_code == exit_code, screen.text
    return screen.hides("Traceback", "this is a bug", KEY)


def forged(picture: Path, change: Callable[[GenerationRecord], GenerationRecord]) -> Path:
    """The picture with another account in it."""
    data = original_bytes(picture.read_bytes())
    account = read_record(picture)
    assert data is not None
    assert account is not None
    target = picture.with_name("forged.png")
    target.write_bytes(embed_metadata(data, ProvenanceInfo(source=account.source, tool="x", account=change(account))))
    return target


def last(**told: object) -> Callable[[GenerationRecord], GenerationRecord]:
    """Change the picture's own call."""
    return lambda account: replace(
        account,
        calls=[*account.calls[:-1], replace(account.calls[-1], **told)],
    )


def given(**arguments: object) -> Callable[[GenerationRecord], GenerationRecord]:
    """Change arguments of the picture's own call."""
    return lambda account: last(arguments={**account.calls[-1].arguments, **arguments})(account)


def test_what_is_to_be_paid_for_is_shown_and_made_only_after_a_yes(project: FalProject) -> None:
    project.run("--yes")
    picture = project.pictures()[0]
    asked = project.service.asked()
    again(project, picture, "--plan").shows("1 call to make", "takes: fal fal-ai/flux/dev", "prompt: anqz7 woman")
    again(project, picture, exit_code=3).shows("recreating this costs about $0.0", "then pass `--yes`")
    assert project.service.asked() == asked
    again(project, picture, "--yes").shows("1 call made")
    assert project.service.asked() > asked
    again(project, picture).shows("0 calls made")


def test_a_price_by_the_project_s_own_word_is_said(project: FalProject) -> None:
    project.run("--yes")
    shipped = (DATA / "fal-ai--flux--dev.yaml").read_text()
    project.workspace.write("endpoints/dev.yaml", re.sub(r"usd: [0-9.]+", "usd: 0.0000001", shipped))
    again(project, project.pictures()[0], exit_code=3).shows("changes the price of `fal-ai/flux/dev` from")


def test_a_budget_holds(project: FalProject) -> None:
    project.run("--yes")
    again(project, project.pictures()[0], "--yes", "--budget", "0.001", exit_code=3).shows("budget")


def test_on_this_machine_it_is_drawn_anew_for_nothing(project: FalProject) -> None:
    project.run("--yes")
    asked = project.service.asked()
    again(project, project.pictures()[0], "--provider", "local").shows("different from the original")
    assert project.service.asked() == asked
    again(project, project.pictures()[0], "--provider", "nobody", exit_code=2).shows("nobody")


def test_without_a_key_nothing_is_begun(project: FalProject) -> None:
    project.run("--yes")
    project.workspace.env(FAL_KEY="")
    again(project, project.pictures()[0], "--yes", exit_code=4).shows("key")


HOSTILE: dict[str, tuple[Callable[[GenerationRecord], GenerationRecord], str]] = {
    "an endpoint that nobody knows": (last(endpoint="evil/miner"), "which is unknown here"),
    "somebody who is nobody": (last(provider="../../bin/sh"), "which is not installed"),
    "work that pictures do not hang on": (last(provider="compute", endpoint="training-zip"), "is unknown here"),
    "a field that is not there": (given(webhook_url="https://evil.example"), "value for `webhook_url`"),
    "a value out of range": (given(num_inference_steps=10**9), "value for `num_inference_steps`"),
    "a file by its path": (last(inputs={"/etc/passwd": "f" * 64}), "doesn't accept"),
    "a size of no picture": (given(image_size={"width": 10**9, "height": 1}), "value for `image_size"),
    "no call at all": (lambda account: replace(account, calls=[]), "names no call"),
    "a circle": (
        lambda account: replace(
            account,
            calls=[replace(account.calls[-1], inputs={"image_url": account.picture})],
        ),
        "value for `image_url`",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_makes_no_call(project: FalProject, name: str) -> None:
    project.run("--yes")
    asked = project.service.asked()
    change, words = HOSTILE[name]
    again(project, forged(project.pictures()[0], change), "--yes", exit_code=2).shows(words)
    assert project.service.asked() == asked


def test_names_of_a_stranger_s_never_become_paths_or_escapes(project: FalProject) -> None:
    def change(account: GenerationRecord) -> GenerationRecord:
        return replace(account, take="../../../etc/\x1b[31mx", stage="..", recipe="\x1b]0;owned\x07")

    project.run("--yes")
    picture = forged(project.pictures()[0], change)
    screen = again(project, picture, "--yes")
    screen.hides("\x1b[31m", "..png")
    assert [path.name for path in project.root.glob("out/again/*")] == ["again", "manifest.json"]
    (made,) = project.root.glob("out/again/again/*")
    assert made.name == "etc_31mx.png"
    project.root.joinpath("recipe.yaml").unlink()
    project.workspace.run("explain", str(picture)).hides("\x1b[31m", "\x1b]0;")


def test_the_picture_s_own_chain_is_gone_again_from_the_adapter_on(project: FalProject) -> None:
    project.trained(painted=True).run("--yes")
    picture = project.pictures("faces")[0]
    account = record_in(picture.read_bytes())
    assert account is not None
    assert [call.endpoint.rpartition("/")[2] for call in account.calls][:2] == ["flux-lora-fast-training", "flux-lora"]
    again(project, picture, "--yes", exit_code=2).shows("an adapter that the picture needs is missing here")
    # Here all is in the store.
    screen = project.workspace.run("again", str(picture), "--json")
    assert as_object(screen.json["calls"])["made"] == 0
    assert screen.json["same"] is True


def test_a_key_in_an_account_is_never_believed(project: FalProject) -> None:
    project.run("--yes")
    first, second = project.pictures()[:2]
    other = read_record(second)
    assert other is not None

    def change(account: GenerationRecord) -> GenerationRecord:
        call: CallRecord = replace(account.calls[-1], key=other.calls[-1].key, arguments={"prompt": "something else"})
        return replace(account, calls=[call])

    again(project, forged(first, change), "--plan").shows("prompt: something else", "1 call to make")


def test_the_digest_of_what_was_bought_is_told(project: FalProject) -> None:
    project.run("--yes")
    picture = project.pictures()[0]
    bare = original_bytes(picture.read_bytes())
    account = read_record(picture)
    assert bare is not None
    assert account is not None
    assert account.picture == hashlib.sha256(bare).hexdigest() == account.calls[-1].outputs["images/0"]
