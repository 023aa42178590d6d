"""A section of the report: which answer was the shortest."""

from __future__ import annotations

from typing import Any


class Shortest:
    name = "shortest"

    def html(self, record: Any, *, live: bool) -> str:
        return "" if live else f"<p>Shortest: {self._tokens(record)} tokens</p>"

    def text(self, record: Any, *, times: bool) -> str:
        return f"Shortest: {self._tokens(record)} tokens"

    def _tokens(self, record: Any) -> int:
        return min((view.reasoning_tokens + view.answer_tokens for view in record.samples), default=0)
