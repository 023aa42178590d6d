"""Twenty exercises written here, and what a model alone and a pair reply to them, letter by letter.

A scenario has a word for each try; each letter of a word is a reply:

    R  right            W  runs, and is wrong       M  nobody can read it: it goes back
    S  is no Python: it goes back        N  edits nothing        E  an architect who says nothing
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SCENARIOS", "Exercise", "exercises", "write_exercises", "write_replies"]

SCENARIOS: tuple[tuple[str, ...], ...] = (
    *(("R",),) * 6,
    *(("W", "R"),) * 3,
    *(("MR",),) * 2,
    ("MMW", "R"),
    ("MMMM", "MMMM"),
    ("N", "R"),
    ("N", "N"),
    ("SR",),
    ("SSR",),
    ("W", "W"),
    ("W", "MR"),
    ("E", "R"),
)
"""Of the twenty exercises, in their order."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: `answer(n)` is to return `n` plus a number of its own."""

    number: int
    tries: tuple[str, ...]
    seconds: float = 0.0
    """How long one of its tests sleeps."""

    @property
    def name(self) -> str:
        return f"task-{self.number:02}"

    @property
    def file(self) -> str:
        return f"task_{self.number:02}.py"

    @property
    def instructions(self) -> str:
        return f"# Instructions\n\nTask {self.number:02}: write `answer(n)`, which returns `n` plus {self.number}.\n"

    @property
    def stub(self) -> str:
        return "def answer(n):\n    pass\n"

    @property
    def right(self) -> str:
        return f"def answer(n):\n    return n + {self.number}\n"

    @property
    def tests(self) -> str:
        return (
            f"import time\nimport unittest\n\nfrom {self.file[:-3]} import answer\n\n\nclass Task(unittest.TestCase):\n"
            f"    def test_nothing(self):\n        self.assertEqual(answer(0), {self.number})\n\n"
            f"    def test_more(self):\n        time.sleep({self.seconds})\n"
            f"        self.assertEqual(answer(5), {self.number + 5})\n"
        )

    def record(self) -> dict[str, Any]:
        """As a row of `--data`."""
        return {
            "id": self.name,
            "name": self.name,
            "instructions": self.instructions,
            "stub": {self.file: self.stub},
            "tests": {self.file.replace(".py", "_test.py"): self.tests},
            "example": {".meta/example.py": self.right},
        }

    def plan(self, number: int) -> str:
        """What the architect says in a try."""
        return f"Plan {number} for task {self.number:02}: let `answer` return its argument plus {self.number}."

    def replies(self, word: str, number: int) -> list[dict[str, Any]]:
        """What is replied in a try."""
        return [self._reply(letter, f"{number}.{place}") for place, letter in enumerate(word, 1)]

    def _reply(self, letter: str, place: str) -> dict[str, Any]:
        texts = {
            "R": self.right,
            "M": self.right,
            "W": f"def answer(n):\n    return n - {self.number}  # {place}\n",
            "S": f"def answer(n):\n    return (n + {self.number}  # {place}\n",
        }
        said = {"reasoning": f"Task {self.number:02}, reply {place}: so it is.", "text": f"Reply {place}."}
        if letter == "E":
            return {**said, "text": ""}
        if letter == "N":
            return {**said, "text": "The file is right as it is, I think."}
        return {**said, "edits": {self.file: texts[letter]}, "malformed": letter == "M"}

    def dialogues(self) -> list[dict[str, Any]]:
        """As rows of a transcripts file: of a model alone, of an architect, and of an editor in each try."""
        question = " ".join(self.instructions.split())
        files = {self.file: self.stub}
        own = {"files": files, "replies": [r for n, word in enumerate(self.tries, 1) for r in self.replies(word, n)]}
        plans = [
            {
                "reasoning": f"I plan try {n} of task {self.number:02}.",
                "text": "" if word == "E" else self.plan(n),
            }
            for n, word in enumerate(self.tries, 1)
        ]
        rows: list[dict[str, Any]] = [
            {"unique_id": f"{self.name}/solo", "when": ["You edit the files", question], **own},
            {"unique_id": f"{self.name}/architect", "when": ["You are the architect", question], "replies": plans},
        ]
        for n, word in enumerate(self.tries, 1):
            replies = self.replies(word, n)
            if word != "E":
                rows.append(
                    {
                        "unique_id": f"{self.name}/editor-{n}",
                        "when": ["You are the editor", self.plan(n)],
                        "files": files,
                        "replies": replies,
                    }
                )
            for reply in replies:
                files = {**files, **({} if reply.get("malformed") else reply.get("edits", {}))}
        return rows


def exercises(scenarios: Sequence[tuple[str, ...]] = SCENARIOS, *, seconds: float = 0.0) -> list[Exercise]:
    """An exercise for each scenario."""
    return [Exercise(number, tries, seconds) for number, tries in enumerate(scenarios, 1)]


def write_exercises(path: Path, found: Iterable[Exercise]) -> Path:
    """Write the exercises as a file for `--data`."""
    path.write_text("".join(json.dumps(each.record()) + "\n" for each in found), encoding="utf-8")
    return path


def write_replies(path: Path, found: Iterable[Exercise]) -> Path:
    """Write the replies as a transcripts file of a demo endpoint."""
    rows = [row for each in found for row in each.dialogues()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
