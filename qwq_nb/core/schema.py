"""`python -m qwq_nb.core.schema` writes `run.v1.schema.json`, against which the JupyterLab renderer is checked."""

from __future__ import annotations

import json
from pathlib import Path

from qwq_nb.core.run_record import run_schema

__all__ = ["SCHEMA_PATH", "schema_text"]

SCHEMA_PATH = Path(__file__).parent.parent / "run.v1.schema.json"


def schema_text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(run_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
