"""Routes of fal's storage, as far as uploads go."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field

from tests.providers.fal.files.peer import Asked, Peer, Said, told

TOKEN, UPLOAD, INITIATE, PUT = "/storage/auth/token", "/files/upload", "/storage/upload/initiate", "/bucket/1"
MULTIPART = "/files/upload/multipart"


@dataclass(kw_only=True)
class Storage:
    """Keeps what was sent, by address."""

    peer: Peer
    kept: dict[str, bytes] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Take the routes."""
        self.peer.routes |= {
            TOKEN: [self._token],
            UPLOAD: [self._upload],
            INITIATE: [self._initiate],
            PUT: [self._put],
            MULTIPART: [self._begin],
            "/files/big/multipart/u1/complete": [self._complete],
        }
        for number in range(1, 20):
            self.peer.routes[f"/files/big/multipart/u1/{number}"] = [self._part]

    def _token(self, asked: Asked) -> Said:
        if asked.headers.get("authorization") != "Key id:secret":
            return told({"detail": "who?"}, status=401)
        expires_at = "2099-01-01T00:00:00+00:00"
        return told({"token": "t", "token_type": "Bearer", "base_url": self.peer.url, "expires_at": expires_at})

    def _upload(self, asked: Asked) -> Said:
        url = f"{self.peer.url}/files/{next(self.numbers)}/{asked.headers['x-fal-file-name']}"
        self.kept[url] = asked.body
        return told({"access_url": url})

    def _initiate(self, asked: Asked) -> Said:
        assert json.loads(asked.body)["content_type"]
        return told({"upload_url": self.peer.url + PUT, "file_url": f"{self.peer.url}/files/other"})

    def _put(self, asked: Asked) -> Said:
        self.kept[f"{self.peer.url}/files/other"] = asked.body
        return Said()

    def _begin(self, asked: Asked) -> Said:
        assert asked.headers["x-fal-file-name"].endswith(".safetensors")
        return told({"access_url": f"{self.peer.url}/files/big", "uploadId": "u1"})

    def _part(self, asked: Asked) -> Said:
        number = int(asked.path.rpartition("/")[2])
        self.parts[number] = asked.body
        return Said(headers={"ETag": f"e{number}"})

    def _complete(self, asked: Asked) -> Said:
        assert len(json.loads(asked.body)["parts"]) == len(self.parts)
        self.kept[f"{self.peer.url}/files/big"] = b"".join(self.parts[number] for number in sorted(self.parts))
        return told({})
