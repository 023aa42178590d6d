"""Rows of tool calls in BFCL's form, and its wheel with them, made here."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["CATEGORIES", "row", "wheel"]

CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")


def row(category: str, number: int = 0, /, **changes: Any) -> dict[str, Any]:
    """One row of a category: how warm it is in one town, or in two."""
    warm = {
        "name": "weather.now",
        "description": "Say how warm it is.",
        "parameters": {
            "type": "dict",
            "properties": {
                "town": {"type": "string", "description": "The town."},
                "unit": {"type": "string", "description": "C or F."},
            },
            "required": ["town"],
        },
    }
    late = {"name": "clock", "description": "Say the time.", "parameters": {"type": "dict", "properties": {}}}
    towns = [f"Town {number}", f"Port {number}"] if category.startswith("parallel") else [f"Town {number}"]
    made: dict[str, Any] = {
        "id": f"{category}_{number}",
        "question": [[{"role": "user", "content": f"How warm is it in {' and '.join(towns)}? ({category})"}]],
        "function": [late, warm] if "multiple" in category else [warm],
        "ground_truth": [{"weather.now": {"town": [town], "unit": ["C", ""]}} for town in towns],
    }
    if category == "irrelevance":
        made |= {"function": [late], "ground_truth": []}
    return {**made, **changes}


def wheel(path: Path, rows: Iterable[Mapping[str, Any]], release: int = 4) -> Path:
    """An archive with the rows where bfcl-eval has its own."""
    files: dict[str, str] = {"bfcl_eval/__init__.py": "raise RuntimeError('never to be imported')\n"}
    for one in rows:
        category = str(one["id"]).rpartition("_")[0]
        name = f"BFCL_v{release}_{category}.json"
        question = {key: value for key, value in one.items() if key != "ground_truth"}
        files[f"bfcl_eval/data/{name}"] = files.get(f"bfcl_eval/data/{name}", "") + json.dumps(question) + "\n"
        if one["ground_truth"]:
            answers = f"bfcl_eval/data/possible_answer/{name}"
            expected = {"id": one["id"], "ground_truth": one["ground_truth"]}
            files[answers] = files.get(answers, "") + json.dumps(expected) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path
