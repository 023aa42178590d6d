"""Writes the table of a run into docs/speed.md, between its two marks."""

from __future__ import annotations

import os
import platform
import time

from tests.support.paths import ROOT

from .report import Finding, as_text

__all__ = ["write"]

PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- The last run, written by `python -m benchmarks --docs`. -->", "<!-- The end of the last run. -->"


def write(findings: dict[str, Finding]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    when = time.strftime("%Y-%m-%d", time.gmtime())
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    table = as_text([row for found in findings.values() for row in found.rows])
    parts = [BEGIN, "", f"{when}, {machine}, the endpoint on the same cores.", "", "```text", table, "```", ""]
    for name, found in findings.items():
        if found.details:
            parts += [f"{name}:", "", "```text", *found.details, "```", ""]
    PAGE.write_text(before + "\n".join([*parts, END]) + after, encoding="utf-8")
