"""Print what share of the package's lines the last `make coverage` ran, and name the modules below 80 %."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import coverage

LEAST = 80
ALL = Path("tests", "coverage-all.ini")


def main() -> None:
    measured = coverage.Coverage(messages=False, config_file=str(ALL))
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "coverage.json")
        measured.json_report(outfile=str(file))
        found = json.loads(file.read_text(encoding="utf-8"))
    rows = {path: entry["summary"] for path, entry in found["files"].items()}
    totals = found["totals"]
    print(
        f"Coverage: {totals['percent_covered']:.1f} % of {totals['num_statements']} statements in {len(rows)} modules."
    )
    low = sorted((row["percent_covered"], path) for path, row in rows.items() if row["percent_covered"] < LEAST)
    print(f"Below {LEAST} %: {', '.join(f'{path} {share:.0f} %' for share, path in low) or 'none'}.")


if __name__ == "__main__":
    main()
