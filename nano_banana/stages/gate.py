"""The gate stage: is it still the same person? And its second chances."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.stages.kind import ADAPTERS, NAMES, TEXT, USING, WITH, Kind
from nano_banana.stages.mask import CROP, MASK
from nano_banana.stages.standard import REJECTIONS, Standard

_LIKENESS: JSONObject = {"type": "number", "minimum": -1, "maximum": 1}
_USUAL = Standard()

USUAL_MASK: JSONObject = {"find": "face", "grow": 0.25, "feather": 0.08}
"""What a repair paints over where the recipe does not say."""

USUAL_LADDER = (0.45, 0.6, 0.75)
"""Strengths of a repair: below 0.4 a face stays whose it is, above 0.8 the picture's light is lost."""

_REPAIR: JSONObject = {
    "type": "object",
    "description": "Then inpaint the best of them, harder while the gate still says no.",
    "properties": {
        "mask": {**MASK, "default": USUAL_MASK},
        "prompt": {**TEXT, "description": "A template's name, or the prompt itself; without it, the shot's own."},
        "using": USING,
        "adapters": ADAPTERS,
        "crop": CROP,
        "with": WITH,
        "ladder": {
            "type": "object",
            "description": "A field of the endpoint to its values, gentle first, one try each: "
            "`{strength: [0.45, 0.6, 0.75]}`. By default these strengths, unless `with` says one.",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 1,
                "maxItems": 10,
                "description": "The values, one try each.",
            },
        },
    },
    "required": ["using"],
    "additionalProperties": False,
}

KIND = Kind(
    verb="gate",
    about="Judges every picture of a collection on this machine, and gives those it refuses second chances.",
    params={
        "gate": {**NAMES, "description": "The collection: a stage's id, or `stage.shot`; or a list of them."},
        "judge": {
            "type": "object",
            "description": "What is measured, and against what.",
            "properties": {
                "measure": {"enum": ["identity"], "default": "identity", "description": "Whose face it is."},
                "against": {
                    "enum": ["hold_out", "training_set"],
                    "default": "hold_out",
                    "description": "The photos to compare with: those held out (all, where none are), or all.",
                },
                "every_face": {
                    "type": "boolean",
                    "default": True,
                    "description": "In a picture of several, each of them must be like theirs; `false`: one will do.",
                },
            },
            "additionalProperties": False,
        },
        "accept": {
            "type": "object",
            "description": "From which likeness on a picture is accepted.",
            "properties": {
                "at_least": {**_LIKENESS, "default": _USUAL.at_least, "description": "Never below this likeness."},
                "calibrate": {
                    "description": "Raise the threshold to what the subject's own photos reach, or `false`.",
                    "anyOf": [
                        {"type": "boolean"},
                        {
                            "type": "object",
                            "properties": {
                                "quantile": {
                                    "type": "number",
                                    "minimum": 0,
                                    "maximum": 1,
                                    "default": _USUAL.quantile,
                                    "description": "This quantile of each photo's likeness to the others …",
                                },
                                "slack": {
                                    "type": "number",
                                    "minimum": 0,
                                    "maximum": 1,
                                    "default": _USUAL.slack,
                                    "description": "… less this,",
                                },
                                "at_most": {
                                    **_LIKENESS,
                                    "default": _USUAL.at_most,
                                    "description": "and never above this.",
                                },
                            },
                            "additionalProperties": False,
                        },
                    ],
                    "default": True,
                },
            },
            "additionalProperties": False,
        },
        "unsure": {
            "type": "object",
            "description": "From which likeness on a person is to look; never tried again by itself.",
            "properties": {
                "at_least": {**_LIKENESS, "default": _USUAL.unsure_from, "description": "Below this it is refused."},
            },
            "additionalProperties": False,
        },
        "also_reject": {
            "type": "array",
            "items": {"enum": list(REJECTIONS)},
            "uniqueItems": True,
            "default": list(REJECTIONS),
            "description": "What else is refused.",
        },
        "skip_when": {
            "type": "object",
            "minProperties": 1,
            "description": "Takes that are not judged, by axis or by a field of it: `{style.painted: true}`; of "
            "several, one is enough.",
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null"],
                "description": "The value, or the key of the axis's value.",
            },
        },
        "retry": {
            "type": "object",
            "description": "First, draw again with new seeds.",
            "properties": {
                "takes": {"type": "integer", "minimum": 0, "maximum": 20, "description": "How many more, at most."},
            },
            "required": ["takes"],
            "additionalProperties": False,
        },
        "repair": _REPAIR,
    },
    required=("gate",),
)
