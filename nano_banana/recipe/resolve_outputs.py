"""Resolves `outputs`: the contact sheet and exported files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.problem import did_you_mean, problem
from nano_banana.recipe.prompts import add_template_fault, fault_place_of, names_in_shot
from nano_banana.recipe.recipe_model import ExportConversion, ExportSpec, OutputSpec, SheetSpec, Shot, TemplateText
from nano_banana.recipe.recipe_sections import (
    DEFAULT_NAME,
    DEFAULT_QUALITY,
    MAX_SIDE,
    NAMED_CROPS,
    ExportSection,
    SheetSection,
)
from nano_banana.recipe.resolve_context import ResolveContext, known_names_in
from nano_banana.recipe.resolve_stages import StageNames, read_sources, shots_in

COMMON_AXES = ("subject", "shot", "template", "seed")
"""What every take has, besides the axes of its shot."""


def read_outputs(reading: ResolveContext, names: StageNames, drawn: Mapping[str, list[Shot]]) -> OutputSpec:
    """What the recipe wants of its pictures; unknown collections and axes are noted."""
    section = reading.recipe.outputs
    return OutputSpec(
        sheet=None if section.sheet is None else _read_sheet(reading, section.sheet, names, drawn),
        export=None if section.files.export is None else _read_export(reading, section.files, names, drawn),
        embed=frozenset(section.files.embed),
    )


def _read_sheet(
    reading: ResolveContext, section: SheetSection, names: StageNames, drawn: Mapping[str, list[Shot]]
) -> SheetSpec:
    where: KeyPath = ("outputs", "sheet")
    sources = read_sources(reading, names, section.contact_sheet, (*where, "contact_sheet"))
    axes = dict.fromkeys(COMMON_AXES)
    axes |= {axis: None for source in sources for shot in drawn.get(source.stage, ()) for axis in shot.matrix}
    # The axes of an unknown collection are unknown.
    rows, columns = (section.rows, section.columns) if sources else (None, None)
    return SheetSpec(
        sources=sources,
        rows=known_names_in(reading, "axis", rows, axes, (*where, "rows")),
        columns=known_names_in(reading, "axis", columns, axes, (*where, "columns")),
        show=section.show,
        formats=section.formats,
    )


def _read_export(
    reading: ResolveContext, section: ExportSection, names: StageNames, drawn: Mapping[str, list[Shot]]
) -> ExportSpec:
    where: KeyPath = ("outputs", "files")
    sources = read_sources(reading, names, section.export, (*where, "export"))
    name = TemplateText(text=section.name or DEFAULT_NAME, where=(*where, "name"))
    to, packed = section.to or "", section.zip or ""
    if not to and not packed:
        reading.wrong_key("export_nowhere", (*where, "export"))
    for key, path in (("to", to), ("zip", packed)):
        if "://" in path or "\0" in path:
            reading.wrong("export_remote", (*where, key), path=path)
    if packed and not packed.casefold().endswith(".zip"):
        reading.wrong("export_no_zip", (*where, "zip"), path=packed)
    _check_export_name(reading, name, [shot for source in sources for shot in shots_in(source, drawn)])
    return ExportSpec(sources=sources, name=name, to=to, zip=packed, fit=_read_conversion(reading, section, where))


def _read_conversion(reading: ResolveContext, section: ExportSection, where: KeyPath) -> ExportConversion | None:
    """How the copies differ from the pictures; None if they don't."""
    if {section.format, section.quality, section.longest_side, section.crop} == {None}:
        return None
    if section.quality is not None and section.format not in ("jpeg", "webp"):
        reading.wrong_key("export_quality_of_what", (*where, "quality"))
    if section.crop is not None and section.longest_side is not None:
        reading.wrong_key("export_crop_and_longest", (*where, "longest_side"))
    return ExportConversion(
        format=section.format or "",
        quality=DEFAULT_QUALITY if section.quality is None else section.quality,
        longest=section.longest_side,
        crop=None if section.crop is None else _read_crop(reading, section.crop, (*where, "crop")),
        around=section.crop_around or "face",
    )


def _read_crop(reading: ResolveContext, said: str, where: KeyPath) -> tuple[int, int] | None:
    """Width and height by name or in pixels; what is neither is noted."""
    size = NAMED_CROPS.get(said.casefold())
    sides = re.fullmatch(r"([1-9][0-9]{0,5})\s*[x\u00d7]\s*([1-9][0-9]{0,5})", said.strip(), re.IGNORECASE)
    if size is None and sides:
        size = (int(sides[1]), int(sides[2]))
    if size is None or max(size) > MAX_SIDE:
        reading.wrong(
            "export_crop_unknown", where, hints=did_you_mean(said, NAMED_CROPS), crop=said, known=", ".join(NAMED_CROPS)
        )
        return None
    return size


def _check_export_name(reading: ResolveContext, name: TemplateText, shots: Sequence[Shot]) -> None:
    """Note names in the template that some copy's take does not have: each once, with the first shot that lacks it."""
    traits = frozenset(trait for subject in reading.recipe.subjects.values() for trait in subject.traits)
    axes = {*reading.recipe.axes, *(axis for shot in shots for axis in shot.matrix), "subject"}
    told: set[tuple[str, str]] = set()
    for shot in {shot.name: shot for shot in shots}.values():
        names = names_in_shot(reading, traits, shot.matrix, somebody=bool(shot.cast) and not shot.together)
        ours = dict.fromkeys(("cast", "take", "stage", "way", "recipe", "verdict"))
        for fault in reading.engine.check(name.text, {**names, **ours}):
            lacks = str(fault.data.get("name"))
            if (fault.kind, lacks) in told:
                continue
            told.add((fault.kind, lacks))
            place = fault_place_of(reading, name, fault)
            if fault.kind == "template_name" and lacks in axes:
                reading.add(problem("export_not_in_shot", position=place, shot=shot.name, name=lacks))
            else:
                add_template_fault(reading, fault, place)
