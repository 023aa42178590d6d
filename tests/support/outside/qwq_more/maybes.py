"""A measure: how often a reasoning says "maybe"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qwq_nb.extending import Mark, Trace

MAYBE = re.compile(r"\bmaybe\b", re.IGNORECASE)


class Maybes:
    name = "maybes"
    version = 1

    def of(self, trace: Trace) -> dict[str, Any] | None:
        found = [match.span() for match in MAYBE.finditer(trace.reasoning)]
        return {"count": len(found), "first": list(found[0]) if found else None}

    def columns(self, value: dict[str, Any]) -> Mapping[str, float | None]:
        return {"count": value["count"]}

    def marks(self, value: dict[str, Any], peers: Sequence[dict[str, Any]], thresholds: Any) -> list[Mark]:
        if value["first"] is None:
            return []
        return [Mark("hedging", tuple(value["first"]), f"{value['count']} times maybe", value["count"])]
