"""The lock beside the recipe: written by paid runs, held to with `--locked`."""

from __future__ import annotations

import shutil

import pytest

from nano_banana.model.call import Blob
from nano_banana.model.ticket import Ticket, TicketState, transition
from nano_banana.session.lock_file import Lock, load_lock
from tests.screen import Screen
from tests.stories.project import PAINT, Project, takes
from tests.workspace import Workspace

TAKES = ["heads/ana/office/s11", "heads/ana/office/s29", "heads/ana/street/s11", "heads/ana/street/s29"]


@pytest.fixture
def paid(project: Project) -> Project:
    """The project of the other stories, done by whom one pays, and locked."""
    project.edit("name: portraits", "name: portraits\nprovider: fal").run("--yes")
    project.notes.fresh()
    return project


def lock_of(project: Project) -> Lock:
    return load_lock(project.root / "recipe.lock")


def refused(project: Project, *argv: str) -> Screen:
    """Run and plan with `--locked`: both refuse, in the same words, and nobody is asked for anything."""
    screen = project.quiet("--locked", *argv, exit_code=2)
    assert project.workspace.run("plan", "--locked", *argv).stderr == screen.stderr
    return screen


def forget(project: Project, digest: str) -> None:
    """Lose these bytes from the store."""
    with project.store() as store:
        path = store.blobs.path(Blob(digest=digest, size=0, media=""))
    path.chmod(0o644)
    path.unlink()


def test_a_whole_paid_run_leaves_a_lock(paid: Project) -> None:
    lock = lock_of(paid)
    assert (lock.provider, lock.recipe) == ("fal", "portraits")
    assert lock.training_sets["ana"].photos == 2
    assert list(lock.endpoints) == ["fal-ai/flux-lora", "fal-ai/flux-lora-fast-training"]
    assert lock.endpoints["fal-ai/flux-lora"].usd
    assert list(lock.adapters) == ["likeness/ana"]
    assert list(lock.takes) == TAKES
    told = {str(take["id"]): take["sha256"] for take in takes(paid.told())}
    assert {name: stages["takes"].sha256 for name, stages in lock.takes.items()} == told
    assert lock.takes[TAKES[0]]["takes"].seed == 11


def test_the_lock_is_the_same_after_every_run_and_on_every_machine(paid: Project) -> None:
    text = paid.workspace.read("recipe.lock")
    shutil.rmtree(paid.root / ".nano-banana")
    (paid.root / "recipe.lock").unlink()
    paid.run("--yes")
    assert paid.workspace.read("recipe.lock") == text
    assert str(paid.root) not in text


def test_what_is_no_whole_paid_run_writes_none(project: Project) -> None:
    project.run()
    project.run("--provider", "fal", "--yes", "--sample", "2")
    project.notes.rule(fail=["street"])
    project.run("--provider", "fal", "--yes", exit_code=1)
    assert not (project.root / "recipe.lock").exists()
    project.run("--locked", exit_code=2).shows("lock file `recipe.lock` not found", "run once without `--locked`")


def test_a_trial_on_this_machine_leaves_the_lock_alone(paid: Project) -> None:
    text = paid.workspace.read("recipe.lock")
    paid.run("--provider", "local")
    assert paid.workspace.read("recipe.lock") == text


def test_a_lost_lock_is_written_again_without_a_call(paid: Project) -> None:
    text = paid.workspace.read("recipe.lock")
    paid.quiet().shows("Nothing to do: no changes")
    for harm in ("", "lock = 1\n", None):
        if harm is None:
            (paid.root / "recipe.lock").unlink()
        else:
            paid.workspace.write("recipe.lock", harm)
        paid.quiet().hides("Nothing to do: no changes")
        assert paid.workspace.read("recipe.lock") == text
        paid.quiet().shows("Nothing to do: no changes")


