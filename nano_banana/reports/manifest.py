"""The manifest: what every picture in the output folder was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.reports.record import Record
from nano_banana.reports.record import adapter_json
from nano_banana.reports.record import take_json

MANIFEST = "manifest.json"


def write_manifest(folder: Path, head: JSONObject, records: Iterable[Record]) -> None:
    """Write `manifest.json`, take by take and all at once. Raises Unusable where the folder can't be written.

    `head` is what is true of the whole run: the recipe, the run's id, the provider, the subjects' consent.
    """
    target = folder / MANIFEST
    fresh = folder / f".{MANIFEST}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(_text(head, records))
        fresh.replace(target)
    except OSError as error:
        raise Unusable([trouble("output_failed", path=str(target), why=error.strerror or str(error))]) from error
    finally:
        fresh.unlink(missing_ok=True)


def _text(head: JSONObject, records: Iterable[Record]) -> Iterator[str]:
    adapters: list[Record] = []
    takes: list[Record] = []
    for record in records:
        (takes if record.card.kind == "take" else adapters).append(record)
    yield json.dumps(dict(head), indent=1, ensure_ascii=False)[:-2] + ',\n "adapters": ['
    yield from _entries(adapters)
    yield '],\n "takes": ['
    yield from _entries(takes)
    yield "]\n}\n"


def _entries(records: Iterable[Record]) -> Iterator[str]:
    for number, record in enumerate(sorted(records, key=lambda record: record.id)):
        told = take_json(record, ".") if record.card.kind == "take" else adapter_json(record)
        told["calls"] = json.loads(record.calls)
        if record.card.kind == "take":
            told["digests"] = {picture.stage: picture.blob.digest for picture in record.pictures}
        yield ("" if number == 0 else ",") + "\n  " + json.dumps(told, ensure_ascii=False)
