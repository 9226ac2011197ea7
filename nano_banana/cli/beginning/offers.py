"""The templates of packs that a new project may draw by."""

from __future__ import annotations

from pathlib import Path

from nano_banana.cli.beginning.answers import SCALE, Offer


def offers_in(folder: Path) -> list[Offer]:
    """Those of the packs that came with us and of the project that `folder` belongs to; broken packs have none."""
    from nano_banana.core.root import project_root
    from nano_banana.project.packs.library import Library

    packs = [found.pack for found in Library(project_root(folder.absolute())).all()]
    return [
        Offer(
            name=f"{pack.name}/{template.name}",
            title=template.title,
            about=template.about,
            nouns=template.nouns,
            scale=template.adapter_scale or SCALE,
            gate=template.gate,
        )
        for pack in packs
        if pack is not None
        for template in pack.templates.values()
    ]
