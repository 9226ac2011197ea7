"""What the studio refuses: wrong tokens, hosts and origins, and files that are not the project's."""

from __future__ import annotations

import json
from http.client import HTTPConnection

import pytest

from nano_banana.model.json_values import JSONObject
from tests.stories.project import Project
from tests.studio.conftest import Serve, Visit

ADDRESSES = ("/", "/api/project", "/api/takes", "/pages/index.html", f"/picture/{'0' * 64}", "/nothing")


def test_nothing_is_shown_without_the_token(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        answers = [visit.stranger.get(address) for address in ADDRESSES]
        wrong = [visit.stranger.get("/?token=" + token) for token in ("", "x", "é", visit.access.token[:-1])]
        elsewhere = visit.stranger.get(f"/api/takes?token={visit.access.token}")
        cookie = visit.stranger.get("/", headers={"cookie": f"{visit.access.cookie}=wrong; {'x' * 50}"})
    assert {answer.status_code for answer in [*answers, *wrong, elsewhere, cookie]} == {403}
    assert "nano-banana studio" in answers[0].text
    assert answers[1].json()["help"].startswith("open the address")
    assert not any(visit.access.token in answer.text for answer in answers)


def test_the_token_becomes_a_cookie_that_only_this_site_sends(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        answer = visit.stranger.get(f"/?token={visit.access.token}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert {"SameSite=Strict", "HttpOnly"} <= set(answer.headers["set-cookie"].split("; "))
        assert visit.stranger.get("/").status_code == 200


def test_odd_cookies_of_other_servers_keep_nobody_out(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        own = f"{visit.access.cookie}={visit.access.token}"
        cookie = {"cookie": f'theme={{"dark": true}}; a@b; {own}; x=a b"'}
        assert visit.stranger.get("/", headers=cookie).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_name_of_this_machine_is_refused(project: Project, serve: Serve, host: str) -> None:
    """DNS rebinding: a page of another site whose name was pointed here."""
    with serve(project) as visit:
        answer = visit.page.get("/api/takes", headers={"host": host.format(port=visit.access.port)})
    assert answer.status_code == 403
    assert "address" in answer.json()["error"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"])
def test_another_site_is_refused(project: Project, serve: Serve, origin: str) -> None:
    with serve(project) as visit:
        answers = [
            visit.page.get("/api/takes", headers={"origin": origin}),
            visit.page.post("/api/run", json={}, headers={"origin": origin}),
        ]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_what_changes_something_must_say_where_it_comes_from(project: Project, serve: Serve) -> None:
    with serve(project) as visit:
        cookie = {"cookie": f"{visit.access.cookie}={visit.access.token}"}
        assert visit.stranger.post("/api/run", json={}, headers=cookie).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/pages/../studio_app.py",
        "/pages/%2e%2e/studio_app.py",
        "/pages/..%2fstudio_app.py",
        "/pages//etc/passwd",
        "/pages/",
        "/pages/%00",
        "/picture/..%2f..%2frecipe.yaml",
        "/picture/recipe.yaml",
        "/thumb/320/%2e%2e%2frecipe.yaml",
        "/thumb/321/" + "0" * 64,
        "/thumb/99999999999999999999/" + "0" * 64,
        "/face/..",
        "/api/faces/../../recipe.yaml",
        "/api/faces/%00",
        "/api/nothing",
    ],
)
def test_no_path_leaves_the_project(project: Project, serve: Serve, path: str) -> None:
    with serve(project) as visit:
        status, told = raw_get(visit, path)
    assert status == 404
    assert set(told) == {"error", "help"}


def raw_get(visit: Visit, path: str) -> tuple[int, JSONObject]:
    """The answer to a path that is sent just as it is written, which httpx would tidy."""
    connection = HTTPConnection("127.0.0.1", visit.access.port, timeout=30)
    connection.request("GET", path, headers={"cookie": f"{visit.access.cookie}={visit.access.token}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def test_only_pictures_of_the_project_are_served(made: Project, serve: Serve) -> None:
    with made.store() as store:
        foreign = store.blobs.put(b"\x89PNG\r\n\x1a\n of another project", media="image/png")
        others = [digest for digest, _ in store.blobs.files()]
    with serve(made) as visit:
        takes = visit.page.get("/api/takes").json()["takes"]
        known = {take["picture"]["digest"] for take in takes if take["picture"]}
        assert {visit.page.get(f"/picture/{digest}").status_code for digest in known} == {200}
        assert visit.page.get(f"/picture/{foreign.digest}").status_code == 404
        served = {digest for digest in others if visit.page.get(f"/picture/{digest}").status_code == 200}
        # The adapter, the faces' files and thumbnails stay here.
        assert served < set(others)
        media = {visit.page.get(f"/picture/{digest}").headers["content-type"] for digest in served}
    assert media == {"image/png"}


def test_answers_carry_the_policy_and_never_the_key(made: Project, serve: Serve) -> None:
    with serve(made) as visit:
        answers = [visit.page.get(address) for address in ("/", "/api/project", "/api/takes", "/api/nothing")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "does-not-look-at-it" not in answer.text
