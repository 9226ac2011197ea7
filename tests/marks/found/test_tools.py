"""What other programs leave beside the pixels, recognised; and what only looks like it, left alone."""

from __future__ import annotations

import json

import pytest

from nano_banana.formats.exif_iptc import iim_fields, read_software_tags
from nano_banana.formats.image_metadata import read_metadata
from nano_banana.model.json_values import JSONObject
from nano_banana.provenance.metadata_detection import MetadataFields, generator_findings
from tests.marks.found.files import PARAMETERS, bomb, jpeg, png, saved, with_chunk, xmp

GRAPH = json.dumps(
    {"3": {"class_type": "KSampler"}, "4": {"class_type": "Load", "inputs": {"ckpt_name": "sdxl.safetensors"}}}
)
NOVELAI = {
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4",
    "Comment": '{"prompt": "cat", "seed": 7, "steps": 28}',
}
JOB = "a cat --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef"
TC260 = 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'


def read(data: bytes) -> dict[str, JSONObject]:
    told = read_metadata(data)
    assert told is not None
    beside = MetadataFields(
        texts=told.texts,
        comments=told.comments,
        tags=read_software_tags(told.exif),
        iim=iim_fields(told.iim),
        xmp=(told.xmp + told.xmp_more).decode(),
    )
    return {one.name: one.facts for one in generator_findings(beside)}


