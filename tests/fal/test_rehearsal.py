"""What a stand-in for fal answers is kept apart from what fal does."""

from __future__ import annotations

from tests.fal.project import FalProject


def test_a_rehearsal_leaves_a_real_lock_alone_and_replaces_its_own(project: FalProject) -> None:
    lock = project.root / "recipe.lock"
    project.run()
    rehearsed = lock.read_text("utf-8")
    assert 'provider = "fal (rehearsed)"' in rehearsed
    real = rehearsed.replace(" (rehearsed)", "")
    lock.write_text(real, "utf-8")
    project.run("--locked", exit_code=2).shows("fal (rehearsed)")
    project.workspace.edit("recipe.yaml", "seeds: [", "seeds: [77, ")
    project.run()
    assert lock.read_text("utf-8") == real
    lock.write_text(rehearsed, "utf-8")
    project.workspace.edit("recipe.yaml", "seeds: [77, ", "seeds: [78, ")
    project.run()
    assert "s78" in lock.read_text("utf-8")


def test_a_rehearsal_spends_nothing_of_the_real_store(project: FalProject) -> None:
    project.run()
    assert (project.root / ".nano-banana/rehearsal/store.sqlite").is_file()
    assert not (project.root / ".nano-banana/store.sqlite").exists()
