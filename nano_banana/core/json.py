"""What JSON can say, as a type, so that nothing here is `Any`."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeAlias

JSONValue: TypeAlias = "None | bool | int | float | str | Sequence[JSONValue] | Mapping[str, JSONValue]"
"""A value that JSON can hold. Read-only by type: whoever changes one makes a copy."""

JSONObject: TypeAlias = Mapping[str, JSONValue]
