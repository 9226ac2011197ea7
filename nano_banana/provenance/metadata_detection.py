"""Checks of metadata for AI provenance, and what they report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from nano_banana.formats.exif_iptc import SoftwareTags
from nano_banana.formats.untrusted import parse_json_object, pick_values, shorten
from nano_banana.formats.xmp import CREATOR_TOOL, property_value
from nano_banana.model.call import COMPUTE
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid
from nano_banana.provenance.content_credentials import ContentCredentials
from nano_banana.provenance.embedding import original_digest, record_in
from nano_banana.provenance.generation_record import AI_MADE


class Check(StrEnum):
    """The checks, in the order of the report."""

    C2PA = "c2pa"
    IPTC = "iptc"
    METADATA = "metadata"
    DWTDCT = "dwtdct"
    RIVAGAN = "rivagan"
    SYNTHID = "synthid"


CHECKS = tuple(Check)


class Certainty(StrEnum):
    """The certainty of a finding."""

    TRUSTED = "trusted"
    """Signed by somebody whom the user trusts, and unchanged."""
    SIGNED = "signed"
    """Signed and unchanged, but the signer isn't trusted."""
    EXPIRED = "expired"
    """Signed and unchanged, but the certificate has expired."""
    UNFIT = "unfit"
    """Signed and unchanged, but the certificate was revoked or may not sign pictures."""
    BROKEN = "broken"
    """Signed, but the picture or the signature has changed."""
    UNPROVEN = "unproven"
    """There is a manifest, but it doesn't prove whether anything has changed."""
    STATED = "stated"
    """Stated in metadata, which anybody can write and remove."""
    CERTAIN = "certain"
    """Measured in the pixels; nearly all bits match."""
    LIKELY = "likely"
    """Measured in the pixels; more bits match than in any clean picture."""
    VOUCHED = "vouched"
    """Reported by the user's own verifier."""


class ProvenanceFinding(Struct, frozen=True, kw_only=True):
    """The check `of` found `name`. `ai`: whether it says that AI made the picture (None: it doesn't say).

    `facts` are further statements: text from the file, not to be shown raw on a terminal.
    """

    of: str
    name: str
    certainty: Certainty
    ai: bool | None = True
    facts: JSONObject = field(default_factory=dict)


class SkippedCheck(Struct, frozen=True, kw_only=True):
    """A check that could not run, and `why`; `facts` are the data of the message."""

    of: str
    why: str
    facts: JSONObject = field(default_factory=dict)


class DetectionReport(Struct, frozen=True, kw_only=True):
    """The result for one picture. The checks `none_of` found nothing, which proves nothing."""

    path: str
    media: str
    findings: tuple[ProvenanceFinding, ...] = ()
    none_of: tuple[str, ...] = ()
    unchecked: tuple[SkippedCheck, ...] = ()


NOT_AI_MADE = frozenset(
    ("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print", "minorHumanEdits", "humanEdits")
)

_PROPERTY = re.compile(r"\b[\w.-]{1,40}:DigitalSource(?:File)?Type\b(.{0,300})", re.DOTALL)
_GOOGLE = re.compile(r"\b(?:made|created|generated|edited) with google ai\b", re.IGNORECASE)


def source_type_findings(xmp: str) -> Iterator[ProvenanceFinding]:
    """Yield the source types in an XMP packet, each once."""
    told = dict.fromkeys(word for match in _PROPERTY.finditer(xmp) if (word := _source_type_value(match[1])))
    for word in told:
        ai = True if word in AI_MADE else False if word in NOT_AI_MADE else None
        yield ProvenanceFinding(
            of=Check.IPTC, name="source_type", certainty=Certainty.STATED, ai=ai, facts={"source_type": word}
        )


def credit_findings(xmp: str, iim: Mapping[str, str]) -> Iterator[ProvenanceFinding]:
    """Yield Google's credit line, from XMP or IPTC-IIM."""
    for line in (property_value(xmp, "photoshop:Credit") or "", iim.get("credit", "")):
        if _GOOGLE.search(line):
            yield ProvenanceFinding(
                of=Check.IPTC, name="credit", certainty=Certainty.STATED, facts={"credit": shorten(line)}
            )
            return