def test_held_to_the_lock_nothing_is_asked_with_the_shared_or_the_copied_store(paid: Project) -> None:
    for _ in range(2):
        paid.quiet("--locked").shows("4 of 4 pictures done")
    elsewhere = Workspace.__new__(Workspace)
    elsewhere.__dict__ |= {**vars(paid.workspace), "root": paid.root.parent / "elsewhere"}
    shutil.copytree(paid.root, elsewhere.root, ignore=shutil.ignore_patterns("out"))
    screen = elsewhere.run("run", "--locked")
    assert screen.exit_code == 0, screen.text
    shutil.rmtree(elsewhere.root / ".nano-banana")
    screen = elsewhere.run("run", "--locked", "--store", str(paid.root / ".nano-banana"))
    assert screen.exit_code == 0, screen.text
    assert paid.asked() == []
    screen = elsewhere.run("run", "--locked")
    assert screen.exit_code == 2
    screen.shows("the locked adapter `likeness/ana` is not in this store")
    assert paid.asked() == []


def test_the_quick_way_is_never_the_locked_way(paid: Project) -> None:
    paid.quiet().shows("Nothing to do: no changes")
    text = paid.workspace.read("recipe.lock")
    paid.edit('asked = "', 'asked = "0', "recipe.lock")
    refused(paid).shows("takes that would be made differently from the lock (4)")
    paid.workspace.write("recipe.lock", text)
    paid.quiet("--locked").hides("Nothing to do: no changes")


def test_the_lock_is_not_written_when_it_is_held_to(paid: Project) -> None:
    file = paid.root / "recipe.lock"
    before = (file.stat().st_ino, file.stat().st_mtime_ns)
    paid.edit('nano_banana = "', 'nano_banana = "0.', "recipe.lock").quiet("--locked").shows(
        "warning: the lock was written by version 0."
    )
    assert file.stat().st_ino == before[0]


def test_every_drift_at_once(paid: Project) -> None:
    paid.workspace.photos("photos/ana", count=3, size=(48, 60))
    paid.edit("[11, 29]", "[11, 30]").edit("headshot, {{ scene }}", "portrait, {{ scene }}")
    screen = refused(paid, "--provider", "local")
    paid.workspace.matches("stories/locked-drift", screen.golden)
    assert paid.workspace.json("run", "--locked", exit_code=2)["status"] == "error"


def test_of_a_selection_the_rest_is_not_gone(paid: Project) -> None:
    paid.quiet("--locked", "--only", "heads/ana/office/*")
    paid.quiet("--locked", "--sample", "2")
    paid.edit("office, street", "office, street, harbour")
    refused(paid, "--only", "heads/ana/harbour/*").shows("takes that are not in the lock (2)")


def test_an_endpoint_with_other_fields_is_refused(paid: Project) -> None:
    paid.workspace.write(
        "endpoints/flux-lora.yaml",
        """
        id: fal-ai/flux-lora
        does: generate
        makes: [images/*]
        base: flux-1
        adapters_max: 3
        fields:
          prompt: {type: string, required: true}
          seed: {type: integer}
          loras: {type: adapters}
        roles: {prompt: prompt, seed: seed, adapters: loras}
        """,
    )
    refused(paid).shows("the fields of `fal-ai/flux-lora` differ from the lock")


def test_an_adapter_that_was_lost_is_not_trained_again(paid: Project) -> None:
    forget(paid, lock_of(paid).adapters["likeness/ana"].sha256)
    refused(paid).shows("the locked adapter `likeness/ana` is not in this store", "`--store`")
    paid.pictures()[0].unlink()
    paid.run("--yes")
    assert paid.asked() == ["flux-lora-fast-training"]


def test_an_adapter_with_other_bytes_is_not_the_locked_one(paid: Project) -> None:
    text = paid.workspace.read("recipe.lock")
    digest = lock_of(paid).adapters["likeness/ana"].sha256
    paid.workspace.write("recipe.lock", text.replace(digest, "0" * 64))
    refused(paid).shows("the adapter `likeness/ana` in this store is not the locked one")


def test_a_zip_that_was_lost_is_packed_again_and_its_adapter_found(paid: Project) -> None:
    with paid.store() as store:
        (zipped,) = (
            blob.digest
            for reply in store.replies.get(store.trail.get("portraits").values()).values()
            for place, blob in reply.files.items()
            if place == "archive"
        )
    forget(paid, zipped)
    assert paid.calls("--locked")["made"] == 1
    assert paid.asked() == []


