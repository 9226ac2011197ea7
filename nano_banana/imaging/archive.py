"""Zip files whose bytes depend on what is in them and nothing else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

ZIP = "application/zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def fixed_zip(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of the named entries in the order given: stored, dated 1980-01-01, mode 0644.

    Nothing is deflated: photos do not shrink, and deflated bytes differ between zlib's makers.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            about = zipfile.ZipInfo(name, date_time=_EPOCH)
            about.create_system = _UNIX
            about.external_attr = 0o100644 << 16
            archive.writestr(about, data)
    return out.getvalue()
