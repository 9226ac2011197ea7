"""Metadata that programs which draw pictures leave beside the pixels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.marks.found.exif import Tags
from nano_banana.marks.found.finding import METADATA, Certainty, Finding
from nano_banana.marks.found.said import bounded, json_object, picked
from nano_banana.marks.xmp import TOOL, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside the pixels: texts by their key (PNG) and without, EXIF's tags, IPTC's old fields, XMP."""

    texts: Mapping[str, str] = field(default_factory=dict)
    comments: Sequence[str] = ()
    tags: Tags = field(default_factory=Tags)
    iim: Mapping[str, str] = field(default_factory=dict)
    xmp: str = ""

    @property
    def free(self) -> Sequence[str]:
        """Every text that is a user's to write, wherever it stands."""
        keyed = [self.texts.get(key, "") for key in _FREE_TEXTS]
        described = [self.tags.texts.get("ImageDescription", ""), self.iim.get("caption", "")]
        in_xmp = [value(self.xmp, name) or "" for name in ("exif:UserComment", "tiff:ImageDescription")]
        texts = (*keyed, self.tags.comment, *self.comments, *described, *self.tags.titles, *in_xmp)
        return [text for text in texts if text]


_FREE_TEXTS = ("parameters", "Parameters", "UserComment", "Comment", "comment", "Description")


def tools(beside: Beside) -> Iterator[Finding]:
    """Every program that left its metadata."""
    for reader in _READERS:
        found = reader(beside)
        if found is not None:
            yield found


def _finding(name: str, facts: Mapping[str, JSONValue]) -> Finding:
    return Finding(of=METADATA, name=name, certainty=Certainty.STATED, facts=dict(facts))


_PAIR = re.compile(r'(?:^|, )(Steps|Sampler|Seed|Model|Version|Size): ("[^"]{0,300}"|[^,\n]{0,300})')
_FORGE = re.compile(r"^(?:f\d|.*forge|neo)", re.IGNORECASE)


def _a1111(beside: Beside) -> Finding | None:
    """AUTOMATIC1111's text, which Forge, SD.Next, Civitai and others write too, and this program as well."""
    for text in beside.free:
        pairs = _pairs(text)
        if not pairs or pairs.get("version", "").startswith("Nano Banana"):
            continue
        facts = {"prompt": bounded(text.partition("\nNegative prompt:")[0].partition("\nSteps:")[0]), **pairs}
        return _finding("forge" if _FORGE.match(pairs.get("version", "")) else "a1111", facts)
    return None


def _pairs(text: str) -> Mapping[str, str]:
    """Names and values of the last line that has enough of them: other programs write lines of their own behind it."""
    for line in reversed(text.splitlines()):
        pairs = {name.casefold(): text_of.strip('"') for name, text_of in _PAIR.findall(line)}
        numbers = {name for name in ("seed", "steps") if pairs.get(name, "").isdecimal()}
        if ("seed" in numbers and "model" in pairs) or ("steps" in numbers and len(pairs) > 1):
            return pairs
    return {}


def _comfyui(beside: Beside) -> Finding | None:
    """`prompt` and `workflow`: PNG texts, or EXIF texts that begin with these words (WebP)."""
    texts = {key: beside.texts.get(key, "") for key in ("prompt", "workflow")}
    for text in beside.tags.texts.values():
        word, colon, rest = text.partition(":")
        if colon and word.casefold() in texts:
            texts[word.casefold()] = rest
    graph, flow = json_object(texts["prompt"]), json_object(texts["workflow"])
    nodes = [node for node in (graph or {}).values() if isinstance(node, Mapping) and "class_type" in node]
    if not nodes and not (flow and isinstance(flow.get("nodes"), list)):
        return None
    models = {model for node in nodes for model in _inputs(node, ("ckpt_name", "unet_name"))}
    return _finding("comfyui", {"nodes": len(nodes) or None, "model": bounded(", ".join(sorted(models))) or None})


def _inputs(node: JSONObject, names: tuple[str, ...]) -> Iterator[str]:
    inputs = node.get("inputs")
    if isinstance(inputs, Mapping):
        yield from (model for name in names if isinstance(model := inputs.get(name), str))


def _invokeai(beside: Beside) -> Finding | None:
    for key in ("invokeai_metadata", "sd-metadata"):
        found = json_object(beside.texts.get(key, ""))
        if found is not None:
            image = found.get("image")
            deeper = image if isinstance(image, Mapping) else found
            facts = picked(deeper, prompt="positive_prompt", seed="seed", steps="steps")
            return _finding("invokeai", {**facts, **picked(found, version="app_version")})
    if "invokeai_graph" in beside.texts or "invokeai_workflow" in beside.texts:
        return _finding("invokeai", {})
    dream = beside.texts.get("Dream", "")
    return _finding("invokeai", {"prompt": bounded(dream)}) if re.search(r" -[sS] ?\d", dream) else None


