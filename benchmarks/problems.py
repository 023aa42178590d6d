"""Problems in MATH-500's fields, and transcripts for the demo endpoint. Real ones where shared/data is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.paths import SHARED_DATA

__all__ = ["Fields", "real_answers", "write_problems"]

Fields = dict[str, Any]


def rows_of(file: Path) -> list[Fields]:
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def problems(count: int) -> list[Fields]:
    """MATH-500's first ones, again from the front where it has too few (with ids of their own); else sums made here."""
    if (SHARED_DATA / "math_500.jsonl").is_file():
        real = rows_of(SHARED_DATA / "math_500.jsonl")
        rounds = -(-count // len(real))
        numbered = [(turn, row) for turn in range(rounds) for row in real][:count]
        return [
            row
            if not turn
            else {**row, "unique_id": f"{turn}/{row['unique_id']}", "problem": f"({turn}) {row['problem']}"}
            for turn, row in numbered
        ]
    return [
        {
            "problem": f"Find the sum of ${17 * i}$ and ${i}$.",
            "solution": f"${17 * i} + {i} = \\boxed{{{18 * i}}}$.",
            "answer": str(18 * i),
            "subject": "Prealgebra",
            "level": i % 5 + 1,
            "unique_id": f"bench/{i}.json",
        }
        for i in range(count)
    ]


def transcript(number: int, row: Fields, characters: int) -> Fields:
    """So much reasoning, and a boxed answer that is right nine times in ten."""
    once = f"Okay, let me see. {row['solution']} Wait, let me check that again. "
    given = row["answer"] if number % 10 else "12345"
    return {
        "unique_id": row["unique_id"],
        "problem": row["problem"],
        "reasoning": (once * (characters // len(once) + 1))[:characters],
        "answer": f"Putting it together, the answer is \\boxed{{{given}}}.",
    }


def write_problems(folder: Path, count: int, characters: int = 1_500) -> tuple[Path, Path]:
    """Writes the problems and the transcripts as JSONL; returns both files."""
    rows = problems(count)
    book = [transcript(number, row, characters) for number, row in enumerate(rows)]
    return write(folder / "problems.jsonl", rows), write(folder / "transcripts.jsonl", book)


def write(file: Path, rows: Iterable[Fields]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def real_answers() -> list[Fields]:
    """Recorded answers of real models to MATH-500 (gold, answer, reasoning); empty without shared/data."""
    file = SHARED_DATA / "transcripts" / "evalscope_math500_3models.jsonl"
    return rows_of(file) if file.is_file() else []
