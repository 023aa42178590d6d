"""Count and keep the requests that the demo endpoint has had, for `GET /_demo/log`. No credentials."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

__all__ = ["Journal"]

LAST = 50
"""Number of requests kept in full."""

_SECRET = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"})


class Journal:
    """Count chat completion requests, in all and by prompt, and keep the last ones in full.

    Of a header that may hold a credential only its presence is kept, never its value.
    """

    def __init__(self) -> None:
        self.active = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything but the number of requests under way."""
        self.requests = 0
        self.models_requests = 0
        self.peak = self.active
        self._asked: Counter[str] = Counter()
        self._completed: Counter[str] = Counter()
        self._last: deque[dict[str, Any]] = deque(maxlen=LAST)

    def begin(self, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Note a chat completion request, and return its entry, to which the caller adds what it learns."""
        self.requests += 1
        self.active += 1
        self.peak = max(self.peak, self.active)
        shown = {k.lower(): "present" if k.lower() in _SECRET else v for k, v in headers.items()}
        authorization = shown.pop("authorization", "absent")
        entry: dict[str, Any] = {
            "path": path,
            "headers": shown,
            "authorization": authorization,
            "body": None,
            "key": None,
            "fault": None,
            "status": None,
        }
        self._last.append(entry)
        return entry

    def asked(self, entry: dict[str, Any], key: str) -> None:
        """Note which prompt the request is for."""
        entry["key"] = key
        self._asked[key] += 1

    def completed(self, key: str) -> None:
        """Note that a completion for this prompt has gone out whole, with its finish reason."""
        self._completed[key] += 1

    def end(self) -> None:
        """Note that a request is over, well or not."""
        self.active -= 1

    def report(self) -> dict[str, Any]:
        """Return all counts and the last requests, ready for JSON."""
        return {
            "requests": self.requests,
            "models_requests": self.models_requests,
            "active": self.active,
            "concurrent_peak": self.peak,
            "prompts": {
                key: {"requests": count, "completed": self._completed[key]} for key, count in self._asked.items()
            },
            "last": list(self._last),
        }
