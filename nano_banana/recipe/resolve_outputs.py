"""Resolves `outputs`: the contact sheet and exported files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text, as_whole
from nano_banana.model.problem import did_you_mean, problem
from nano_banana.recipe.prompts import add_template_fault, fault_place_of, names_in_shot
from nano_banana.recipe.recipe_model import (
    DEFAULT_EMBEDS,
    DEFAULT_EXPORT_NAME,
    DEFAULT_QUALITY,
    MAX_SIDE,
    NAMED_CROPS,
    SHEET_FORMATS,
    CollectionRef,
    ExportConversion,
    ExportSpec,
    KeyPath,
    OutputSpec,
    SheetSpec,
    Shot,
    TemplateText,
)
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.resolve_stages import StageNames, read_sources, shots_in

COMMON_AXES = ("subject", "shot", "template", "seed")
"""What every take has, besides the axes of its shot."""


def read_outputs(reading: ResolveContext, names: StageNames, drawn: Mapping[str, list[Shot]]) -> OutputSpec:
    """What the recipe wants of its pictures; collections and axes that are not there are noted."""
    section = reading.section("outputs")
    sheet, files = as_object(section.get("sheet")), as_object(section.get("files"))
    return OutputSpec(
        sheet=_read_sheet(reading, sheet, names, drawn) if sheet else None,
        export=_read_export(reading, files, names, drawn) if "export" in files else None,
        embed=frozenset(as_text(name) for name in as_items(files.get("embed", DEFAULT_EMBEDS))),
    )


def _read_sheet(
    reading: ResolveContext, data: JSONObject, names: StageNames, drawn: Mapping[str, list[Shot]]
) -> SheetSpec:
    where: KeyPath = ("outputs", "sheet")
    sources = read_sources(reading, names, data["contact_sheet"], (*where, "contact_sheet"))
    axes = dict.fromkeys(COMMON_AXES)
    axes |= {axis: None for source in sources for shot in drawn.get(source.stage, ()) for axis in shot.matrix}
    # Of a collection that is not there nobody knows the axes.
    rows, columns = (data.get("rows"), data.get("columns")) if sources else (None, None)
    usual = SheetSpec(sources=())
    return SheetSpec(
        sources=sources,
        rows=_read_axes(reading, rows, axes, (*where, "rows")),
        columns=_read_axes(reading, columns, axes, (*where, "columns")),
        show=tuple(as_text(name) for name in as_items(data.get("show", usual.show))),
        formats=tuple(as_text(name) for name in as_items(data.get("formats", SHEET_FORMATS))),
    )


def _read_axes(reading: ResolveContext, value: JSONValue, axes: Mapping[str, None], where: KeyPath) -> tuple[str, ...]:
    names = [(as_text(name), where if isinstance(value, str) else (*where, at)) for at, name in _indexed(value)]
    return tuple(name for name, place in names if reading.known("axis", name, axes, place))


def _indexed(value: JSONValue) -> list[tuple[int, JSONValue]]:
    return list(enumerate(as_items(value if value is not None else ())))


def _read_export(
    reading: ResolveContext, data: JSONObject, names: StageNames, drawn: Mapping[str, list[Shot]]
) -> ExportSpec:
    where: KeyPath = ("outputs", "files")
    sources: tuple[CollectionRef, ...] = read_sources(reading, names, data["export"], (*where, "export"))
    name = TemplateText(text=as_text(data.get("name", DEFAULT_EXPORT_NAME)), where=(*where, "name"))
    to, packed = (as_text(data.get(key, "")) for key in ("to", "zip"))
    if not to and not packed:
        reading.wrong_key("export_nowhere", (*where, "export"))
    for key, path in (("to", to), ("zip", packed)):
        if "://" in path or "\0" in path:
            reading.wrong("export_remote", (*where, key), path=path)
    if packed and not packed.casefold().endswith(".zip"):
        reading.wrong("export_no_zip", (*where, "zip"), path=packed)
    _check_export_name(reading, name, [shot for source in sources for shot in shots_in(source, drawn)])
    return ExportSpec(sources=sources, name=name, to=to, zip=packed, fit=_read_conversion(reading, data, where))


def _read_conversion(reading: ResolveContext, data: JSONObject, where: KeyPath) -> ExportConversion | None:
    """How the copies are to differ from the pictures; None where they are not."""
    if not data.keys() & {"format", "quality", "longest_side", "crop"}:
        return None
    form = as_text(data.get("format", ""))
    if "quality" in data and form not in ("jpeg", "webp"):
        reading.wrong_key("export_quality_of_what", (*where, "quality"))
    if "crop" in data and "longest_side" in data:
        reading.wrong_key("export_crop_and_longest", (*where, "longest_side"))
    return ExportConversion(
        format=form,
        quality=as_whole(data.get("quality", DEFAULT_QUALITY)),
        longest=as_whole(data["longest_side"]) if "longest_side" in data else None,
        crop=_read_crop(reading, as_text(data["crop"]), (*where, "crop")) if "crop" in data else None,
        around=as_text(data.get("crop_around", "face")),
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
    traits = frozenset(
        trait
        for subject in reading.section("subjects").values()
        for trait in as_object(as_object(subject).get("traits"))
    )
    axes = {*reading.section("axes"), *(axis for shot in shots for axis in shot.matrix), "subject"}
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
