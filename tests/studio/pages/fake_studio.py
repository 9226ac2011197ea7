"""A small studio server for tests of its pages: made-up takes, real pictures, faults on demand."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import random
import socket
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

import uvicorn
from PIL import Image, ImageEnhance, ImageOps
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from tests.people import astronaut, hopper

PAGES = Path(__file__).parents[3] / "nano_banana" / "studio" / "pages"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SCENES = ("office", "street", "studio", "garden", "library")
STYLES = ("photo", "oil")
STATES = ("accepted", "accepted", "unsure", "rejected")
PROMPT = (
    "anqz7 woman, editorial headshot photograph, chest-up, a bright {scene} out of focus behind, 85 mm lens, {style}"
)


def made_takes(count: int) -> list[JSONObject]:
    """Takes of two people in the recipe's order: the fifth of each ten has three tries, the last has no picture."""
    return [_take(number, random.Random(number)) for number in range(count)]


def _take(number: int, chance: random.Random) -> JSONObject:
    person = ("ana", "grace")[number % 2]
    scene, style = SCENES[number // 2 % 5], STYLES[number // 10 % 2]
    state = "failed" if number % 40 == 39 else STATES[chance.randrange(4)]
    low, high = {"accepted": (0.56, 0.9), "unsure": (0.37, 0.54), "rejected": (0.05, 0.35), "failed": (0.0, 0.0)}[state]
    score = round(chance.uniform(low, high), 3)
    verdict: JSONValue = None if state == "failed" else _verdict(state, score)
    tries: list[JSONValue] = [_try(number, 0, "first", state, score, stands=True)]
    if number % 10 == 4:
        tries = [
            _try(number, 0, "first", "rejected", 0.21),
            _try(number, 1, "retry", "unsure", 0.44),
            _try(number, 2, "repair", state, score, stands=True),
        ]
    return {
        "id": f"heads/{person}/{scene}/{style}/s{number}",
        "subjects": [person],
        "shot": "heads",
        "template": "headshot",
        "axes": {"subject": person, "scene": scene, "style": style},
        "seed": number,
        "turn": str(number),
        "stage": "judged",
        "state": state,
        "prompt": PROMPT.format(scene=scene, style=style),
        "picture": None if state == "failed" else picture_of(number, 2 if number % 10 == 4 else 0),
        "file": "" if state == "failed" else f"judged/heads_{person}_{scene}_{style}_s{number}.png",
        "verdict": verdict,
        "tries": [] if state == "failed" else tries,
        "cost_usd": 0.021,
        "pick_stage": "picks",
        "problems": ["`fal-ai/flux-lora` returned no file (a picture expected)"] if state == "failed" else [],
        "hash": f"{random.Random(number // 4).getrandbits(64) ^ (1 << number % 4):016x}",
        "made_at": 1_760_000_000.0 + number,
    }


def picture_of(number: int, attempt: int = 0) -> JSONObject:
    """The picture of one try at a take: its digest says how it is drawn."""
    return {
        "digest": f"{number:08x}{attempt:02x}{number % 2}" + "0" * 53,
        "width": 832,
        "height": 1040,
        "media": "image/png",
    }


def _verdict(state: str, score: float) -> JSONObject:
    reasons = {"rejected": ["the face is not ana's"], "unsure": ["the likeness is between 0.36 and 0.55"]}.get(
        state, []
    )
    return {
        "gate": "judged",
        "ruling": state,
        "score": score,
        "threshold": 0.55,
        "reasons": list(reasons),
        "second": None,
    }


def _try(number: int, attempt: int, kind: str, state: str, score: float, *, stands: bool = False) -> JSONObject:
    return {
        "number": attempt,
        "kind": kind,
        "seed": number + 1000 * attempt,
        "picture": picture_of(number, attempt),
        "verdict": _verdict(state, score),
        "stands": stands,
    }


LOOKS = 12
"""How many different pictures there are of a person."""


@functools.cache
def _portrait(person: int, side: int) -> Image.Image:
    whole = hopper() if person else astronaut()
    return ImageOps.contain(ImageOps.fit(whole, (832, 1040), centering=(0.45, 0.0)), (side, side))


@functools.cache
def _drawn(look: int, person: int, side: int) -> bytes:
    chance = random.Random(look)
    picture = ImageEnhance.Color(_portrait(person, side)).enhance(chance.uniform(0.3, 1.5))
    picture = ImageEnhance.Brightness(picture).enhance(chance.uniform(0.8, 1.15))
    if chance.random() < 0.5:
        picture = ImageOps.mirror(picture)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _stage(name: str, to_make: int, cached: int, low: float, high: float) -> JSONObject:
    possible = 12 if high else 0
    counts: JSONObject = {"to_make": to_make, "cached": cached, "possible": possible, "unpriced": 0}
    return {"id": name, **counts, "low": low, "high": high, "possible_high": possible * 0.021}


class FakeStudio:
    """Serves the pages and what they ask for; can be stopped and started again at the same address."""

    def __init__(self, takes: list[JSONObject]) -> None:
        self.takes = takes
        self.picks: dict[str, JSONObject] = {}
        self.posts: list[list[JSONValue]] = []
        self.plan: dict[str, JSONValue] = {
            "pictures_to_make": 38,
            "reused": 22,
            "cost_low": 0.79,
            "cost_high": 1.21,
            "second_chances": 12,
            "second_chances_usd": 0.25,
            "expected_usd": 0.86,
            "adapters_to_train": 0,
            "provider": "fal",
            "budget": 5.0,
            "asks": False,
            "stages": [_stage("takes", 38, 22, 0.79, 0.96), _stage("judged", 38, 22, 0.0, 0.0)],
            "problems": [],
            "text": "",
        }
        self.ran: list[JSONObject] = []
        self.runs: list[JSONObject] = []
        self.run_answer: tuple[JSONObject, int] = ({"run": "r1"}, 202)
        self.events: list[tuple[str, JSONObject]] = []
        self.project: JSONObject = {
            "name": "portraits",
            "recipe": "recipe.yaml",
            "provider": "local",
            "stages": [
                {"id": "judged", "kind": "gate", "picks": False},
                {"id": "picks", "kind": "choose", "picks": True},
            ],
            "subjects": [],
            "axes": {"scene": list(SCENES), "style": list(STYLES)},
            "ask_above_usd": 1.0,
            "revision": "1",
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The review page's address."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, until `stop`."""
        config = uvicorn.Config(
            self._app(),
            port=self.port,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=0,
            loop="asyncio",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)

    def stop(self) -> None:
        """Close every connection."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._server = None

    def tell(self, name: str, **data: JSONValue) -> None:
        """Send an event to all pages."""
        self.events.append((name, dict(data)))

    def _app(self) -> Starlette:
        routes = [
            Route("/", self._page("index.html")),
            Route("/run", self._page("run.html")),
            Route("/history", self._page("history.html")),
            Route("/api/project", lambda _: self._json(self.project)),
            Route("/api/takes", lambda _: self._json({"revision": str(len(self.events)), "takes": list(self.takes)})),
            Route("/api/picks", lambda _: self._json({"revision": "1", "picks": dict(self.picks), "problems": []})),
            Route("/api/picks", self._save, methods=["POST"]),
            Route("/api/faces/{take:path}", self._faces),
            Route("/api/plan", lambda _: self._json(self.plan)),
            Route("/api/runs", lambda _: self._json({"runs": list(self.runs), "current": None, "is_ours": False})),
            Route("/api/explain/{take:path}", self._explain),
            Route("/api/run", self._run, methods=["POST"]),
            Route("/api/run/stop", self._stop_run, methods=["POST"]),
            Route("/api/events", self._events),
            Route("/thumb/{side:int}/{digest}", self._thumb),
            Route("/picture/{digest}", self._thumb),
            Route("/face/{digest}", self._face),
            Mount("/pages", StaticFiles(directory=PAGES)),
        ]
        return Starlette(routes=routes)

    @staticmethod
    def _json(value: JSONObject, status: int = 200) -> Response:
        return JSONResponse(value, status)

    @staticmethod
    def _page(name: str) -> Callable[[Request], Response]:
        def page(_request: Request) -> Response:
            text = (PAGES / name).read_text(encoding="utf-8")
            return Response(text, media_type="text/html", headers={"content-security-policy": POLICY})

        return page

    async def _save(self, request: Request) -> Response:
        changes = as_items(as_object(await request.json())["changes"])
        self.posts.append(list(changes))
        picks: dict[str, JSONValue] = {}
        clashes: list[JSONValue] = []
        for change in map(as_object, changes):
            take, base = str(change["take"]), as_object(change["base"])
            mine = {name: change[name] for name in ("decision", "stars", "note")}
            theirs = {"decision": None, "stars": 0, "note": "", **self.picks.get(take, {})}
            theirs.pop("stage", None)
            if theirs not in (base, mine):
                clashes.append({"take": take, "mine": mine, "theirs": theirs})
                continue
            self.picks[take] = {"stage": change["stage"], **mine}
            picks[take] = self.picks[take]
        return self._json({"revision": "1", "picks": picks, "clashes": clashes})

    async def _faces(self, request: Request) -> Response:
        take = next((take for take in self.takes if take["id"] == request.path_params["take"]), None)
        if take is None or take["picture"] is None:
            return self._json({"error": "not found", "help": ""}, 404)
        digest = str(as_object(take["picture"])["digest"])
        person = int(digest[10])
        box = [290, 130, 230, 300] if person else [300, 150, 210, 270]
        references: list[JSONValue] = [
            {
                "name": f"photo_{at}.jpg",
                "url": f"/face/{at:08x}00{person}{'f' * 53}",
                "held_out": at < 3,
                "similarity": 0.7 - at / 20,
            }
            for at in range(5)
        ]
        found: JSONObject = {"face": {"url": f"/face/{digest}", "box": list(box)}, "references": references}
        return self._json({**found, "subjects": [{"subject": as_items(take["subjects"])[0], **found}]})

    async def _explain(self, request: Request) -> Response:
        take = str(request.path_params["take"])
        blocks: list[JSONValue] = [
            {"title": take, "text": "takes: made by fal-ai/flux-lora"},
            {"title": "prompt", "text": "a"},
        ]
        return self._json({"take": take, "blocks": blocks})

    async def _run(self, request: Request) -> Response:
        self.ran.append(as_object(await request.json()))
        return self._json(*self.run_answer)

    async def _stop_run(self, _request: Request) -> Response:
        self.ran.append({"stop": True})
        return self._json({})

    async def _events(self, request: Request) -> Response:
        after = int(request.headers.get("last-event-id", "0"))

        async def stream() -> AsyncIterator[str]:
            at = after
            yield ": hello\n\n"
            while self._server is not None and not self._server.should_exit:
                for number, (name, data) in enumerate(self.events[at:], at + 1):
                    at = number
                    yield f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(stream(), media_type="text/event-stream")

    def _thumb(self, request: Request) -> Response:
        digest, side = str(request.path_params["digest"]), int(request.path_params.get("side", 1040))
        return self._image(
            _drawn((int(digest[:8], 16) // 2 + int(digest[8:10])) % LOOKS, int(digest[10]), min(side, 1040))
        )

    def _face(self, request: Request) -> Response:
        digest = str(request.path_params["digest"])
        return self._image(_drawn_face(int(digest[:8], 16) // 2 % LOOKS, int(digest[10])))

    @staticmethod
    def _image(data: bytes) -> Response:
        return Response(
            data, media_type="image/webp", headers={"cache-control": "private, max-age=31536000, immutable"}
        )


@functools.cache
def _drawn_face(look: int, person: int) -> bytes:
    picture = Image.open(io.BytesIO(_drawn(look, person, 1040)))
    size = 420
    left, top = (picture.width - size) // 2, 60
    buffer = io.BytesIO()
    picture.crop((left, top, left + size, top + size)).resize((256, 256)).save(buffer, "WEBP")
    return buffer.getvalue()
