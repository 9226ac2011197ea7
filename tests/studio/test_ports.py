"""Where the studio listens."""

from __future__ import annotations

from pathlib import Path

from nano_banana.studio.studio_server import PORTS, project_socket


def test_a_recipe_has_a_port_of_its_own_unless_it_is_taken(tmp_path: Path) -> None:
    with project_socket(tmp_path / "recipe.yaml") as first:
        own = first.getsockname()[1]
        with project_socket(tmp_path / "recipe.yaml") as second:
            assert second.getsockname()[1] not in {0, own}
    with project_socket(tmp_path / "recipe.yaml") as again:
        assert again.getsockname()[1] == own
    assert own in PORTS
