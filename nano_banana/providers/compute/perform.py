"""The door to a worker process: what crosses it is bytes and paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from nano_banana.providers.compute.request import Request, Result


def perform(endpoint: str, arguments: bytes, inputs: Mapping[str, Path]) -> Result:
    """Run `endpoint` with its canonical arguments: the worker sees just what the call's key was made of.

    Raises what the endpoint raises (CallFailed).
    """
    # Here, not above: the asking process never loads Pillow or numpy.
    from nano_banana.providers.compute.endpoints import ENDPOINTS

    return ENDPOINTS[endpoint](Request(arguments=json.loads(arguments), inputs=inputs))
