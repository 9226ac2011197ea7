"""What `photos --json` prints of checked photo sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.recipe.training_photos import PhotoRules, Severity
from nano_banana.session.photo_findings import PhotoFinding
from nano_banana.session.photo_observations import FaceMeasures
from nano_banana.session.photo_sets import CheckedPhoto, CheckedPhotoSet

WordFinding = Callable[[PhotoFinding, str], tuple[str, str]]
"""Puts a finding of the photo (or subject) of that name into words: what is wrong, and what to do."""


def photos_report(name: str, rules: PhotoRules, albums: Sequence[CheckedPhotoSet], say: WordFinding) -> JSONObject:
    """The albums as one JSON object."""
    return {
        "status": "rejected" if any(album.rejected for album in albums) else "ok",
        "name": name,
        "rules": dataclasses.asdict(rules),
        "subjects": [_set_json(album, say) for album in albums],
    }


def _set_json(album: CheckedPhotoSet, say: WordFinding) -> JSONObject:
    worst = [photo.worst for photo in album.photos]
    return {
        "name": album.name,
        "status": "rejected" if album.rejected else "ok",
        "photos": [_photo_json(photo, say) for photo in album.photos],
        "findings": [_finding_json(finding, album.name, say) for finding in album.findings],
        "counts": {
            "photos": len(album.photos),
            "held_out": sum(photo.held_out for photo in album.photos),
            "rejected": worst.count(Severity.REJECT),
            "warned": worst.count(Severity.WARN),
            "good": worst.count(None),
        },
    }


def _photo_json(photo: CheckedPhoto, say: WordFinding) -> JSONObject:
    measures = photo.observation.measures
    seen: dict[str, JSONValue] = {}
    if measures is not None:
        seen = {
            "width": measures.width,
            "height": measures.height,
            "oriented": measures.oriented,
            "exposure": {"mean": measures.mean, "dark": measures.dark, "bright": measures.bright},
            "sharpness": measures.sharpness,
            "hash": measures.hash,
        }
    return {
        "path": photo.display_path,
        "held_out": photo.held_out,
        **seen,
        "faces": len(photo.observation.main),
        "face": _face_json(photo.observation.faces[0]) if photo.observation.faces else None,
        "likeness": None if photo.likeness is None else round(photo.likeness, 4),
        "caption": photo.caption.text or None,
        "findings": [_finding_json(finding, photo.display_path, say) for finding in photo.findings],
    }


def _face_json(face: FaceMeasures) -> JSONObject:
    return {
        "box": list(face.box),
        "px": round(face.box[2]),
        "eyes": face.eyes,
        "sharpness": face.sharpness,
        "yaw": face.yaw,
        "roll": face.roll,
    }


def _finding_json(finding: PhotoFinding, name: str, say: WordFinding) -> JSONObject:
    message, hint = say(finding, name)
    return {
        "kind": finding.kind,
        "severity": finding.severity.value,
        "message": message,
        "hint": hint or None,
        "value": finding.value,
        "bound": finding.bound,
        **{key: value for key, value in finding.data.items() if key not in {"path", "input"}},
    }