def test_lost_pictures_are_made_again_and_another_one_is_told(paid: Project) -> None:
    lock = lock_of(paid)
    text = paid.workspace.read("recipe.lock")
    digest = lock.takes[TAKES[0]]["takes"].sha256
    forget(paid, digest)
    paid.run("--locked").hides("warning")
    assert paid.asked() == ["flux-lora"]
    forget(paid, digest)
    paid.notes.rule(big=True)
    paid.run("--locked").shows("warning: takes with a different picture than in the lock (1): " + TAKES[0])
    assert paid.workspace.read("recipe.lock") == text
    paid.quiet("--locked").shows("warning: takes with a different picture than in the lock (1)")
    screen = paid.workspace.run("plan", "--locked")
    assert screen.exit_code == 0
    screen.shows("warning: takes with a different picture")


def test_what_is_painted_over_another_picture_is_no_drift(paid: Project) -> None:
    recipe = paid.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT)
    paid.run("--yes")
    stages = lock_of(paid).takes[TAKES[0]]
    assert list(stages) == ["takes", "faces"]
    paid.quiet("--locked")
    forget(paid, stages["takes"].sha256)
    paid.notes.rule(big=True)
    paid.run("--locked").shows("different picture than in the lock (1)")
    assert sorted(paid.asked()) == ["flux-lora", "flux-lora/inpainting"]
    forget(paid, stages["faces"].sha256)
    paid.edit("adapters: {likeness: 1.0}", "adapters: {likeness: 0.9}")
    refused(paid).shows("takes that would be made differently from the lock (4)")


def test_the_request_ids_of_tickets_are_locked(paid: Project) -> None:
    call = lock_of(paid).takes[TAKES[0]]["takes"]
    ticket = Ticket(key=call.key, document="{}", provider="fal", service="https://fal", endpoint="e", body="{}")
    sent = transition(ticket, TicketState.SENT, request_id="r-77")
    with paid.store() as store:
        store.tickets.keep([transition(sent, TicketState.COLLECTED, at=1.0)])
    (paid.root / "recipe.lock").unlink()
    paid.quiet()
    assert lock_of(paid).takes[TAKES[0]]["takes"].request_id == "r-77"
    assert lock_of(paid).takes[TAKES[1]]["takes"].request_id == ""


def test_a_lock_that_is_none_is_said_to_be(paid: Project) -> None:
    paid.workspace.edit("recipe.lock", "[takes]", "<<<<<<< HEAD\n[takes]")
    refused(paid).shows("can't read the lock `recipe.lock`", "resolve the merge")
    paid.workspace.write("recipe.lock", "lock = 99\n")
    refused(paid).shows("`recipe.lock` was written by a newer version")


def test_a_lock_that_cannot_be_written_is_a_warning(project: Project) -> None:
    (project.root / "recipe.lock").mkdir()
    project.run("--provider", "fal", "--yes").shows(
        "4 of 4 pictures done", "warning: can't write the lock `recipe.lock`"
    )


def test_a_recipe_that_is_called_a_lock_is_not_overwritten(project: Project) -> None:
    (project.root / "recipe.yaml").rename(project.root / "duo.lock")
    text = project.workspace.read("duo.lock")
    project.run("duo.lock", "--provider", "fal", "--yes")
    assert project.workspace.read("duo.lock") == text
    assert load_lock(project.root / "duo.lock.lock").recipe == "portraits"


def test_endpoints_that_nobody_describes_are_locked_by_name(paid: Project) -> None:
    recipe = paid.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "  - {id: larger, call: acme/up, each: takes}\n")
    paid.run("--yes", "--trust")
    assert lock_of(paid).endpoints["acme/up"].fields == ""
    paid.quiet("--locked")


def test_keys_are_those_of_the_calls(paid: Project) -> None:
    with paid.store() as store:
        for stages in lock_of(paid).takes.values():
            (document,) = store.replies.documents([stages["takes"].key]).values()
            assert (document["provider"], document["endpoint"]) == ("fal", "fal-ai/flux-lora")
