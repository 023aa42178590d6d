"""A hub of data sets on loopback, which speaks Hugging Face's protocol and ModelScope's, and misbehaves when told to.

Hugging Face: `HF_ENDPOINT` names it; `/api/datasets/ID[/revision/REV]`, `/api/datasets/ID/tree/REV`, `paths-info`, and
`/datasets/ID/resolve/REV/FILE` with ETag, X-Repo-Commit and ranges. ModelScope: `MODELSCOPE_ENDPOINT` names it;
`/api/v1/datasets/ID`, its revisions, its tree and `/repo?FilePath=`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["COMMIT", "Hub", "loopback_hub"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the hub holds (`files` by data set and path), how it behaves, and what was asked of it."""

    files: dict[str, dict[str, bytes]]
    gated: set[str] = field(default_factory=set)
    """Data sets that need a token; any will do."""
    wait_s: float = 0.0
    """Before each answer."""
    cut: int = 0
    """How many more times a file breaks off in its middle."""
    status: int = 0
    """What it answers to everything instead, where it is set; with the wish not to be asked for an hour."""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """Methods and paths, in order."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def downloads(self) -> list[str]:
        """The files that were sent, or begun to be."""
        return [line for line in self.asked if line.startswith("GET") and ("/resolve/" in line or "FilePath=" in line)]


@contextlib.contextmanager
def loopback_hub(files: dict[str, dict[str, bytes]], port: int = 0) -> Iterator[Hub]:
    """A hub that runs within the block. `port`: as an earlier one had it."""
    hub = Hub(files)

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.asked.append(f"{self.command} {self.path}")
        time.sleep(self.hub.wait_s)
        address = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(address.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        with contextlib.suppress(ConnectionError):
            if self.hub.status:
                self._json({"error": "not now"}, self.hub.status, {"Retry-After": "3600"})
            elif path.startswith("/api/v1/"):
                self._modelscope(path.removeprefix("/api/v1/"), query)
            else:
                self._huggingface(path, query, body)

    # -- Hugging Face ----------------------------------------------------------------------------------------------

    def _huggingface(self, path: str, query: dict[str, str], body: bytes) -> None:
        parts = path.strip("/").split("/")
        if parts[0] == "api":
            parts = parts[1:]
        if parts[0] != "datasets" or len(parts) < 3:
            return self._json({"error": "Not found"}, 404)
        name, rest = "/".join(parts[1:3]), parts[3:]
        files = self.hub.files.get(name)
        if files is None:
            return self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        if name in self.hub.gated and not self.headers.get("Authorization") and rest[:1] == ["resolve"]:
            said = (
                f"Access to dataset {name} is restricted. You must have access to it and be authenticated to access it."
            )
            return self._json({"error": said}, 401, {"X-Error-Code": "GatedRepo", "X-Error-Message": said})
        if rest[:1] == ["resolve"]:
            return self._file(files.get("/".join(rest[2:])), name)
        if rest[:1] in (["tree"], ["paths-info"]):
            wanted = "/".join(rest[2:])
            paths = dict(urllib.parse.parse_qsl(body.decode())).get("paths")
            with contextlib.suppress(ValueError):
                paths = json.loads(body)["paths"]
            chosen = [file for file in files if (file in paths if paths else file.startswith(wanted))]
            return self._json([_entry(file, files[file]) for file in chosen])
        if not rest or rest[0] == "revision":
            return self._json(
                {
                    "_id": "0" * 24,
                    "id": name,
                    "sha": COMMIT,
                    "lastModified": "2024-01-01T00:00:00.000Z",
                    "createdAt": "2024-01-01T00:00:00.000Z",
                    "private": False,
                    "gated": "auto" if name in self.hub.gated else False,
                    "disabled": False,
                    "tags": [],
                    "siblings": [{"rfilename": file} for file in files],
                }
            )
        return self._json({"error": "Not found"}, 404)

    # -- ModelScope ------------------------------------------------------------------------------------------------

    def _modelscope(self, path: str, query: dict[str, str]) -> None:
        parts = path.split("/")
        if len(parts) > 1 and parts[1].isdigit():  # by its number, as the library asks once it knows it
            parts[1:2] = list(self.hub.files)[int(parts[1])].split("/")
        name, rest = "/".join(parts[1:3]), "/".join(parts[3:])
        files = self.hub.files.get(name) if parts[0] == "datasets" else None
        if files is None:
            return self._data(None, 404, "record not found")
        if name in self.hub.gated and "Cookie" not in self.headers and "Authorization" not in self.headers:
            return self._data(None, 401, "the data set is gated: apply for it, and log in with a token")
        if rest == "repo":
            return self._file(files.get(query["FilePath"]), name)
        if rest == "repo/tree":
            root = query.get("Root", "").strip("/")
            return self._data({"Files": [_blob(file, files[file]) for file in files if file.startswith(root)]})
        if rest == "revisions":
            revision = {"Revision": "master", "CreatedAt": 1700000000}
            return self._data({"RevisionMap": {"Branches": [revision], "Tags": []}})
        if not rest:
            number = list(self.hub.files).index(name)
            return self._data({"Id": number, "Type": 4, "Name": parts[2], "Namespace": parts[1]})
        return self._data(None, 404, "no such address")

    def _data(self, data: Any, status: int = 200, message: str = "success") -> None:
        body = {"Code": status, "Success": status == 200, "Message": message, "RequestId": "1", "Data": data}
        self._json(body, status)

    # -- answers ---------------------------------------------------------------------------------------------------

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _file(self, content: bytes | None, name: str) -> None:
        if content is None:
            return self._json(
                {"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            )
        headers = {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        status, start = 200, 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and not asked.startswith("bytes=-"):
            start = int(asked.removeprefix("bytes=").split("-")[0])
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(content[start:], status, headers)

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.cut and "ETag" in headers and len(content) > 100:
            self.hub.cut -= 1
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(content)


def _entry(file: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return {"type": "file", "oid": blob, "size": len(content), "path": file}


def _blob(file: str, content: bytes) -> dict[str, Any]:
    return {
        "Path": file,
        "Name": file.rpartition("/")[2],
        "Type": "blob",
        "Size": len(content),
        "Sha256": hashlib.sha256(content).hexdigest(),
        "Revision": COMMIT,
        "CommittedDate": 1700000000,
        "CommitId": COMMIT,
        "IsLFS": False,
    }
