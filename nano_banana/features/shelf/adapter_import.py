"""Import an adapter file: verify it, find its base model and trigger.

Everything is checked before anything is kept. Tensor shapes show the model family; where families share their shape,
the file's own metadata decides.
"""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.features.shelf.adapter_archive import UnpackedAdapter, read_archive
from nano_banana.formats.safetensors import SafetensorsHeader, read_safetensors_header
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, did_you_mean, problem
from nano_banana.session.opening import project_catalog
from nano_banana.settings.configuration import Settings
from nano_banana.store.adapter_shelf import (
    MAX_WORDS,
    AdapterCard,
    AdapterOrigin,
    AdapterShelf,
    ShelvedAdapter,
    check_adapter_name,
    is_acceptable_text,
)

SUBJECT_NOUNS = frozenset({"woman", "man", "person", "girl", "boy", "child", "dog", "cat", "style"})
"""Words that tell what a trigger stands for, where they follow it."""

_TRIGGER_KEYS = ("trigger", "trigger_word", "modelspec.trigger_phrase", "ss_trigger", "instance_prompt")
_REPEATS = re.compile(r"^\d+_")
"""kohya's scripts call a folder of photos `10_anqz7 woman`: how often each is shown, then the words for it."""

_NAME_WORD = re.compile(r"[A-Za-z0-9_-]+")
_MAX_NAME = 64


def proposed_trigger(metadata: Mapping[str, str]) -> tuple[str, str]:
    """The adapter's trigger, and the noun after it; either may be empty.

    As the file says; else as its training photos' folder was called, or the tag that most captions begin with.
    """
    for key in _TRIGGER_KEYS:
        if words := _trigger_and_noun(metadata.get(key, "")):
            return words
    try:
        folders = json.loads(metadata.get("ss_tag_frequency", "{}"))
    except (ValueError, RecursionError):
        return ("", "")
    if not isinstance(folders, dict) or not folders:
        return ("", "")
    folder = max(sorted(map(str, folders)), key=lambda name: _caption_count(folders.get(name)))
    tags = folders[folder] if isinstance(folders[folder], dict) else {}
    if words := _trigger_and_noun(_REPEATS.sub("", folder)):
        return words
    counts = {str(tag): count for tag, count in tags.items() if isinstance(count, int)}
    return _trigger_and_noun(max(sorted(counts), key=lambda tag: counts[tag], default="")) or ("", "")


def proposed_name(metadata: Mapping[str, str], stem: str) -> str:
    """A name for the shelf: the output's, else the file's (`stem`), in letters that a name may have."""
    words = "-".join(_NAME_WORD.findall(metadata.get("ss_output_name") or stem)).strip("-_")
    return words[:_MAX_NAME] or "adapter"


def _trigger_and_noun(phrase: str) -> tuple[str, str] | None:
    found = phrase.partition(",")[0].split()
    if not found or not found[0].isprintable() or len(found[0]) > _MAX_NAME:
        return None
    noun = next((word for word in found[1:3] if word.casefold() in SUBJECT_NOUNS), "")
    return found[0], noun.casefold()


def _caption_count(tags: object) -> int:
    return sum(count for count in tags.values() if isinstance(count, int)) if isinstance(tags, dict) else 0


LOCAL_FAMILY = "local"
KONTEXT = "flux-kontext"
_LOCAL_FORMAT = "nano-banana-local"

_FAMILY_KEYS = ("ss_base_model_version", "modelspec.architecture", "base_model", "ss_sd_model_name")
"""Where trainers say the model: kohya's scripts and ai-toolkit the first, the ModelSpec standard the second."""

_FAMILY_NAMES = (
    (r"kontext", KONTEXT),
    (r"flux[-_. ]?2", "flux-2"),
    (r"klein", "flux-2"),
    (r"flux", "flux-1"),
    (r"sdxl|stable-diffusion-xl|pony|illustrious|noobai", "sdxl"),
    (r"sd[-_]?3|stable-diffusion-(v)?3|sd3", "sd-3"),
    (r"sd[-_]?v?2|stable-diffusion-v2", "sd-2"),
    (r"sd[-_]?v?1|stable-diffusion-v1", "sd-1"),
    (r"qwen", "qwen-image"),
    (r"wan[-_ ]?\d|wan2", "wan"),
    (r"hunyuan", "hunyuan-video"),
    (r"z[-_ ]?image", "z-image"),
    (r"chroma", "chroma"),
    (r"lumina", "lumina"),
    (r"hidream", "hidream"),
)
"""How models are called, each line before what it could be mistaken for."""

