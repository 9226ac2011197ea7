"""HTML pages in one file that open from disk without network access.

`html_page` writes a page with its style and script inlined and a Content-Security-Policy that allows only these, by
hash. Texts go through `escape_text`, images through `data_url`, data for a script through `script_json`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from html import escape

from nano_banana.model.json_values import JSONValue


def html_page(
    title: str,
    style: str,
    body: Iterable[str],
    *,
    script: str = "",
    attributes: str = "",
    local_images: bool = False,
    style_attributes: bool = False,
) -> Iterator[str]:
    """Yield a page in pieces: its head, the pieces of `body`, and `script` at the end.

    `title` is plain text. `attributes` are those of the body element, as HTML. With `local_images` the page may also
    show files beside it, and with `style_attributes` its elements may have styles of their own.
    """
    styles = "'unsafe-inline'" if style_attributes else f"'{_hash(style)}'"
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(styles, script, local_images=local_images)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_text(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body{attributes and ' '}{attributes}>\n"
    )
    yield from body
    yield (f"<script>{script}</script>\n" if script else "") + "</body>\n</html>\n"


def escape_text(text: str) -> str:
    """Escape text for HTML; a character that can't be printed becomes the replacement character."""
    return escape(printable_text(text))


def printable_text(text: str) -> str:
    """The text with the replacement character for each character that can't be printed."""
    return "".join(char if char.isprintable() else "�" for char in text)


def data_url(data: bytes, media: str) -> str:
    """The data as a `data:` URL."""
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def script_json(value: JSONValue) -> str:
    """JSON in ASCII that is safe inside a script element: it can't end the script or begin a comment."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(styles: str, script: str, *, local_images: bool) -> str:
    """What a browser may do: show images, and use these styles and this very script. No network."""
    images = "data: 'self' file:" if local_images else "data:"
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return f"default-src 'none'; img-src {images}; style-src {styles};{scripts} base-uri 'none'; form-action 'none'"


def _hash(code: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