@pytest.mark.parametrize(
    ("data", "name", "fact"),
    [
        pytest.param(png({"parameters": PARAMETERS}), "a1111", {"seed": "99", "model": "dreamshaper"}, id="a1111"),
        pytest.param(
            png({"parameters": PARAMETERS}, zipped=True), "a1111", {"prompt": "a cat, masterpiece"}, id="zipped"
        ),
        pytest.param(jpeg(comment=PARAMETERS), "a1111", {"steps": "20"}, id="a1111 in JPEG"),
        pytest.param(jpeg(comment=PARAMETERS, form="WEBP"), "a1111", {"steps": "20"}, id="a1111 in WebP"),
        pytest.param(png({"parameters": PARAMETERS.replace("v1.10", "f2.0")}), "forge", {"seed": "99"}, id="forge"),
        pytest.param(png({"prompt": GRAPH}), "comfyui", {"nodes": 2, "model": "sdxl.safetensors"}, id="comfyui"),
        pytest.param(png({"workflow": '{"nodes": []}'}), "comfyui", {"nodes": None}, id="comfyui's workflow"),
        pytest.param(
            jpeg(tags={0x0110: f"prompt:{GRAPH}"}, form="WEBP"), "comfyui", {"nodes": 2}, id="comfyui in WebP"
        ),
        pytest.param(
            png({"invokeai_metadata": '{"positive_prompt": "cat", "seed": 5, "app_version": "5.0"}'}),
            "invokeai",
            {"prompt": "cat", "version": "5.0"},
            id="invokeai",
        ),
        pytest.param(png({"sd-metadata": '{"image": {"seed": 5}}'}), "invokeai", {"seed": 5}, id="invokeai 2"),
        pytest.param(png({"invokeai_graph": "{}"}), "invokeai", {}, id="invokeai's graph"),
        pytest.param(
            png({"Dream": '"a cat" -s 50 -S 1234'}), "invokeai", {"prompt": '"a cat" -s 50 -S 1234'}, id="dream"
        ),
        pytest.param(png(NOVELAI), "novelai", {"seed": 7, "model": "NovelAI Diffusion V4"}, id="novelai"),
        pytest.param(
            png({"parameters": '{"base_model": "jugger", "seed": "4"}', "fooocus_scheme": "fooocus"}),
            "fooocus",
            {"model": "jugger"},
            id="fooocus",
        ),
        pytest.param(
            jpeg(comment='{"sui_image_params": {"prompt": "cat"}}'), "swarmui", {"prompt": "cat"}, id="swarmui"
        ),
        pytest.param(png({"Description": JOB}), "midjourney", {"prompt": "a cat --v 6"}, id="midjourney"),
        pytest.param(
            jpeg(tags={0x0131: "AI generated;txt2img;flux", 0x010F: "Black Forest Labs", 0x0110: "flux-dev"}),
            "bfl",
            {"software": "AI generated;txt2img;flux", "model": "flux-dev"},
            id="bfl",
        ),
        pytest.param(jpeg(tags={0x0131: "AI generated;x"}), "software", {"software": "AI generated;x"}, id="like bfl"),
        pytest.param(png({"Software": "DALL·E 3"}), "software", {"software": "DALL·E 3"}, id="dall-e"),
        pytest.param(
            jpeg(packet=xmp("<xmp:CreatorTool>Adobe Firefly</xmp:CreatorTool>")),
            "software",
            {"software": "Adobe Firefly"},
            id="firefly",
        ),
        pytest.param(png({"AIGC": '{"Label": "1", "ContentProducer": "X"}'}), "aigc", {"label": "1"}, id="aigc"),
        pytest.param(
            jpeg(packet=xmp(f"<rdf:Description {TC260} TC260:AIGC='{{&quot;Label&quot;: &quot;2&quot;}}'/>")),
            "aigc",
            {"label": "2"},
            id="aigc in XMP",
        ),
        pytest.param(jpeg(comment='{"AIGC": {"Label": "1"}}'), "aigc", {"label": "1"}, id="aigc in EXIF"),
        pytest.param(
            jpeg(tags={0x010E: '{"AIGC": "{\\"Label\\": \\"3\\"}"}'}), "aigc", {"label": "3"}, id="aigc as a text"
        ),
        pytest.param(
            png({"parameters": f"{PARAMETERS}\nTemplate: a {{cat|dog}}\nNegative Template: dog"}),
            "a1111",
            {"prompt": "a cat, masterpiece", "seed": "99"},
            id="lines behind a1111's",
        ),
        pytest.param(saved("GIF", comment=PARAMETERS.encode()), "a1111", {"seed": "99"}, id="a1111 in GIF"),
        pytest.param(saved("JPEG", comment=PARAMETERS.encode()), "a1111", {"seed": "99"}, id="a JPEG's comment"),
        pytest.param(with_chunk(b"comf", b"prompt\0" + GRAPH.encode()), "comfyui", {"nodes": 2}, id="animated PNG"),
        pytest.param(
            with_chunk(b"tEXt", b"Description\0" + JOB.replace("cat", "võ").encode()),
            "midjourney",
            {"prompt": "a võ --v 6"},
            id="UTF-8 in tEXt",
        ),
        pytest.param(
            with_chunk(b"tEXt", b"Description\0" + JOB.replace("cat", "café").encode("latin-1")),
            "midjourney",
            {"prompt": "a café --v 6"},
            id="Latin-1 in tEXt",
        ),
        pytest.param(
            jpeg(
                tags={0x013B: "4800156b-8880-4786-9056-7ca3da449d8c", 0x010E: f"Signature: {'Ab+/' * 20}=="},
            ),
            "grok",
            {"job": "4800156b-8880-4786-9056-7ca3da449d8c"},
            id="grok",
        ),
        *(
            pytest.param(png({"Software": name}), "software", {"software": name}, id=name)
            for name in (
                "ChatGPT",
                "Gemini",
                "Imagen 3",
                "Google Imagen",
                "imagen-4.0-generate",
                "FLUX.1",
                "xAI Grok 4",
            )
        ),
    ],
)
def test_the_program_is_recognised(data: bytes, name: str, fact: JSONObject) -> None:
    found = read(data)
    assert list(found) == [name]
    assert fact.items() <= found[name].items()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(), id="nothing"),
        pytest.param(png({"parameters": "f = 3, g = 4"}), id="somebody's own parameters"),
        pytest.param(png({"parameters": "{broken"}), id="broken JSON"),
        pytest.param(png({"parameters": "[" * 100_000}), id="no object"),
        pytest.param(png({"parameters": '{"a":' * 100_000}), id="JSON too deep"),
        pytest.param(png({"prompt": "what is your name?"}), id="a prompt that is none"),
        pytest.param(png({"prompt": '{"a": {"b": 1}}', "workflow": "{}"}), id="no nodes"),
        pytest.param(png({"Dream": "of a better world"}), id="a dream"),
        pytest.param(png({"Software": "Adobe Photoshop 26.0"}), id="an editor"),
        pytest.param(png({"parameters": "a cat\nSteps: 9, Seed: 4, Version: Nano Banana 0.1.0"}), id="our own"),
        pytest.param(
            jpeg(tags={0x0131: "Ver.1.0", 0x010F: "Canon", 0x010E: "Midjourney would be proud"}), id="a camera"
        ),
        pytest.param(png({"AIGC": '{"Label"'}), id="a broken label"),
        *(
            pytest.param(png({"Software": name}), id=name)
            for name in (
                "Editor de Imagen Pro 4",
                "Visor de imagen 2.1",
                "Imagen",
                "krea-tiv Studio 3",
                "Gemini Photos for Mac",
                "Flux 2",
                "Sora Yamada's editor",
                "dallze",
            )
        ),
        pytest.param(jpeg(comment="Steps: mix the flour, Size: large"), id="a recipe for a cake"),
        pytest.param(jpeg(comment='{"Label": "1"}'), id="somebody's label"),
        pytest.param(
            jpeg(tags={0x013B: "Ana", 0x010E: f"Signature: {'Ab+/' * 20}=="}), id="a signature of somebody else's"
        ),
        pytest.param(bomb(), id="a text that explodes"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(data: bytes) -> None:
    assert read(data) == {}


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"nonsense", b"MM\0*" + b"\0\0\0\x08\xff\xff" * 9]
)
def test_broken_exif_says_nothing(exif: bytes) -> None:
    assert (dict(read_software_tags(exif).texts), read_software_tags(exif).comment) == ({}, "")


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"UNICODE\0" + "hé".encode("utf-16-le"), "hé"),
        (b"UNICODE\0" + "hé".encode("utf-16-be"), "hé"),
        *(
            (b"UNICODE\0" + text.encode(order), text)
            for order in ("utf-16-le", "utf-16-be")
            for text in ("一个女孩", "девушка в красном", "дом\nSteps: 2, Seed: 3", "Ærø, 丽", "女の子、赤いドレス")
        ),
        (b"UNICODE\0" + b"a girl in a red dress", "a girl in a red dress"),
        (b"UNICODE\0" + "\ufeffhé".encode("utf-16-be"), "hé"),
        (b"ASCII\0\0\0" + "hé".encode("utf-16-le"), "hé"),
        (b"ASCII\0\0\0" + "hé".encode("cp1252"), "hé"),
        (b"JIS\0\0\0\0\0" + "赤いドレス".encode("iso2022_jp"), "赤いドレス"),
        (bytes(8) + "hé".encode(), "hé"),
        (b"ASCII\0\0\0he", "he"),
        (b"he who", "he who"),
    ],
)
def test_a_comment_is_read_in_whatever_order_its_bytes_are(comment: bytes, text: str) -> None:
    body = (
        (1).to_bytes(2, "big")
        + b"\x92\x86\0\x07"
        + len(comment).to_bytes(4, "big")
        + (44).to_bytes(4, "big")
        + bytes(4)
    )
    head = b"MM\0*\0\0\0\x08" + (1).to_bytes(2, "big") + b"\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a" + bytes(4)
    assert read_software_tags(head + body + comment).comment == text


def test_a_long_prompt_is_cut() -> None:
    (facts,) = read(png({"parameters": f"{'cat ' * 9999}\nSteps: 2, Seed: 3"})).values()
    assert len(str(facts["prompt"])) == 501


def test_a_tag_of_bytes_is_read_as_text() -> None:
    entry = (0x0131).to_bytes(2, "big") + b"\0\x07" + (4).to_bytes(4, "big") + b"NAI\0"
    assert read_software_tags(b"MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)).texts == {"Software": "NAI"}
    text = (0x8769).to_bytes(2, "big") + b"\0\x04\0\0\0\x01\0\0\0\x1a" + bytes(4)
    comment = b"\0\x01\x92\x86\0\x02\0\0\0\x04he\0\0" + bytes(4)
    assert read_software_tags(b"MM\0*\0\0\0\x08\0\x01" + text + comment).comment == "he"
