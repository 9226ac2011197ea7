"""The receipt: what was deleted, what a service may hold, what stays."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.project.forget.forget import Dossier
from nano_banana.workshop.forget.forgetting import Found

PAYLOADS = "https://api.fal.ai/v1/models/requests/{request_id}/payloads"
"""Where a DELETE removes what fal keeps of a request: its input, its output, and the output's files."""


def receipt_json(dossier: Dossier, *, dry_run: bool) -> JSONObject:
    """The whole receipt. Times are UTC, ISO 8601; `until` null: it is kept until somebody deletes it."""
    return {
        "subject": dossier.name,
        "dry_run": dry_run,
        "deleted": {
            "adapters": [name for found in dossier.found for name in found.traces.adapters],
            "answers": sum(found.traces.answers for found in dossier.found),
            "files": sum(found.traces.files for found in dossier.found),
            "bytes": sum(found.traces.bytes for found in dossier.found),
            "unnamed_files": sum(found.traces.unnamed for found in dossier.found),
            "unnamed_bytes": sum(found.traces.unnamed_bytes for found in dossier.found),
            "pictures": _paths(dossier.files.pictures),
            "sheets": _paths(dossier.files.sheets),
            "copies": _paths(dossier.files.copies),
            "archives": _paths(dossier.files.archives),
            "locks": _paths(dossier.files.locks),
            "manifests": _paths(dict.fromkeys(path for found in dossier.found for path in found.manifests)),
            "runs": sum(found.runs for found in dossier.found),
            "notes": sum(found.traces.notes for found in dossier.found),
            "memories": sum(found.traces.memories for found in dossier.found),
            "requests_blanked": sum(len(found.traces.requests) for found in dossier.found),
        },
        "provider": {
            "uploads": [upload for found in dossier.found for upload in _uploads(found)],
            "requests": [request for found in dossier.found for request in _requests(found)],
            "delete": PAYLOADS,
        },
        "left": {
            "photos": _paths(dossier.left.photos),
            "others": _paths(dossier.files.others),
            "elsewhere": _paths(dossier.files.elsewhere),
            "mentions": [{"file": str(each.file), "lines": list(each.lines)} for each in dossier.left.mentions],
        },
        "stores": _paths(found.store for found in dossier.found),
    }


def _uploads(found: Found) -> list[JSONValue]:
    return [
        {
            "service": upload.service,
            "url": upload.url,
            "until": None if upload.expires_at is None else _moment(upload.expires_at),
        }
        for upload in found.uploads
    ]


def _requests(found: Found) -> list[JSONValue]:
    return [
        {
            "service": ticket.service,
            "endpoint": ticket.endpoint,
            "request_id": ticket.request_id,
            "state": str(ticket.state),
            "at": _moment(ticket.begun_at),
        }
        for ticket in found.requests
    ]


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _paths(paths: Iterable[Path]) -> list[JSONValue]:
    return [str(path) for path in paths]
