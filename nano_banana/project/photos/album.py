"""Everything that is known of a subject's photos, put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.json import as_items, as_number, as_object
from nano_banana.project.photos.alike import Vector, likenesses
from nano_banana.project.photos.captions import Caption, Captioning, caption_findings, caption_of
from nano_banana.project.photos.finding import Finding
from nano_banana.project.photos.judging import company_findings, photo_findings, set_findings
from nano_banana.project.photos.sight import Sight
from nano_banana.project.photos.twins import twins
from nano_banana.recipe.model import Photo
from nano_banana.recipe.photo_rules import PhotoRules, Severity

Read = Callable[[Blob], bytes]
"""Reads what the store has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A subject's photos before they are judged: those of `held_out` judge likeness and do not train.

    `trains` says that they are for a training; else their number does not matter.
    """

    name: str
    photos: Sequence[Photo]
    held_out: frozenset[Path]
    captioning: Captioning
    trains: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A photo, what was seen of it, and what was found. `shown` is its path as a person would write it.

    `likeness` is its face's cosine to the mean of the others', None where that is not known.
    """

    path: Path
    shown: str
    held_out: bool
    sight: Sight
    likeness: float | None
    caption: Caption
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity | None:
        """The gravest of what was found, None for nothing that matters."""
        return worst_of(self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """A subject's photos in their order, and what was found of the set as a whole."""

    name: str
    photos: tuple[Viewed, ...]
    findings: tuple[Finding, ...]

    @property
    def all_findings(self) -> list[Finding]:
        """Those of the set, then those of each photo."""
        return [*self.findings, *(finding for photo in self.photos for finding in photo.findings)]

    @property
    def rejected(self) -> bool:
        """Whether something in it stops a training."""
        return worst_of(self.all_findings) is Severity.REJECT


def worst_of(findings: Sequence[Finding]) -> Severity | None:
    """REJECT or WARN, whichever is among them; None where neither is."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in (Severity.REJECT, Severity.WARN) if severity in found), None)


def album_of(
    sitting: Sitting, sights: Mapping[Path, Sight], rules: PhotoRules, *, read: Read, shown: Callable[[Path], str]
) -> Album:
    """Judge the photos by the rules. `read` gives the files that faces' embeddings are in; `shown` names photos."""
    paths = [photo.path for photo in sitting.photos]
    names = [shown(path) for path in paths]
    seen = [sights[path] for path in paths]
    near = likenesses([_vector(sight, read) for sight in seen])
    company: dict[int, list[Finding]] = {}
    for number, finding in company_findings(twins([sight.measures for sight in seen]), near, names, rules):
        company.setdefault(number, []).append(finding)
    viewed = []
    for number, photo in enumerate(sitting.photos):
        caption = caption_of(photo.caption, sitting.captioning)
        found = [*photo_findings(seen[number], rules), *company.get(number, ())]
        if photo.path not in sitting.held_out:
            found += caption_findings(caption, sitting.captioning, rules)
        viewed.append(
            Viewed(
                path=photo.path,
                shown=names[number],
                held_out=photo.path in sitting.held_out,
                sight=seen[number],
                likeness=near[number],
                caption=caption,
                findings=tuple(found),
            )
        )
    count = len(paths) - len(sitting.held_out.intersection(paths))
    return Album(
        name=sitting.name,
        photos=tuple(viewed),
        findings=tuple(set_findings(count, rules)) if sitting.trains else (),
    )


def _vector(sight: Sight, read: Read) -> Vector | None:
    """The embedding of the one person in a photo; of several nobody knows who is meant."""
    if sight.embeddings is None or len(sight.main) != 1:
        return None
    faces = as_items(as_object(json.loads(read(sight.embeddings)))["faces"])
    return [as_number(value) for value in as_items(as_object(faces[0])["embedding"])]
