"""Replies are read as aider 0.86.2 read them, run as a program: 46 rows of recorded data, where it is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.bench.editing.formats.reply import read_reply
from qwq_nb.endpoint.reasoning import split
from tests.support.paths import SHARED_DATA

ORACLE = SHARED_DATA / "code" / "aider_edit_oracle.jsonl"


def rows() -> list[dict[str, Any]]:
    if not ORACLE.exists():
        return []
    return [json.loads(line) for line in ORACLE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif(not ORACLE.exists(), reason=f"needs {ORACLE.name}, which is no part of the project")
def test_all_rows_are_there() -> None:
    assert len(rows()) == 46


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in rows()])
def test_a_reply_is_read_as_aider_reads_it(row: dict[str, Any]) -> None:
    reply = row["reply"]
    if row.get("note"):  # aider was told of the tag, and has taken the reasoning off
        reply = split("", reply, finish_reason="stop").answer
    read = read_reply(row["format"], reply, row["files"])
    assert read.files == row["after"]
    assert bool(read.edit.malformed) == row["malformed"]
    assert bool(read.edit.files) == row["changed"]
