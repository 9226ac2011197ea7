"""Where a take stands on its way: its picture, and the call it is of."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The picture after a stage, and the call that it is *of*; `left` where the take's way has ended."""

    picture: Blob
    call: Call
    left: bool = False