_TENSOR_NAMES = (
    (r"to_qkv_mlp_proj|double_stream_modulation|single_stream_modulation", "flux-2"),
    (r"joint_blocks", "sd-3"),
    (r"double_blocks|(^|[._])single_blocks|single_transformer_blocks", "flux-1"),
    (r"transformer_blocks[._]\d+[._](img_mlp|txt_mlp|img_mod|txt_mod)", "qwen-image"),
    (r"noise_refiner|context_refiner|(^|\.)layers\.\d+\.(attention|feed_forward)", "z-image"),
    (r"(^|\.|lora_unet_)blocks[._]\d+[._](self_attn|cross_attn|attn1|attn2|ffn)", "wan"),
    (r"lora_te2_|text_encoder_2", "sdxl"),
    (r"(^|lora_|\.)(transformer[._])?transformer_blocks[._]\d+[._](attn|ff)", "double"),
)
"""Parts of the names of tensors that one family alone has, each line before what it could be mistaken for."""

_UNET_BLOCK = re.compile(r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)[._]")
_CROSS = re.compile(r"attn2[._](processor[._])?to_k[._].{0,200}(down|lora_A|lora\.down)")
_DOWN = re.compile(r"(lora_down|lora_A|\.down)(\.\w+){0,4}\.weight$")
_BLOCK = re.compile(r"(double_blocks|single_blocks|single_transformer_blocks)[._](\d+)[._]")
_UNET_WIDTHS = {768: "sd-1", 1024: "sd-2", 2048: "sdxl"}
"""What a U-Net's cross-attention reads of its text, in numbers a token."""

_FLUX_BLOCKS = {"double_blocks": 19, "single_blocks": 38, "single_transformer_blocks": 38}
"""Blocks of FLUX.1; HunyuanVideo has the same names, and more of them."""

_FLUX_WIDTHS = {3072: "flux-1", 6144: "flux-2", 4096: "flux-2"}
"""The inner width of FLUX models: FLUX.1, FLUX.2 [dev], FLUX.2 [klein] 9B."""

_DOUBLE_WIDTHS = {1536: "sd-3", 2432: "sd-3", 6144: "flux-2"}
"""The inner width of others: Stable Diffusion 3 medium and 3.5 large, FLUX.2 [dev]."""


class ModelFamily(Struct, frozen=True, kw_only=True):
    """The family that the tensors show, and the one that the file says (empty: nothing does).

    Tensors don't lie; but some families share their shape, and then the file's word tells them apart.
    """

    shown: str = ""
    said: str = ""

    @property
    def base(self) -> str:
        """The model family; empty if unknown."""
        if self.said == KONTEXT and self.shown in ("", "flux-1"):
            return KONTEXT
        return self.shown or self.said

    def may_be(self, base: str) -> bool:
        """Whether a person may say that it is `base`: FLUX.1 Kontext has FLUX.1's shape."""
        return not self.shown or self.shown == base or {self.shown, base} == {"flux-1", KONTEXT}


def family_of(header: SafetensorsHeader) -> ModelFamily:
    """What the header shows and says."""
    if header.metadata.get("format", "").startswith(_LOCAL_FORMAT):
        return ModelFamily(shown=LOCAL_FAMILY, said=LOCAL_FAMILY)
    return ModelFamily(shown=_family_by_tensors(header.shapes), said=_stated_family(header.metadata))


def is_adapter(header: SafetensorsHeader) -> bool:
    """Whether it holds low-rank pairs (or is the local trainer's): a whole model is no adapter."""
    pair = re.compile(r"lora|lokr|loha|hada_|\.diff$|dora|oft", re.IGNORECASE)
    return header.metadata.get("format", "").startswith(_LOCAL_FORMAT) or any(map(pair.search, header.shapes))


def _stated_family(metadata: Mapping[str, str]) -> str:
    for key in _FAMILY_KEYS:
        words = metadata.get(key, "").casefold()
        for pattern, family in _FAMILY_NAMES:
            if words and re.search(pattern, words):
                return family
    return ""


