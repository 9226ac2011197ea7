"""The client gallery: a folder with a page that needs no server.

Browsers load no ES modules from a disk, so the studio's modules are put into one classic script.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import SheetTake, TakeState, Thumbnail
from nano_banana.features.sheets.sheet_words import write_text_pieces
from nano_banana.formats.file_writing import replaced_file
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid, Unusable, problem
from nano_banana.planner.takes import pick_stages
from nano_banana.session.session import Session

_PAGES = Path(__file__).parent / "pages"
_SMALL, _LARGE = 480, 2048
"""The longer sides of a gallery's pictures, in pixels."""
_MARK = "globalThis.NANO_BANANA_GALLERY = "
_TAKES_FILE = "takes.js"
_HIDDEN = {TakeState.REJECTED, TakeState.FAILED, TakeState.MISSING}

_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <meta name="robots" content="noindex">
    <title>Gallery</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="gallery.css">
    <script defer src="takes.js"></script>
    <script defer src="gallery.js"></script>
  </head>
  <body class="gallery">
    <header class="site"></header>
    <main></main>
    <noscript>This gallery needs JavaScript.</noscript>
  </body>
</html>
"""


def write_gallery(session: Session, sheet: ContactSheet, folder: Path, on_event: EventHandler) -> int:
    """Write the gallery of a sheet's takes into a folder, and return how many pictures it has.

    Rejected, failed and missing takes are left out, and so is all that a client need not know: prompts, likenesses,
    costs, photos, decisions and notes. Raises Invalid if the folder has other files, Unusable if it can't be written.
    """
    takes = [take for take in sheet.takes if take.picture and take.state not in _HIDDEN]
    if not takes:
        raise Invalid([problem("gallery_empty", recipe=session.recipe.name)])
    _make_room(folder)
    sizes: dict[str, Thumbnail] = {}
    for side, suffix in ((_SMALL, "-small"), (_LARGE, "")):
        for take, picture, _ in sheet.thumbnails(takes, side, on_event):
            name = _name(take)
            sizes[name] = picture
            with replaced_file(folder / "pictures" / f"{name}{suffix}.webp") as fresh:
                fresh.write_bytes(picture.data)
    stage_of = pick_stages(session.recipe)
    listed = [_listed(take, stage_of(take.record.id, take.card), sizes[_name(take)]) for take in takes]
    identity = hashlib.sha256(str(session.recipe.path.absolute()).encode()).hexdigest()[:12]
    data: JSONObject = {"id": identity, "name": session.recipe.name, "thumb_side": _SMALL, "takes": listed}
    write_text_pieces(folder / _TAKES_FILE, [_MARK, json.dumps(data), ";\n"])
    write_text_pieces(folder / "gallery.js", [script_of("gallery_page.js")])
    styles = ("studio.css", "review.css", "gallery.css")
    write_text_pieces(folder / "gallery.css", [(_PAGES / name).read_text(encoding="utf-8") for name in styles])
    write_text_pieces(folder / "index.html", [_PAGE])
    return len(takes)


def _make_room(folder: Path) -> None:
    """Empty the folder of an earlier gallery; another folder must be empty."""
    try:
        if folder.exists() and any(folder.iterdir()):
            takes = folder / _TAKES_FILE
            if not takes.is_file() or not takes.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
                raise Invalid([problem("gallery_folder", folder=str(folder))])
            shutil.rmtree(folder / "pictures", ignore_errors=True)
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable([problem("unwritable", file=str(folder), why=error.strerror or "")]) from error


def _name(take: SheetTake) -> str:
    return take.picture.digest[:24] if take.picture else ""


def _listed(take: SheetTake, pick_stage: str, picture: Thumbnail) -> JSONObject:
    """A take as the review page lists it, with nothing that is the studio's own business."""
    card = take.card
    shown: JSONObject = {
        "digest": _name(take),
        "width": picture.width,
        "height": picture.height,
        "media": "image/webp",
    }
    return {
        "id": take.record.id,
        "subjects": list(card.cast) or ([card.subject] if card.subject else []),
        "shot": card.shot,
        "template": "",
        "axes": dict(card.axes),
        "seed": take.seed,
        "turn": take.turn,
        "stage": take.stage,
        "state": "done",
        "prompt": "",
        "picture": shown,
        "file": "",
        "verdict": None,
        "tries": [],
        "cost_usd": None,
        "pick_stage": pick_stage,
        "problems": [],
    }


_IMPORT = re.compile(r'^import (?:(\{[^}]*\})|\* as (\w+)) from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const|let) (\w+)", re.MULTILINE)


def script_of(entry: str) -> str:
    """A module of the pages and all that it imports, as one classic script."""
    return '"use strict";\n(() => {\nconst modules = {};\n' + "".join(_modules(entry, [])) + "})();\n"


def _modules(name: str, done: list[str]) -> Iterator[str]:
    """The script of a module, after those that it imports. Each is a function, so that names don't clash."""
    done.append(name)
    text = (_PAGES / name).read_text(encoding="utf-8")
    for found in _IMPORT.finditer(text):
        if found[3] not in done:
            yield from _modules(found[3], done)
    names: Sequence[str] = [found[2] for found in _EXPORT.finditer(text)]
    text = _IMPORT.sub(lambda found: f'const {found[1] or found[2]} = modules["{found[3]}"];\n', text)
    text = _EXPORT.sub(r"\1 \2", text)
    yield f'modules["{name}"] = (() => {{\n{text}\nreturn {{ {", ".join(names)} }};\n}})();\n'
