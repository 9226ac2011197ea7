"""The local trainer: photos in, cut-outs out, as an adapter file."""

from __future__ import annotations

import json
from itertools import islice

from nano_banana.core.json import JSONValue
from nano_banana.providers.local.adapter import Adapter, to_bytes
from nano_banana.providers.local.archive import photos
from nano_banana.providers.local.cutout import cut_out
from nano_banana.providers.local.job import Job, Result
from nano_banana.providers.local.revision import lacks_parts

MOST = 40
"""Photos that are kept; more of one person add nothing here."""


def train(job: Job) -> Result:
    """Make an adapter of the photos in the archive. Learning rate and steps are noted, and change nothing else."""
    archive = job.file("archive")
    found = islice(photos(archive, place=job.roles["archive"]), MOST)
    style = job.arguments.get("is_style") is True or job.arguments.get("training_style") == "style"
    adapter = Adapter(
        cutouts=[cut_out(photo) for _, photo in found], style=style, trigger=job.text("trigger") or job.text("caption")
    )
    steps = job.number("steps", 0, 0, 1_000_000)
    about = {"endpoint": job.endpoint, "steps": str(round(steps)), "photos": str(len(adapter.cutouts))}
    config = {**about, "format": "local", "kind": "style" if style else "subject", "trigger": adapter.trigger}
    files = {"config_file": ((json.dumps(config, indent=2, sort_keys=True) + "\n").encode(), "application/json")}
    name = next((place for place in job.makes if place.endswith("lora_file")), "diffusers_lora_file")
    files[name] = (to_bytes(adapter, about), "application/octet-stream")
    data: dict[str, JSONValue] = {
        place: {"content_type": media, "file_size": len(content)} for place, (content, media) in files.items()
    }
    return ({**data, "plain": True} if adapter.plain and not style and lacks_parts() else data), files
