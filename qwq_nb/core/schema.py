"""Write `run.v1.schema.json`, against which the JupyterLab renderer is checked: `python -m qwq_nb.core.schema`."""

from __future__ import annotations

import json
from pathlib import Path

from qwq_nb.core.run_record import run_schema

__all__ = ["SCHEMA_PATH", "schema_text"]

SCHEMA_PATH = Path(__file__).parent.parent / "run.v1.schema.json"


def schema_text() -> str:
    """Return the JSON Schema of `run.v1` as the file holds it."""
    return json.dumps(run_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