def _source_type_value(after: str) -> str | None:
    """The last word of the URL after the property's name, in an element, an attribute or a resource."""
    address = re.search(r"digitalsourcetype/(\w{3,60})", after.partition("DigitalSource")[0], re.IGNORECASE)
    if address:
        return address[1]
    plain = re.match(r"""(?:\s*=\s*["']|\s*>\s*)(\w{3,60})\s*["'<]""", after)
    return plain[1] if plain else None


_CERTAINTY = {
    "trusted": Certainty.TRUSTED,
    "valid": Certainty.SIGNED,
    "expired": Certainty.EXPIRED,
    "unfit": Certainty.UNFIT,
    "changed": Certainty.BROKEN,
    "unproven": Certainty.UNPROVEN,
}


def credentials_finding(credentials: ContentCredentials) -> ProvenanceFinding | SkippedCheck:
    """The finding for content credentials. A broken manifest is reported, but proves nothing."""
    if credentials.state == "elsewhere":
        return SkippedCheck(of=Check.C2PA, why="c2pa_elsewhere")
    agents = dict.fromkeys(action.agent for action in credentials.actions if action.agent)
    facts = {
        "by": credentials.generator,
        "signer": credentials.organisation or credentials.signer,
        "actions": ", ".join(action.name for action in credentials.actions),
        "agents": ", ".join(agents),
        "source_types": ", ".join(credentials.source_types),
        "reasons": ", ".join(credentials.reasons),
    }
    return ProvenanceFinding(
        of=Check.C2PA,
        name="manifest",
        certainty=_CERTAINTY[credentials.state],
        ai=True if credentials.ai else None,
        facts=_shortened(facts),
    )


def credential_generators(credentials: ContentCredentials) -> tuple[str, ...]:
    """Whatever the credentials say took part."""
    return (credentials.generator, *(action.agent for action in credentials.actions))


OWN_NAME = "nano-banana"


def own_record_finding(data: bytes) -> tuple[ProvenanceFinding | None, tuple[str, ...]]:
    """Our mark in the picture's bytes, and the endpoints that drew it as far as it says so."""
    try:
        account = record_in(data)
    except Invalid as error:
        return _stated_finding(OWN_NAME, {"unreadable": error.problems[0].kind}, ai=None), ()
    if account is None:
        return None if original_digest(data) is None else _stated_finding(OWN_NAME, {}, ai=None), ()
    drawn = tuple(call.endpoint for call in account.calls if call.provider != COMPUTE)
    facts = {
        "recipe": account.recipe,
        "take": account.take,
        "stage": account.stage,
        "endpoint": drawn[-1] if drawn else "",
        "made_at": account.made_at,
        "version": account.program,
    }
    return _stated_finding(OWN_NAME, _shortened(facts), ai=bool(account.source) or None), drawn


class MetadataFields(Struct, frozen=True, kw_only=True):
    """What stands beside the pixels: texts by their key (PNG) and without, EXIF's tags, IPTC's old fields, XMP."""

    texts: Mapping[str, str] = field(default_factory=dict)
    comments: Sequence[str] = ()
    tags: SoftwareTags = field(default_factory=SoftwareTags)
    iim: Mapping[str, str] = field(default_factory=dict)
    xmp: str = ""

    @property
    def free(self) -> Sequence[str]:
        """Every text that is a user's to write, wherever it stands."""
        keyed = [self.texts.get(key, "") for key in _FREE_TEXTS]
        described = [self.tags.texts.get("ImageDescription", ""), self.iim.get("caption", "")]
        in_xmp = [property_value(self.xmp, name) or "" for name in ("exif:UserComment", "tiff:ImageDescription")]
        texts = (*keyed, self.tags.comment, *self.comments, *described, *self.tags.titles, *in_xmp)
        return [text for text in texts if text]


_FREE_TEXTS = ("parameters", "Parameters", "UserComment", "Comment", "comment", "Description")