def _family_by_tensors(shapes: Mapping[str, Sequence[int]]) -> str:
    names = "\n".join(shapes)
    if _UNET_BLOCK.search(names):
        widths = {shape[-1] for name, shape in shapes.items() if len(shape) > 1 and _CROSS.search(name)}
        return next((_UNET_WIDTHS[width] for width in sorted(widths) if width in _UNET_WIDTHS), "")
    for pattern, family in _TENSOR_NAMES:
        if re.search(pattern, names, re.MULTILINE):
            return (
                _flux_family(shapes)
                if family == "flux-1"
                else _double_block_family(shapes)
                if family == "double"
                else family
            )
    return ""


def _flux_family(shapes: Mapping[str, Sequence[int]]) -> str:
    """Which of the families with double and single blocks."""
    if any(int(match[2]) >= _FLUX_BLOCKS[match[1]] for name in shapes for match in _BLOCK.finditer(name)):
        return "flux-2" if 3072 not in set(_flux_widths(shapes)) else "hunyuan-video"
    for width in _flux_widths(shapes):
        if width in _FLUX_WIDTHS:
            return _FLUX_WIDTHS[width]
    return "flux-1"


def _double_block_family(shapes: Mapping[str, Sequence[int]]) -> str:
    """The family among those that call their double blocks `transformer_blocks`; empty if unclear."""
    most = max(
        (int(number) for name in shapes for number in re.findall(r"transformer_blocks[._](\d+)", name)), default=0
    )
    for width in _down_widths(shapes):
        if width == 3072:
            return "flux-1" if most < _FLUX_BLOCKS["double_blocks"] else "qwen-image"
        if width in _DOUBLE_WIDTHS:
            return _DOUBLE_WIDTHS[width]
    return ""


def _flux_widths(shapes: Mapping[str, Sequence[int]]) -> Iterator[int]:
    """The widths of FLUX models among those that down projections read, the least first."""
    return (width for width in _down_widths(shapes) if width in _FLUX_WIDTHS)


def _down_widths(shapes: Mapping[str, Sequence[int]]) -> list[int]:
    """The widths that down projections read, the least first."""
    return sorted({shape[-1] for name, shape in shapes.items() if len(shape) > 1 and _DOWN.search(name)})


class ImportOptions(Struct, frozen=True, kw_only=True):
    """What the person says of the file; what is empty is taken from the file itself."""

    name: str = ""
    trigger: str = ""
    noun: str = ""
    base: str = ""


class ImportedAdapter(Struct, frozen=True, kw_only=True):
    """What is on the shelf now; `known` says that it was there before. `others` are samples and photos in the file."""

    shelved: ShelvedAdapter
    known: bool
    others: Mapping[str, int] = field(default_factory=dict)


def import_adapter_file(
    shelf: AdapterShelf,
    source: Path,
    wanted: ImportOptions,
    *,
    families: Sequence[str],
    rehearses: bool = False,
    clock: Callable[[], float] = time.time,
) -> ImportedAdapter:
    """Verify a file (`.nbm` or `.safetensors`) and put it on the shelf; `families` are those that can be drawn with.

    Where a stand-in for a service answers (`rehearses`), the archive of what one trained is taken, too.

    Raises Invalid, with nothing kept: as `unpack` and `read_header` do, `model_not_adapter`, `model_base_unknown`,
    `model_base_wrong`, `model_base_missing`, `model_base_strange`, `model_rehearsed`, `shelf_name`, `shelf_words`,
    `model_unreadable`.
    """
    if wanted.name:
        check_adapter_name(wanted.name)
    for what, words in (("trigger", wanted.trigger), ("noun", wanted.noun)):
        if not is_acceptable_text(words):
            raise Invalid([problem("shelf_words", what=what, most=MAX_WORDS)])
    if wanted.base and wanted.base not in (*families, LOCAL_FAMILY):
        near = did_you_mean(wanted.base, families)
        raise Invalid([problem("model_base_unknown", suggestions=near, base=wanted.base, known=", ".join(families))])
    if not os.path.isfile(source):  # noqa: PTH113 - it never fails, whatever is asked of it
        why = "it is no file" if os.path.lexists(source) else "there is no such file"
        raise Invalid([problem("model_unreadable", file=source.name, why=why)])
    if _is_archive(source):
        return _from_archive(shelf, source, wanted, families, rehearses=rehearses)
    return _from_file(shelf, source, wanted, families, clock())


