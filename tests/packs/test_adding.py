"""A pack on its way into a project: nothing is lost where it can't be put down."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.features.packs.pack_install import discard_staged, install_pack, stage_pack
from nano_banana.model.problem import Invalid, Unusable
from nano_banana.recipe.pack_reader import read_pack
from nano_banana.recipe.recipe_files import RecipeFiles

PACK = """
nano_banana_pack: 1
name: tiny
version: VERSION
title: Tiny
about: One template.
templates:
  one:
    title: One
    about: One.
    prompt: one.j2
"""


def laid(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK.replace("VERSION", version), encoding="utf-8")
    (folder / "one.j2").write_text("{{ subject.trigger }}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("bad", "kind"),
    [("adapter_scale: 5", "above_maximum"), ("adapter_scale: -1", "below_minimum"), ("wrong: 1", "unknown_key")],
)
def test_a_value_out_of_range_hides_nothing_else(tmp_path: Path, bad: str, kind: str) -> None:
    """A number is one, also if it is too large: what else is wrong with the pack is told with it."""
    folder = laid(tmp_path / "tiny", "1.0.0")
    with (folder / "pack.yaml").open("a") as file:
        file.write(f"    {bad}\n    preview: gone.png\n")
    with pytest.raises(Invalid) as error:
        read_pack(folder, RecipeFiles(tmp_path, tmp_path))
    assert sorted(found.kind for found in error.value.problems) == sorted([kind, "file_missing"])


@pytest.mark.parametrize("broken", ["old", "new"])
def test_the_old_one_stays_where_the_new_one_cannot_be_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    old = laid(tmp_path / "packs/tiny", "1.0.0")
    incoming = stage_pack(laid(tmp_path / "tiny", "2.0.0"), tmp_path)
    assert (incoming.replaces is not None, incoming.is_blocked) == (True, True)
    rename = Path.rename

    def stubborn(path: Path, target: Path) -> Path:
        if (path == old) if broken == "old" else ".adding" in str(path):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(Unusable):
        install_pack(incoming)
    assert "1.0.0" in (old / "pack.yaml").read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "packs").iterdir()] == ["tiny"]


def test_one_that_is_left_leaves_no_folder(tmp_path: Path) -> None:
    discard_staged(stage_pack(laid(tmp_path / "tiny", "2.0.0"), tmp_path))
    assert not (tmp_path / "packs").exists()


def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    source = laid(tmp_path / "tiny", "2.0.0")
    text = (source / "pack.yaml").read_text(encoding="utf-8")
    (source / "pack.yaml").write_text(text.replace("name: tiny", "name: ../tiny"), encoding="utf-8")
    with pytest.raises(Exception, match="not_a_name"):
        stage_pack(source, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
