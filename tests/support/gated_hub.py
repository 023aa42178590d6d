"""A hub on loopback with one gated data set: it answers as Hugging Face's does, and remembers who asked how."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["GatedHub", "gated_hub"]

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_FILE = "test.jsonl"


@dataclass
class GatedHub:
    """What the hub holds, and what it was asked."""

    token: str
    records: list[dict[str, Any]]
    echoes: bool = False
    """Whether its refusals, and its records, repeat the token that was sent."""
    url: str = ""
    authorizations: list[str] = field(default_factory=list)
    """The Authorization header of each request; empty where it had none."""
    paths: list[str] = field(default_factory=list)

    def content(self, authorization: str) -> bytes:
        """The bytes of the data set's one file."""
        records = [{**record, "said": authorization} if self.echoes else record for record in self.records]
        return "".join(json.dumps(record) + "\n" for record in records).encode()


@contextlib.contextmanager
def gated_hub(hub: GatedHub) -> Iterator[GatedHub]:
    """Serve the hub during the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer GET, and HEAD by the same headers."""
            path, authorization = self.path.partition("?")[0], self.headers.get("Authorization", "")
            hub.paths.append(path)
            hub.authorizations.append(authorization)
            if authorization != f"Bearer {hub.token}":
                said = f" You sent {authorization}." if hub.echoes else ""
                self._send(
                    401, json.dumps({"error": f"Access to this dataset is restricted.{said}"}).encode(), gated=True
                )
            elif "/resolve/" in path and path.endswith(f"/{_FILE}"):
                self._send(200, hub.content(authorization))
            elif "/resolve/" in path:
                self._send(404, b"Entry not found", missing=True)
            elif "/tree/" in path or "/paths-info/" in path:
                self._send(200, json.dumps([self._entry()]).encode())
            elif path.startswith("/api/datasets/"):
                name = "/".join(path.split("/")[3:5])
                info = {"_id": "1", "id": name, "sha": _COMMIT, "private": False, "gated": "auto", "disabled": False}
                self._send(200, json.dumps({**info, "tags": [], "siblings": [{"rfilename": _FILE}]}).encode())
            else:
                self._send(404, b"{}")

        do_HEAD = do_GET

        def do_POST(self) -> None:
            """Answer a POST as the GET of its path."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def _entry(self) -> dict[str, Any]:
            content = hub.content("")
            return {"type": "file", "oid": hashlib.sha1(content).hexdigest(), "size": len(content), "path": _FILE}

        def _send(self, status: int, body: bytes, *, gated: bool = False, missing: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", _COMMIT)
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            if gated:
                self.send_header("X-Error-Code", "GatedRepo")
                self.send_header("X-Error-Message", body.decode())
            if missing:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
