"""How like certain people the faces of a picture are."""

from __future__ import annotations

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.faces.networks import MODELS
from nano_banana.providers.compute.request import Request, Result
from nano_banana.providers.compute.seen import Person, Seen, read_faces, read_person


def likeness(request: Request) -> Result:
    """Inputs `faces` (of `look`) and `people/0…` (of `person`).

    Data: `faces`, each as `look` tells it with two lists of one entry a person: `similar`, its cosine to the person's
    centre (−1 to 1), and `copy`: the cosine (`similarity`) to the training photo that it is most like, and in how many
    of 64 bits (`distance`) what is around it differs there; null where no photo trained. `people`: how many
    `references` each had, and their `calibration`. `models`.
    """
    people = [read_person(path) for path in request.series("people").values()]
    faces: list[JSONValue] = [_compared(face, people) for face in read_faces(request.input("faces"))]
    return {"faces": faces, "people": [person.told for person in people], "models": MODELS}, {}


def _compared(face: Seen, people: list[Person]) -> JSONObject:
    return {
        **face.light,
        "similar": [round(float(face.embedding @ person.centre), 4) for person in people],
        "copy": [_nearest(face, person) for person in people],
    }


def _nearest(face: Seen, person: Person) -> JSONObject | None:
    if not person.training:
        return None
    photo = max(person.training, key=lambda shown: float(face.embedding @ shown.embedding))
    return {"similarity": round(float(face.embedding @ photo.embedding), 4), "distance": face.apart(photo)}
