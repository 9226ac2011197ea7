"""All packs' previews as one page that needs no network."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible

if TYPE_CHECKING:
    from nano_banana.project.packs.nouns import Pack, PackTemplate

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MEDIA = {".png": "image/png", ".webp": "image/webp"}

STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; --line: #8884; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; }
h2 { margin: 2rem 0 .25rem; } h2 small { font-weight: 400; opacity: .7; font-size: .7em; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; padding: 0; }
li { list-style: none; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
img, .none { display: block; width: 100%; aspect-ratio: 4 / 5; object-fit: cover; background: var(--line); }
.none { display: grid; place-items: center; opacity: .6; }
li div { padding: .6rem .75rem; } h3 { margin: 0; font-size: 1rem; } p { margin: .25rem 0 0; }
code { font-size: .8rem; overflow-wrap: anywhere; }
"""


def page(packs: Iterable[Pack]) -> Iterator[str]:
    """The page as pieces of HTML: every template with its preview, and the name to use it by."""
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Packs</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Packs</h1>\n"
    )
    for pack in packs:
        yield f"<section>\n<h2>{_text(pack.title)} <small>{_text(pack.name)} {_text(pack.version)}</small></h2>\n"
        yield f"<p>{_text(pack.about)}</p>\n<ul>\n"
        for template in pack.templates.values():
            yield _card(pack, template)
        yield "</ul>\n</section>\n"
    yield "</body>\n</html>\n"


def _card(pack: Pack, template: PackTemplate) -> str:
    return (
        f"<li>{_picture(template)}<div><h3>{_text(template.title)}</h3><p>{_text(template.about)}</p>"
        f"<p><code>{_text(pack.name)}/{_text(template.name)}</code></p></div></li>\n"
    )


def _picture(template: PackTemplate) -> str:
    if template.preview is None or not template.preview.is_file():
        return '<span class="none">no preview</span>'
    media = MEDIA.get(template.preview.suffix.casefold(), "image/jpeg")
    data = base64.b64encode(template.preview.read_bytes()).decode()
    return f'<img src="data:{media};base64,{data}" alt="{_text(template.title)}" loading="lazy">'


def _text(text: str) -> str:
    return escape(visible(text))
