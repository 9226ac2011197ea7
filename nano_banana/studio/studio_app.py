"""The studio's routes: pages, the project, its takes, pictures and events."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from nano_banana.model.problem import Invalid, LimitReached, NanoBananaError, Refused
from nano_banana.recipe.picks_file import PickChange
from nano_banana.studio.event_log import EventLog
from nano_banana.studio.project_view import ProblemWords
from nano_banana.studio.studio_access import AccessGuard, StudioAccess
from nano_banana.studio.studio_pictures import THUMBNAIL_SIDES, Thumbnails
from nano_banana.studio.studio_project import StudioProject
from nano_banana.studio.studio_runs import StudioRuns, plan_answer

PAGES = Path(__file__).parent / "pages"

PAGE_FILES = {
    "/": "index.html",
    "/run": "run.html",
    "/photos": "photos.html",
    "/recipe": "recipe.html",
    "/history": "history.html",
}
"""The page at each address."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""Kinds of files that pages are made of."""

IMMUTABLE = "private, max-age=31536000, immutable"

THREADS = 6
"""Requests that are worked on at one time; pages and streams of events need no thread."""

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


MAX_BODY = 4_000_000
"""Bytes of the longest request."""

T = TypeVar("T", bound=msgspec.Struct)


class PickChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /api/picks`."""

    changes: list[PickChange]


class RunStart(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /api/run`: the most to spend in USD (None: as in the recipe), and a yes to the price.

    `price` is the highest that was shown in USD, None if it was unknown.
    """

    budget: Annotated[float, msgspec.Meta(ge=0)] | None = None
    confirmed: bool = False
    price: float | None = None


async def _json_body(request: Request, shape: type[T]) -> T:
    """The request's JSON. Raises HTTPException 400, 413 or 415."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HTTPException(400, str(error)) from error


class Studio(msgspec.Struct, frozen=True, kw_only=True):
    """All parts of a studio."""

    project: StudioProject
    thumbnails: Thumbnails
    events: EventLog
    runs: StudioRuns
    access: StudioAccess


def json_response(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def error_response(error: str, hint: str, status: int) -> Response:
    """What went wrong and what to do about it."""
    return json_response({"error": error, "help": hint}, status)


def studio_app(studio: Studio) -> ASGIApp:
    """The studio as an ASGI app."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="studio")

    def threaded(work: Callable[[Studio, Request], Response]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await asyncio.get_running_loop().run_in_executor(pool, work, studio, request)

        return endpoint

    def posted(work: Callable[[Studio, T], Response], shape: type[T]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            body = await _json_body(request, shape)
            return await asyncio.get_running_loop().run_in_executor(pool, work, studio, body)

        return endpoint

    routes = [
        *(Route(path, functools.partial(_page, studio, name)) for path, name in PAGE_FILES.items()),
        Route("/pages/{name:path}", _page_file),
        Route("/api/project", threaded(_project)),
        Route("/api/takes", threaded(_takes)),
        Route("/api/faces/{take:path}", threaded(_faces)),
        Route("/api/picks", threaded(_picks)),
        Route("/api/picks", posted(_change_picks, PickChanges), methods=["POST"]),
        Route("/api/runs", threaded(_runs)),
        Route("/api/explain/{take:path}", threaded(_explain)),
        Route("/api/plan", threaded(_plan)),
        Route("/api/run", posted(_start_run, RunStart), methods=["POST"]),
        Route("/api/run/stop", threaded(_stop_run), methods=["POST"]),
        Route("/api/events", functools.partial(_events, studio)),
        Route("/picture/{digest}", threaded(_picture)),
        Route("/thumb/{side:int}/{digest}", threaded(_thumbnail)),
        Route("/face/{digest}", threaded(_face)),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _http_error,
            NanoBananaError: functools.partial(_problem_error, studio),
            Exception: _bug,
        },
    )
    # Outside of everything, so that an answer about a bug has the security headers, too.
    return AccessGuard(app, studio.access, _refuse)


REFUSALS = {
    "host": ("this address is not the studio's", "open the address that `nano-banana studio` printed"),
    "origin": ("this request comes from another site", "use the studio's own pages"),
    "token": ("you are not signed in", "open the address that `nano-banana studio` printed in the terminal"),
}

_REFUSAL_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Studio</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>Open the studio from the terminal</h1>
<p>This page needs the whole address that <code>nano-banana studio</code> printed, with the token at its end.</p>
<p>If you have closed the terminal, run <code>nano-banana studio</code> again.</p></body></html>
"""


def _refuse(path: str, why: str) -> ASGIApp:
    if why == "token" and path in PAGE_FILES:
        return Response(_REFUSAL_PAGE, 403, media_type="text/html")
    return error_response(*REFUSALS[why], 403)


HTTP_ERRORS = {
    400: "the request is wrong",
    404: "not found",
    405: "this address can't be used that way",
    413: "the request is too long",
    415: "the request is not JSON",
}


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) and status == 400 else ""
    return error_response(HTTP_ERRORS.get(status, "this request can't be answered"), detail, status)


async def _problem_error(studio: Studio, _request: Request, error: Exception) -> Response:
    found = error.problems if isinstance(error, NanoBananaError) else ()
    words = [studio.project.problem_words(problem) for problem in found]
    first = words[0] if words else ProblemWords(error="something went wrong")
    status = 409 if isinstance(error, LimitReached) else 422 if isinstance(error, Invalid | Refused) else 503
    return json_response({"error": first.error, "help": first.help, "problems": words}, status)


