"""The section `photo_rules`: what a training set must be like.

Type, defaults, JSON Schema and decoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nano_banana.model.json_values import JSONObject, as_object, as_text, as_whole


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


DEFAULT_PHOTO_RULES = PhotoRules()

_SEVERITY_CHOICES = [Severity.REJECT.value, Severity.WARN.value, Severity.OFF.value]


def _severity_schema(about: str, default: Severity) -> JSONObject:
    return {"enum": _SEVERITY_CHOICES, "default": default.value, "description": f"{about} `reject`, `warn` or `off`."}


def _count_schema(about: str, default: int) -> JSONObject:
    return {"type": "integer", "minimum": 1, "maximum": 100_000, "default": default, "description": about}


def _bound_schema(about: str, least: str, default: int) -> JSONObject:
    return {
        "type": "object",
        "description": about,
        "properties": {"min": {"type": "integer", "minimum": 0, "maximum": 20_000, "description": least}},
        "required": ["min"],
        "additionalProperties": False,
        "default": {"min": default},
    }


PHOTO_RULES_SCHEMA: JSONObject = {
    "type": "object",
    "description": "What training photos must be like; looked at on this machine by `check`, and before a training "
    "is paid for. `nano-banana photos` tells all of it, with or without these rules.",
    "properties": {
        "count": {
            "type": "object",
            "description": "How many photos train, without those that are held out.",
            "properties": {
                "min": _count_schema("Fewer are refused.", DEFAULT_PHOTO_RULES.least),
                "want": _count_schema("Fewer are warned of.", DEFAULT_PHOTO_RULES.want),
                "max": _count_schema("More are warned of.", DEFAULT_PHOTO_RULES.most),
            },
            "additionalProperties": False,
        },
        "faces_per_photo": {
            "type": "integer",
            "minimum": 0,
            "maximum": 64,
            "default": DEFAULT_PHOTO_RULES.faces_per_photo,
            "description": "Just so many faces in each photo; people far behind do not count. With 0 no face is "
            "looked for (a dog, a chair).",
        },
        "face_px": _bound_schema(
            "The width of the face, in pixels of the photo.",
            "Smaller faces are refused. (Without this rule, those below 200 are warned of.)",
            DEFAULT_PHOTO_RULES.least_face_px,
        ),
        "short_side_px": _bound_schema(
            "The shorter side of the photo, in pixels.",
            "Smaller photos are refused. (Without this rule, those below 768 are warned of.)",
            DEFAULT_PHOTO_RULES.least_side_px,
        ),
        "blurred": _severity_schema("A face out of focus:", DEFAULT_PHOTO_RULES.blurred),
        "near_duplicates": _severity_schema(
            "Photos that are nearly the same, mirrored ones too:", DEFAULT_PHOTO_RULES.near_duplicates
        ),
        "odd_one_out": _severity_schema(
            "A face unlike the others, probably another person:", DEFAULT_PHOTO_RULES.odd_one_out
        ),
        "exposure": _severity_schema("A face far too dark or too bright:", DEFAULT_PHOTO_RULES.exposure),
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
                "leak_check": _severity_schema(
                    "A caption that describes what should stay (hair, eyes, skin, age …), which the adapter then "
                    "does not learn:",
                    DEFAULT_PHOTO_RULES.leak_check,
                ),
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
"""The section `photo_rules`."""


def decode_photo_rules(data: JSONObject) -> PhotoRules:
    """The section `photo_rules`, checked already; what it does not say is as in PhotoRules."""
    count, captions = as_object(data.get("count")), as_object(data.get("captions"))
    face, side = as_object(data.get("face_px")), as_object(data.get("short_side_px"))

    def severity(table: JSONObject, name: str, default: Severity) -> Severity:
        return Severity(as_text(table.get(name, default.value)))

    return PhotoRules(
        least=as_whole(count.get("min", DEFAULT_PHOTO_RULES.least)),
        want=as_whole(count.get("want", DEFAULT_PHOTO_RULES.want)),
        most=as_whole(count.get("max", DEFAULT_PHOTO_RULES.most)),
        faces_per_photo=as_whole(data.get("faces_per_photo", DEFAULT_PHOTO_RULES.faces_per_photo)),
        least_face_px=as_whole(face.get("min", DEFAULT_PHOTO_RULES.least_face_px)),
        small_face=Severity.REJECT if face else DEFAULT_PHOTO_RULES.small_face,
        least_side_px=as_whole(side.get("min", DEFAULT_PHOTO_RULES.least_side_px)),
        small_side=Severity.REJECT if side else DEFAULT_PHOTO_RULES.small_side,
        blurred=severity(data, "blurred", DEFAULT_PHOTO_RULES.blurred),
        near_duplicates=severity(data, "near_duplicates", DEFAULT_PHOTO_RULES.near_duplicates),
        odd_one_out=severity(data, "odd_one_out", DEFAULT_PHOTO_RULES.odd_one_out),
        exposure=severity(data, "exposure", DEFAULT_PHOTO_RULES.exposure),
        prefix=as_text(captions.get("prefix", "")),
        leak_check=severity(captions, "leak_check", DEFAULT_PHOTO_RULES.leak_check),
    )
