"""The rows of the benchmark's one table, as text and as JSON."""

from __future__ import annotations

import dataclasses
import json
import operator
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Finding", "Row", "as_json", "as_text", "save", "saved"]

_HEADS = ("measure", "ours", "peer or floor", "ratio", "target", "met?")
_RULES = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, "=": operator.eq}


@dataclass
class Row:
    """One figure beside what it is held against.

    `target` is `"<= 0.125 ratio"` or `"<= 60"`: a rule, a number, and whether the ratio is meant; empty where the row
    only informs.
    """

    measure: str
    ours: float
    unit: str = ""
    peer: float | None = None
    peer_name: str = ""
    target: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none, or where what it needs was not measured."""
        if not self.target:
            return None
        rule, number, *of_ratio = self.target.split()
        value = self.ratio if of_ratio else self.ours
        return None if value is None else bool(_RULES[rule](round(value, 6), float(number)))

    def cells(self) -> tuple[str, ...]:
        unit = f" {self.unit}" if self.unit else ""
        peer = "" if self.peer is None else f"{number(self.peer)}{unit} {self.peer_name}".strip()
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return (self.measure, number(self.ours) + unit, peer, ratio, self.target, met)


@dataclass
class Finding:
    """What one measure found: its rows, lines of detail (a table, a profile), and all figures behind them."""

    rows: list[Row] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def number(value: float) -> str:
    """Three significant digits; thousands are written out."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def as_text(rows: Sequence[Row]) -> str:
    """The table, its columns as wide as they need to be."""
    lines = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(" | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def as_json(findings: dict[str, Finding]) -> str:
    """Everything, with the day, the machine and the versions."""
    rows = [
        {"group": group, **dataclasses.asdict(row), "ratio": row.ratio, "met": row.met}
        for group, found in findings.items()
        for row in found.rows
    ]
    return json.dumps(
        {
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
            "rows": rows,
            "details": {group: found.details for group, found in findings.items() if found.details},
            "figures": {group: found.figures for group, found in findings.items()},
        },
        indent=1,
    )


def save(findings: dict[str, Finding], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_json(findings), encoding="utf-8")


def saved(file: Path) -> dict[str, Finding]:
    """What an earlier call saved; empty where there is no such file."""
    if not file.is_file():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))
    findings = {
        name: Finding(details=found["details"].get(name, []), figures=figures)
        for name, figures in found["figures"].items()
    }
    names = [field.name for field in dataclasses.fields(Row)]
    for row in found["rows"]:
        findings[row["group"]].rows.append(Row(**{name: row[name] for name in names}))
    return findings