async def _bug(_request: Request, _error: Exception) -> Response:
    return error_response("this is a bug in nano-banana", "look at the terminal, and please report it", 500)


async def _page(studio: Studio, name: str, request: Request) -> Response:
    if "token" in request.query_params:
        headers = {"set-cookie": studio.access.set_cookie()}
        return RedirectResponse(request.url.path, status_code=303, headers=headers)
    return _static(name if (PAGES / name).is_file() else PAGE_FILES["/"])


async def _page_file(request: Request) -> Response:
    return _static(str(request.path_params["name"]))


def _static(name: str) -> Response:
    """A file of the pages. The name is only compared with those that are there: it never becomes a path."""
    known = {path.relative_to(PAGES).as_posix(): path for path in PAGES.rglob("*") if path.is_file()}
    path = known.get(name)
    media = None if path is None else MEDIA_TYPES.get(path.suffix)
    if path is None or media is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=media, headers={"cache-control": "no-store"})


def _tagged(request: Request, revision: str, body: bytes) -> Response:
    tag = f'"{revision}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, media_type="application/json", headers={"etag": tag})


def _project(studio: Studio, _request: Request) -> Response:
    view = studio.project.view()
    problems = msgspec.json.encode(view.problems)
    return Response(view.project[:-1] + b',"problems":' + problems + b"}", media_type="application/json")


def _takes(studio: Studio, request: Request) -> Response:
    view = studio.project.view()
    return _tagged(request, view.revision, view.answer)


def _faces(studio: Studio, request: Request) -> Response:
    from nano_banana.studio.studio_faces import take_faces

    view = studio.project.view()
    found = take_faces(view, studio.project.store, str(request.path_params["take"]))
    if found is None:
        raise HTTPException(404)
    return json_response(found)


def _picks(studio: Studio, _request: Request) -> Response:
    revision, picks, problems = studio.project.picks()
    return json_response({"revision": revision, "picks": picks, "problems": problems})


def _change_picks(studio: Studio, body: PickChanges) -> Response:
    revision, changed = studio.project.change_picks(body.changes)
    return json_response({"revision": revision, "picks": changed.picks, "clashes": changed.clashes})


def _plan(studio: Studio, _request: Request) -> Response:
    return json_response(plan_answer(studio.project))


def _runs(studio: Studio, _request: Request) -> Response:
    from nano_banana.studio.studio_history import list_runs

    return json_response(list_runs(studio.project, is_ours=studio.runs.is_running))


def _explain(studio: Studio, request: Request) -> Response:
    from nano_banana.studio.studio_history import explain

    take = str(request.path_params["take"])
    if take not in studio.project.view().takes:
        raise HTTPException(404)
    return json_response({"take": take, "blocks": explain(studio.project, take)})


def _start_run(studio: Studio, body: RunStart) -> Response:
    try:
        studio.runs.start(body.budget, confirmed=body.confirmed, price=body.price)
    except LimitReached as error:
        words = [studio.project.problem_words(problem) for problem in error.problems]
        asks = any(problem.kind == "studio_confirm" for problem in error.problems)
        first = words[0]
        told = {"reason": first.error, "confirm": asks, "error": first.error, "help": first.help, "problems": words}
        return json_response(told, 409)
    return json_response({"run": "started"}, 202)


def _stop_run(studio: Studio, _request: Request) -> Response:
    studio.runs.stop()
    return json_response({"stopping": True}, 202)


async def _events(studio: Studio, request: Request) -> Response:
    given = request.headers.get("last-event-id", "")
    after = int(given) if given.isdecimal() and len(given) < 16 else None
    return StreamingResponse(studio.events.stream(after), media_type="text/event-stream")


def _picture(studio: Studio, request: Request) -> Response:
    digest = str(request.path_params["digest"])
    found = (studio.project.known or studio.project.view()).pictures.get(digest)
    file = None if found is None else studio.thumbnails.picture(digest, found)
    return _image(file, "" if found is None else found.media)


def _thumbnail(studio: Studio, request: Request) -> Response:
    digest, side = str(request.path_params["digest"]), request.path_params["side"]
    found = (studio.project.known or studio.project.view()).pictures.get(digest)
    if found is None or side not in THUMBNAIL_SIDES:
        raise HTTPException(404)
    return _image(studio.thumbnails.thumbnail(digest, found, side), "image/webp")


def _face(studio: Studio, request: Request) -> Response:
    from nano_banana.studio.studio_faces import face_in

    digest = str(request.path_params["digest"])
    person = request.query_params.get("person", "0")
    view = studio.project.known or studio.project.view()
    found = view.pictures.get(digest)
    face = face_in(view, digest, int(person)) if person.isdecimal() and len(person) < 4 else None
    if found is None or face is None:
        raise HTTPException(404)
    return _image(studio.thumbnails.face(digest, found, face.box), "image/webp")


def _image(content: Path | bytes | None, media: str) -> Response:
    """A picture, which never changes. Only pictures are served as such, whatever the file says it is."""
    headers: Mapping[str, str] = {"cache-control": IMMUTABLE}
    if content is None or not media.startswith("image/") or media == "image/svg+xml":
        raise HTTPException(404)
    if isinstance(content, bytes):
        return Response(content, media_type=media, headers=headers)
    return FileResponse(content, media_type=media, headers=headers)