def _novelai(beside: Beside) -> Finding | None:
    if beside.texts.get("Software", beside.tags.texts.get("Software", "")).casefold() != "novelai":
        return None
    return novelai(beside.texts, "text")


def novelai(texts: Mapping[str, JSONValue], where: str) -> Finding:
    """NovelAI's texts, `where` they were."""
    comment = texts.get("Comment", "")
    inner = json_object(comment) if isinstance(comment, str) else comment
    facts = picked(inner if isinstance(inner, Mapping) else {}, prompt="prompt", seed="seed", steps="steps")
    return _finding("novelai", {**facts, **picked(texts, model="Source"), "where": where})


def _fooocus(beside: Beside) -> Finding | None:
    for found in filter(None, map(json_object, beside.free)):
        swarm = found.get("sui_image_params")
        if isinstance(swarm, Mapping):
            return _finding("swarmui", picked(swarm, prompt="prompt", model="model", seed="seed"))
        if "fooocus_scheme" in beside.texts or "base_model" in found:
            return _finding("fooocus", picked(found, prompt="prompt", model="base_model", seed="seed"))
    return None


def _midjourney(beside: Beside) -> Finding | None:
    for text in beside.free:
        job = re.search(r"\bJob ID: ([0-9a-f-]{36})", text)
        if job:
            return _finding("midjourney", {"prompt": bounded(text[: job.start()]), "job": job[1]})
    return None


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/_-]{40,}={0,2}")


def _grok(beside: Beside) -> Finding | None:
    """Grok's pair: Artist is a UUID, ImageDescription a signature."""
    artist, described = (beside.tags.texts.get(name, "") for name in ("Artist", "ImageDescription"))
    if not _UUID.fullmatch(artist) or not _SIGNATURE.fullmatch(described):
        return None
    return _finding("grok", {"job": artist})


def _bfl(beside: Beside) -> Finding | None:
    """Black Forest Labs' own scripts: Software `AI generated;txt2img;flux`, Make `Black Forest Labs`."""
    software, make = (beside.tags.texts.get(name, "") for name in ("Software", "Make"))
    if not software.startswith("AI generated") and make != "Black Forest Labs":
        return None
    facts = {"software": software, "make": make, "model": beside.tags.texts.get("Model", "")}
    name = "bfl" if make == "Black Forest Labs" else "software"
    return _finding(name, {fact: bounded(text) for fact, text in facts.items() if text})


_DRAWS = re.compile(
    r"(?<![\w-])(?:adobe firefly|chatgpt|dall[-·•. ]?e|midjourney|stable[- ]?diffusion|dreamstudio|black forest labs"
    r"|gpt-image|gpt-4o image|leonardo\.? ?ai|invokeai|comfyui|swarmui|fooocus|draw things|grok imagine"
    r"|google (?:ai|gemini|imagen)|bing image creator|microsoft designer|fal\.ai)(?![\w]|-[^\W\d])",
    re.IGNORECASE,
)
"""Names that mean nothing else, as words of their own, wherever they stand."""

_IS_ONE = re.compile(
    r"(?:google |openai |xai |x\.ai )?(?:firefly|gemini|grok|ideogram|krea|openai|recraft|sora"
    r"|imagen(?=[- ]?\d)|flux\.(?=\d))(?:\.ai| ai)?(?:[-/ ]?v?\d[\w.-]*)?",
    re.IGNORECASE,
)
"""Names that are words or other things' names as well: only where nothing else is said than a maker and a version."""


def _software(beside: Beside) -> Finding | None:
    """A program's name in the fields for it, where it is one that draws by AI."""
    said = [beside.texts.get("Software", ""), beside.tags.texts.get("Software", ""), beside.iim.get("program", "")]
    for text in (*said, value(beside.xmp, TOOL) or ""):
        if text.startswith(("AI generated", "Nano Banana")):
            continue
        if _DRAWS.search(text) or _IS_ONE.fullmatch(text.strip()):
            return _finding("software", {"software": bounded(text)})
    return None


def _aigc(beside: Beside) -> Finding | None:
    """China's implicit label (GB 45438-2025), in XMP or a text; `Label` 1: made by AI, 2: may be, 3: suspected."""
    labels = [json_object(beside.texts.get("AIGC") or ""), json_object(value(beside.xmp, "TC260:AIGC") or "")]
    for found in (*labels, *map(json_object, beside.free)):
        label = (found or {}).get("AIGC", found)
        label = json_object(label) if isinstance(label, str) else label
        if isinstance(label, Mapping) and "Label" in label and (found in labels or label is not found):
            return _finding("aigc", picked(label, label="Label", producer="ContentProducer"))
    return None


_READERS: tuple[Callable[[Beside], Finding | None], ...] = (
    _a1111,
    _comfyui,
    _invokeai,
    _novelai,
    _fooocus,
    _midjourney,
    _bfl,
    _aigc,
    _grok,
    _software,
)