def _is_archive(source: Path) -> bool:
    """Whether it is a zip, or the beginning of one; what only ends like one may still be a safetensors file."""
    try:
        with source.open("rb") as file:
            start = file.read(9)
    except OSError:
        return False
    return start.startswith(b"PK") or (zipfile.is_zipfile(source) and start[8:] != b"{")


def _from_archive(
    shelf: AdapterShelf, source: Path, wanted: ImportOptions, families: Sequence[str], *, rehearses: bool
) -> ImportedAdapter:
    with shelf.scratch() as folder:
        packed = read_archive(source, folder)
        name = wanted.name or packed.name
        check_adapter_name(name)
        check_adapter_name(packed.card.subject or name)
        header = read_safetensors_header(packed.file, name=source.name)
        family = _checked_family(header, source.name)
        card = packed.card
        if family.shown == LOCAL_FAMILY and card.base in families:
            # A stand-in trains as this machine does, in the name of the endpoint that it stands for.
            if not rehearses:
                raise Invalid([problem("model_rehearsed", file=source.name, base=card.base)])
            family = ModelFamily(said=card.base)
        base = _checked_base(family, wanted.base or card.base, families, source.name)
        if wanted.base and card.base and wanted.base != card.base:
            raise _wrong_base(source.name, card.base, wanted.base)
        card = replace(card, base=base, trigger=wanted.trigger or card.trigger, noun=wanted.noun or card.noun)
        return _put_on_shelf(shelf, replace(wanted, name=name), packed.file, card, packed=packed)


def _from_file(
    shelf: AdapterShelf, source: Path, wanted: ImportOptions, families: Sequence[str], now: float
) -> ImportedAdapter:
    header = read_safetensors_header(source, name=source.name)
    family = _checked_family(header, source.name)
    base = _checked_base(family, wanted.base or family.base, families, source.name)
    trigger, noun = proposed_trigger(header.metadata)
    name = wanted.name or proposed_name(header.metadata, source.stem)
    check_adapter_name(name)
    card = AdapterCard(
        base=base,
        provider=LOCAL_FAMILY if base == LOCAL_FAMILY else "",
        subject=name,
        trigger=wanted.trigger or trigger,
        noun=wanted.noun or noun,
        made_at=now,
        origin=AdapterOrigin.FILE,
    )
    return _put_on_shelf(shelf, replace(wanted, name=name), source, card)


def _put_on_shelf(
    shelf: AdapterShelf, wanted: ImportOptions, file: Path, card: AdapterCard, *, packed: UnpackedAdapter | None = None
) -> ImportedAdapter:
    name, others = wanted.name, {} if packed is None else packed.others
    before = {(shelved.name, shelved.digest) for shelved in shelf.all()}
    blob = shelf.put(file)
    found, known = shelf.keep(name, blob, card), (name, blob.digest) in before
    if known and (wanted.trigger or wanted.noun):
        told = found.card
        card = replace(told, trigger=wanted.trigger or told.trigger, noun=wanted.noun or told.noun)
        found = shelf.amend(found, card)
    return ImportedAdapter(shelved=found, known=known, others=others)


def _checked_family(header: SafetensorsHeader, file: str) -> ModelFamily:
    if not is_adapter(header):
        raise Invalid([problem("model_not_adapter", file=file)])
    return family_of(header)


def _checked_base(family: ModelFamily, base: str, families: Sequence[str], file: str) -> str:
    """The family to note, which must be one that can be drawn with, and the one that the tensors show."""
    base = base or family.base
    if not base:
        raise Invalid([problem("model_base_missing", file=file, known=", ".join(families))])
    if not family.may_be(base):
        raise _wrong_base(file, family.shown, base)
    if base not in (*families, LOCAL_FAMILY):
        raise Invalid([problem("model_base_strange", file=file, base=base, known=", ".join(families))])
    return base


def _wrong_base(file: str, shown: str, base: str) -> Invalid:
    return Invalid([problem("model_base_wrong", file=file, shown=shown, base=base)])


def adapter_families(settings: Settings) -> Sequence[str]:
    """The model families that the endpoints of the project around the working folder draw with."""
    return project_catalog(project_root(Path.cwd()), settings).families
