"""How good are the marks for loops and for language mixing? Precision and recall on tuned and on locked labels.

    python -m tests.trace.quality_loops [--data ../shared/data] [--show]

`loop_labels.json` names rows of recorded transcripts that were read by eye (samples of each quarter, the repeated
sentences and the end): `circling`, where the model says nothing new for thousands of characters and to the end of the
trace, in the same or nearly the same words; `none`; and `unsure`, which is not counted. Loops of one period word for
word ("hard") are labelled in `labels.json`. `language_cases.json` holds short passages written after what models do,
each with its question and the spans that leave its language. Thresholds were tuned on two of three rows; every third
one was only counted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.trace.foreign_scripts import find_foreign
from qwq_nb.trace.loops import find_loop
from tests.support.paths import SHARED_DATA

HERE = Path(__file__).parent
LOOPS = HERE / "loop_labels.json"
HARD = HERE / "labels.json"
LANGUAGES = HERE / "language_cases.json"

Show = Callable[[str], object]
Row = dict[str, Any]


class Counts(NamedTuple):
    """hits: found where it is; found: claimed at all; there: labelled; rows: looked at, 0 where they do not matter."""

    hits: int
    found: int
    there: int
    rows: int = 0

    @property
    def precision(self) -> float:
        return self.hits / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.hits / self.there if self.there else 1.0

    def __str__(self) -> str:
        precision = f"precision {self.precision:.2f} ({self.hits}/{self.found})"
        recall = f"recall {self.recall:.2f} ({self.hits}/{self.there})"
        return f"{precision}, {recall}" + (f", of {self.rows}" if self.rows else "")


def labels(file: Path, half: str) -> list[Row]:
    """`tuned` are two of three rows, `locked` the third."""
    rows: list[Row] = json.loads(file.read_text(encoding="utf-8"))
    return [row for number, row in enumerate(rows) if half == "all" or (number % 3 == 2) == (half == "locked")]


def traces(rows: list[Row], data: Path) -> Iterator[tuple[Row, str, str]]:
    """Each labelled row with its reasoning and its question."""
    files: dict[str, list[str]] = {}
    for label in rows:
        name = label["file"]
        if name not in files:
            files[name] = (data / "transcripts" / name).read_text(encoding="utf-8").split("\n")
        row = json.loads(files[name][label["row"]])
        text = row.get("reasoning") or row["response"].partition("</think>")[0].removeprefix("<think>\n")
        if label.get("text") == "response":
            text = row["response"]
        if len(text) != label["chars"]:
            raise ValueError(f"{name}:{label['row']} has {len(text)} characters, the label is of {label['chars']}")
        yield label, text, row["problem"]


def score_circles(half: str, data: Path, show: Show | None = None) -> Counts:
    """Circling against none: found where the spans overlap."""
    hits = found = there = rows = 0
    for label, text, question in traces(labels(LOOPS, half), data):
        if label["kind"] == "unsure":
            continue
        loop = find_loop(text, question)
        circling = label["kind"] == "circling"
        hit = bool(circling and loop and loop.start < label["end"] and label["start"] < loop.end)
        hits, found, there, rows = hits + hit, found + (loop is not None), there + circling, rows + 1
        if show and (circling or loop) and not hit:
            show(f"    {label['file']}:{label['row']} of {len(text)}: {label['kind']}, found {loop}")
    return Counts(hits, found, there, rows)


def score_hard(data: Path, show: Show | None = None) -> Counts:
    """The loops word for word of `labels.json`; its other rows are not looked at."""
    rows: list[Row] = json.loads(HARD.read_text(encoding="utf-8"))
    wanted = [row for row in rows if row["loop"] and "loop" in row["labelled"] and not row.get("loop_ambiguous")]
    hits = found = 0
    for label, text, question in traces(wanted, data):
        loop = find_loop(text, question)
        hit = bool(loop and loop.start < label["loop"]["end"] and label["loop"]["start"] < loop.end)
        hits, found = hits + hit, found + (loop is not None)
        if show and not hit:
            show(f"    {label['file']}:{label['row']} of {len(text)}: {label['loop']}, found {loop}")
    return Counts(hits, found, len(wanted), len(wanted))


def score_languages(half: str, show: Show | None = None) -> Counts:
    """Passages: marked at a labelled span, marked at all, labelled."""
    hits = found = there = rows = 0
    for case in labels(LANGUAGES, half):
        text, wanted = case["text"], case["foreign"]
        spans = [text[start:end] for start, end in find_foreign(text, case["question"]).spans]
        hit = bool(wanted) and any(span in said or said in span for span in wanted for said in spans)
        hits, found, there, rows = hits + hit, found + bool(spans), there + bool(wanted), rows + 1
        if show and spans != wanted:
            show(f"    {case['kind']}: {text!r}: labelled {wanted}, found {spans}")
    return Counts(hits, found, there, rows)


def lines(data: Path = SHARED_DATA, show: Show | None = None) -> Iterator[str]:
    """The figures, a line each."""
    for half in ("tuned", "locked"):
        yield f"loops and languages, {half} labels"
        yield f"  circling: {score_circles(half, data, show)}"
        yield f"  language mixing: {score_languages(half, show)}"
    yield f"  loops word for word, all labels: {score_hard(data, show)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--show", action="store_true", help="print what was missed")
    args = parser.parse_args()
    if not (args.data / "transcripts").is_dir():
        print(f"There is no folder {args.data / 'transcripts'}: give the one above it by --data.", file=sys.stderr)
        return 2
    for line in lines(args.data, print if args.show else None):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