def generator_findings(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """Yield a finding for every program that left metadata."""
    for reader in _READERS:
        yield from reader(beside)


def _stated_finding(name: str, facts: JSONObject, *, ai: bool | None = True) -> ProvenanceFinding:
    return ProvenanceFinding(of=Check.METADATA, name=name, certainty=Certainty.STATED, ai=ai, facts=facts)


def _shortened(facts: Mapping[str, str]) -> JSONObject:
    """The facts that are known, each short."""
    return {name: shorten(text) for name, text in facts.items() if text}


_PAIR = re.compile(r'(?:^|, )(Steps|Sampler|Seed|Model|Version|Size): ("[^"]{0,300}"|[^,\n]{0,300})')
_FORGE = re.compile(r"^(?:f\d|.*forge|neo)", re.IGNORECASE)


def _a1111(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """AUTOMATIC1111's text, which Forge, SD.Next, Civitai and this program also write."""
    for text in beside.free:
        pairs = _a1111_pairs(text)
        if not pairs or pairs.get("version", "").startswith("Nano Banana"):
            continue
        facts = {"prompt": shorten(text.partition("\nNegative prompt:")[0].partition("\nSteps:")[0]), **pairs}
        yield _stated_finding("forge" if _FORGE.match(pairs.get("version", "")) else "a1111", facts)
        return


def _a1111_pairs(text: str) -> Mapping[str, str]:
    """Names and values of the last line with enough of them; other programs append lines."""
    for line in reversed(text.splitlines()):
        pairs = {name.casefold(): text_of.strip('"') for name, text_of in _PAIR.findall(line)}
        numbers = {name for name in ("seed", "steps") if pairs.get(name, "").isdecimal()}
        if ("seed" in numbers and "model" in pairs) or ("steps" in numbers and len(pairs) > 1):
            return pairs
    return {}


def _comfyui(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """`prompt` and `workflow`: PNG texts, or EXIF texts that begin with these words (WebP)."""
    texts = {key: beside.texts.get(key, "") for key in ("prompt", "workflow")}
    for text in beside.tags.texts.values():
        word, colon, rest = text.partition(":")
        if colon and word.casefold() in texts:
            texts[word.casefold()] = rest
    graph, flow = parse_json_object(texts["prompt"]), parse_json_object(texts["workflow"])
    nodes = [node for node in (graph or {}).values() if isinstance(node, Mapping) and "class_type" in node]
    models = {model for node in nodes for model in _node_inputs(node, ("ckpt_name", "unet_name"))}
    if nodes or (flow and isinstance(flow.get("nodes"), list)):
        yield _stated_finding(
            "comfyui", {"nodes": len(nodes) or None, "model": shorten(", ".join(sorted(models))) or None}
        )


def _node_inputs(node: JSONObject, names: tuple[str, ...]) -> Iterator[str]:
    inputs = node.get("inputs")
    if isinstance(inputs, Mapping):
        yield from (model for name in names if isinstance(model := inputs.get(name), str))


def _invokeai(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    for key in ("invokeai_metadata", "sd-metadata"):
        found = parse_json_object(beside.texts.get(key, ""))
        if found is not None:
            image = found.get("image")
            deeper = image if isinstance(image, Mapping) else found
            facts = pick_values(deeper, prompt="positive_prompt", seed="seed", steps="steps")
            yield _stated_finding("invokeai", {**facts, **pick_values(found, version="app_version")})
            return
    dream = beside.texts.get("Dream", "")
    if "invokeai_graph" in beside.texts or "invokeai_workflow" in beside.texts:
        yield _stated_finding("invokeai", {})
    elif re.search(r" -[sS] ?\d", dream):
        yield _stated_finding("invokeai", {"prompt": shorten(dream)})


def _novelai(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    if beside.texts.get("Software", beside.tags.texts.get("Software", "")).casefold() == "novelai":
        yield novelai_finding(beside.texts, "text")


def novelai_finding(texts: Mapping[str, JSONValue], where: str) -> ProvenanceFinding:
    """The finding for NovelAI's texts; `where` they were found."""
    comment = texts.get("Comment", "")
    inner = parse_json_object(comment) if isinstance(comment, str) else comment
    facts = pick_values(inner if isinstance(inner, Mapping) else {}, prompt="prompt", seed="seed", steps="steps")
    return _stated_finding("novelai", {**facts, **pick_values(texts, model="Source"), "where": where})


def _fooocus(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    for found in filter(None, map(parse_json_object, beside.free)):
        swarm = found.get("sui_image_params")
        if isinstance(swarm, Mapping):
            yield _stated_finding("swarmui", pick_values(swarm, prompt="prompt", model="model", seed="seed"))
            return
        if "fooocus_scheme" in beside.texts or "base_model" in found:
            yield _stated_finding("fooocus", pick_values(found, prompt="prompt", model="base_model", seed="seed"))
            return


def _midjourney(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    for text in beside.free:
        job = re.search(r"\bJob ID: ([0-9a-f-]{36})", text)
        if job:
            yield _stated_finding("midjourney", {"prompt": shorten(text[: job.start()]), "job": job[1]})
            return


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/_-]{40,}={0,2}")


def _grok(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """Grok's pair: Artist is a UUID, ImageDescription a signature."""
    artist, described = (beside.tags.texts.get(name, "") for name in ("Artist", "ImageDescription"))
    if _UUID.fullmatch(artist) and _SIGNATURE.fullmatch(described):
        yield _stated_finding("grok", {"job": artist})


def _bfl(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """Black Forest Labs' own scripts: Software `AI generated;txt2img;flux`, Make `Black Forest Labs`."""
    software, make = (beside.tags.texts.get(name, "") for name in ("Software", "Make"))
    name = "bfl" if make == "Black Forest Labs" else "software"
    if name == "bfl" or software.startswith("AI generated"):
        facts = {"software": software, "make": make, "model": beside.tags.texts.get("Model", "")}
        yield _stated_finding(name, _shortened(facts))


_AI_SOFTWARE = re.compile(
    r"(?<![\w-])(?:adobe firefly|chatgpt|dall[-·•. ]?e|midjourney|stable[- ]?diffusion|dreamstudio|black forest labs"
    r"|gpt-image|gpt-4o image|leonardo\.? ?ai|invokeai|comfyui|swarmui|fooocus|draw things|grok imagine"
    r"|google (?:ai|gemini|imagen)|bing image creator|microsoft designer|fal\.ai)(?![\w]|-[^\W\d])",
    re.IGNORECASE,
)
"""Unambiguous names, matched as whole words anywhere."""

_AI_SOFTWARE_ALONE = re.compile(
    r"(?:google |openai |xai |x\.ai )?(?:firefly|gemini|grok|ideogram|krea|openai|recraft|sora"
    r"|imagen(?=[- ]?\d)|flux\.(?=\d))(?:\.ai| ai)?(?:[-/ ]?v?\d[\w.-]*)?",
    re.IGNORECASE,
)
"""Ambiguous names, matched only if the text has nothing else but a maker and a version."""


def _software(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """The name of an AI program in the fields for software."""
    said = [beside.texts.get("Software", ""), beside.tags.texts.get("Software", ""), beside.iim.get("program", "")]
    for text in (*said, property_value(beside.xmp, CREATOR_TOOL) or ""):
        if text.startswith(("AI generated", "Nano Banana")):
            continue
        if _AI_SOFTWARE.search(text) or _AI_SOFTWARE_ALONE.fullmatch(text.strip()):
            yield _stated_finding("software", {"software": shorten(text)})
            return


def _aigc(beside: MetadataFields) -> Iterator[ProvenanceFinding]:
    """China's implicit label (GB 45438-2025), in XMP or a text; `Label` 1: made by AI, 2: may be, 3: suspected."""
    labels = [
        parse_json_object(beside.texts.get("AIGC") or ""),
        parse_json_object(property_value(beside.xmp, "TC260:AIGC") or ""),
    ]
    for found in (*labels, *map(parse_json_object, beside.free)):
        label = (found or {}).get("AIGC", found)
        label = parse_json_object(label) if isinstance(label, str) else label
        if isinstance(label, Mapping) and "Label" in label and (found in labels or label is not found):
            yield _stated_finding("aigc", pick_values(label, label="Label", producer="ContentProducer"))
            return


_READERS: tuple[Callable[[MetadataFields], Iterator[ProvenanceFinding]], ...] = (
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
