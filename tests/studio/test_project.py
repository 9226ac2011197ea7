"""The project and its takes, as the pages get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.studio import studio_project
from nano_banana.studio.project_view import ProjectView
from nano_banana.studio.studio_faces import face_in
from nano_banana.studio.take_listing import FaceBox
from tests.stories.project import Project
from tests.studio.conftest import Serve


def test_the_project_tells_who_and_what_it_is_of(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        told = visit.page.get("/api/project").json()
        takes = visit.page.get("/api/takes")
    assert (told["name"], told["recipe"]) == ("portraits", "recipe.yaml")
    assert [stage["kind"] for stage in told["stages"]] == ["train", "generate", "gate"]
    assert told["axes"] == {"scene": ["office", "street"]}
    (ana,) = told["subjects"]
    assert len(ana["photos"]) == 5
    assert all(photo["width"] and photo["face_url"] for photo in ana["photos"])
    assert told["revision"] == takes.json()["revision"]


def test_takes_have_their_tries_verdicts_and_pictures(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        takes = {take["id"]: take for take in visit.page.get("/api/takes").json()["takes"]}
        tried = takes["heads/ana/office/s29"]
        face = visit.page.get("/api/faces/heads/ana/office/s11").json()
        assert visit.page.get(face["face"]["url"]).headers["content-type"] == "image/webp"
        thumbs = [visit.page.get(f"/thumb/160/{try_['picture']['digest']}") for try_ in tried["tries"]]
    assert list(takes) == [f"heads/ana/{scene}/s{seed}" for scene in ("office", "street") for seed in (11, 29)]
    assert [try_["kind"] for try_ in tried["tries"]] == ["first", "retry"]
    assert tried["tries"][0]["verdict"]["ruling"] == "rejected"
    assert sum(try_["stands"] for try_ in tried["tries"]) == 1
    assert takes["heads/ana/street/s11"]["verdict"]["reasons"] != []
    assert all(reference["similarity"] is not None for reference in face["references"])
    assert {thumb.headers["cache-control"] for thumb in thumbs} == {"private, max-age=31536000, immutable"}


def test_takes_are_sent_once_while_nothing_changes(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        first = visit.page.get("/api/takes")
        same = visit.page.get("/api/takes", headers={"if-none-match": first.headers["etag"]})
        made.edit("seeds: [11, 29]", "seeds: [11]")
        changed = visit.page.get("/api/takes", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert [take["id"] for take in changed.json()["takes"]] == ["heads/ana/office/s11", "heads/ana/street/s11"]


def test_a_mistake_in_the_recipe_keeps_what_was_there(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        before = visit.page.get("/api/takes").json()
        made.edit("generate: heads", "generate: hats")
        assert visit.page.get("/api/takes").json() == before
        (problem,) = visit.page.get("/api/project").json()["problems"]
        made.edit("generate: hats", "generate: heads")
        assert visit.page.get("/api/project").json()["problems"] == []
    assert (problem["file"], problem["line"]) == ("recipe.yaml", 11)
    assert "hats" in problem["error"]


def test_a_recipe_that_was_never_right_is_an_error_with_its_place(project: Project, serve: Serve) -> None:
    project.edit("generate: heads", "generate: hats")
    with serve(project) as visit:
        answer = visit.page.get("/api/takes")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["line"] == 11


def test_a_picture_that_is_gone_is_not_found(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        take = visit.page.get("/api/takes").json()["takes"][0]
        digest = take["picture"]["digest"]
        file = made.root / ".nano-banana" / "blobs" / digest[:2] / digest[2:]
        file.unlink()
        answers = [visit.page.get(f"/{place}/{digest}") for place in ("picture", "thumb/640", "face")]
    assert {answer.status_code for answer in answers} == {404}


def test_each_person_of_a_picture_has_their_own_face() -> None:
    eyes = ((1.0, 1.0), (2.0, 1.0))
    left, right = (FaceBox(box=(at, 0.0, 9.0, 9.0), eyes=eyes) for at in (0.0, 50.0))
    view = ProjectView(
        name="duo",
        revision="",
        project=b"",
        answer=b"",
        encoded={},
        takes={},
        take_faces={},
        face_boxes={"ab": (left, None, right)},
        photos={},
        pictures={},
        folder=Path(),
        picks_file=Path(),
    )
    assert [face_in(view, "ab", person) for person in range(4)] == [left, None, right, None]
    assert face_in(view, "cd") is None


def test_a_view_that_took_long_is_kept_for_the_next_start(
    made: Project, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_project, "SLOW_SECONDS", 0.0)
    with serve(made) as visit:
        first = visit.page.get("/api/takes")
        project = visit.page.get("/api/project").json()
        faces = visit.page.get("/api/faces/heads/ana/office/s11").json()
    with serve(made) as visit:
        kept = visit.server.project.restored()
        assert visit.page.get("/api/takes").content == first.content
        assert visit.page.get("/api/project").json() == project
        assert visit.page.get("/api/faces/heads/ana/office/s11").json() == faces
    assert kept is not None
    made.edit("seeds: [11, 29]", "seeds: [11]")
    with serve(made) as visit:
        assert visit.server.project.restored() is None
        assert len(visit.page.get("/api/takes").json()["takes"]) == 2
