"""Rules for the photos of a training set, as the recipe says them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nano_banana.core.json import JSONObject, as_object, as_text, as_whole


class Severity(StrEnum):
    """What a finding does: stops the work, is warned of, is only told, or is not looked for."""

    REJECT = "reject"
    WARN = "warn"
    NOTE = "note"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRules:
    """What a training set must be like before money is spent on it.

    Counts are of photos; sides and faces in pixels. `small_face` and `small_side` say what breaking those two bounds
    does: the recipe's own bounds reject, the defaults warn. `prefix` is a template that begins every caption.
    """

    least: int = 4
    want: int = 15
    most: int = 30
    faces_per_photo: int = 1
    least_face_px: int = 200
    small_face: Severity = Severity.WARN
    least_side_px: int = 768
    small_side: Severity = Severity.WARN
    blurred: Severity = Severity.REJECT
    near_duplicates: Severity = Severity.WARN
    odd_one_out: Severity = Severity.WARN
    exposure: Severity = Severity.WARN
    prefix: str = ""
    leak_check: Severity = Severity.WARN


DEFAULT = PhotoRules()

_SAID = [Severity.REJECT.value, Severity.WARN.value, Severity.OFF.value]


def _severity(about: str, default: Severity) -> JSONObject:
    return {"enum": _SAID, "default": default.value, "description": f"{about} `reject`, `warn` or `off`."}


def _count(about: str, default: int) -> JSONObject:
    return {"type": "integer", "minimum": 1, "maximum": 100_000, "default": default, "description": about}


def _bound(about: str, least: str, default: int) -> JSONObject:
    return {
        "type": "object",
        "description": about,
        "properties": {"min": {"type": "integer", "minimum": 0, "maximum": 20_000, "description": least}},
        "required": ["min"],
        "additionalProperties": False,
        "default": {"min": default},
    }


PHOTO_RULES: JSONObject = {
    "type": "object",
    "description": "What training photos must be like; looked at on this machine by `check`, and before a training "
    "is paid for. `nano-banana photos` tells all of it, with or without these rules.",
    "properties": {
        "count": {
            "type": "object",
            "description": "How many photos train, without those that are held out.",
            "properties": {
                "min": _count("Fewer are refused.", DEFAULT.least),
                "want": _count("Fewer are warned of.", DEFAULT.want),
                "max": _count("More are warned of.", DEFAULT.most),
            },
            "additionalProperties": False,
        },
        "faces_per_photo": {
            "type": "integer",
            "minimum": 0,
            "maximum": 64,
            "default": DEFAULT.faces_per_photo,
            "description": "Just so many faces in each photo; people far behind do not count. With 0 no face is "
            "looked for (a dog, a chair).",
        },
        "face_px": _bound(
            "The width of the face, in pixels of the photo.",
            "Smaller faces are refused. (Without this rule, those below 200 are warned of.)",
            DEFAULT.least_face_px,
        ),
        "short_side_px": _bound(
            "The shorter side of the photo, in pixels.",
            "Smaller photos are refused. (Without this rule, those below 768 are warned of.)",
            DEFAULT.least_side_px,
        ),
        "blurred": _severity("A face out of focus:", DEFAULT.blurred),
        "near_duplicates": _severity("Photos that are nearly the same, mirrored ones too:", DEFAULT.near_duplicates),
        "odd_one_out": _severity("A face unlike the others, probably another person:", DEFAULT.odd_one_out),
        "exposure": _severity("A face far too dark or too bright:", DEFAULT.exposure),
        "captions": {
            "type": "object",
            "description": "Rules for the captions: the `.txt` files beside the photos.",
            "properties": {
                "prefix": {
                    "type": "string",
                    "minLength": 1,
                    "description": "A template that begins every caption: `photo of {{ subject.trigger }} "
                    "{{ subject.noun }}`. It goes to the trainer.",
                },
                "leak_check": _severity(
                    "A caption that describes what should stay (hair, eyes, skin, age …), which the adapter then "
                    "does not learn:",
                    DEFAULT.leak_check,
                ),
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
"""The section `photo_rules`."""


def photo_rules_of(data: JSONObject) -> PhotoRules:
    """The section `photo_rules`, checked already; what it does not say is as in PhotoRules."""
    count, captions = as_object(data.get("count")), as_object(data.get("captions"))
    face, side = as_object(data.get("face_px")), as_object(data.get("short_side_px"))

    def severity(table: JSONObject, name: str, default: Severity) -> Severity:
        return Severity(as_text(table.get(name, default.value)))

    return PhotoRules(
        least=as_whole(count.get("min", DEFAULT.least)),
        want=as_whole(count.get("want", DEFAULT.want)),
        most=as_whole(count.get("max", DEFAULT.most)),
        faces_per_photo=as_whole(data.get("faces_per_photo", DEFAULT.faces_per_photo)),
        least_face_px=as_whole(face.get("min", DEFAULT.least_face_px)),
        small_face=Severity.REJECT if face else DEFAULT.small_face,
        least_side_px=as_whole(side.get("min", DEFAULT.least_side_px)),
        small_side=Severity.REJECT if side else DEFAULT.small_side,
        blurred=severity(data, "blurred", DEFAULT.blurred),
        near_duplicates=severity(data, "near_duplicates", DEFAULT.near_duplicates),
        odd_one_out=severity(data, "odd_one_out", DEFAULT.odd_one_out),
        exposure=severity(data, "exposure", DEFAULT.exposure),
        prefix=as_text(captions.get("prefix", "")),
        leak_check=severity(captions, "leak_check", DEFAULT.leak_check),
    )
