"""How good are the measures on real transcripts? Precision and recall against labels made by hand.

    python -m tests.trace.quality [--data ../shared/data] [--half dev|held] [--show]

`labels.json` beside this script names rows of recorded transcripts and, for each, where the right answer is first
stated as an answer, where a loop begins and which runs are in a foreign script; the transcripts are not part of the
project (see `shared/data/SOURCES.md`). A place counts as found where it overlaps the label (or a place that the label
also accepts), stands in the same sentence, or is not more than 2 % of the trace away. Rules were tuned on every second
row (`dev`); the others (`held`) were only counted. The baseline is the first occurrence of the text of the gold answer.
Fresh labels of first right answers are counted by part and kind, with intervals, where no half is asked for
(`quality_answers.py`).
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.core.records import Analysis
from qwq_nb.trace.boxed import trimmed
from qwq_nb.trace.measure import measure
from tests.support.paths import SHARED_DATA
from tests.trace import quality_loops
from tests.trace.quality_loops import Counts

LABELS = Path(__file__).with_name("labels.json")
LABELLED = LABELS.is_file() and (SHARED_DATA / "transcripts").is_dir()

Span = tuple[int, int]
Row = dict[str, Any]


class Case(NamedTuple):
    """A labelled row with its text."""

    label: Row
    text: str
    answer: str
    row: Row

    @property
    def name(self) -> str:
        return f"{self.label['file']}:{self.label['row']}"

    @property
    def correct(self) -> bool | None:
        label = self.row.get("source_label")
        return label if isinstance(label, bool) else None


def cases(half: str = "all", data: Path = SHARED_DATA) -> Iterator[Case]:
    """The labelled rows; `dev` and `held` are every second one."""
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    files: dict[str, list[str]] = {}
    for number, label in enumerate(labels):
        if half != "all" and (number % 2 == 0) != (half == "dev"):
            continue
        name = label["file"]
        if name not in files:
            files[name] = (data / "transcripts" / name).read_text(encoding="utf-8").split("\n")
        row = json.loads(files[name][label["row"]])
        text, answer = parts(row, whole=label.get("text") == "response")
        if len(text) != label["chars"]:
            raise ValueError(f"{name}:{label['row']} has {len(text)} characters, the label is of {label['chars']}")
        yield Case(label, text, answer, row)


def parts(row: Row, *, whole: bool = False) -> tuple[str, str]:
    """Reasoning and answer of a recorded transcript."""
    if whole:
        return row["response"], ""
    if row.get("reasoning"):
        return row["reasoning"], row.get("answer_text") or ""
    head, _, tail = row["response"].partition("</think>")
    return head.removeprefix("<think>\n"), tail


def equal(candidate: str, gold: str) -> bool:
    """math-verify, as the benchmark's grader uses it."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    found, right = (parse(f"${trimmed(text)}$", parsing_timeout=None) for text in (candidate, gold))
    return bool(found and right and verify(right, found, timeout_seconds=None))


_ANALYSED: dict[str, Analysis] = {}


def analyse(case: Case) -> Analysis:
    """Once a case: three scores look at it."""
    if case.name not in _ANALYSED:
        _ANALYSED[case.name] = measured(case)
    return _ANALYSED[case.name]


def measured(case: Case) -> Analysis:
    gold = str(case.row.get("gold") or "")
    kind = "math" if gold else "other"
    return measure(
        case.text,
        case.answer,
        case.row["problem"],
        gold,
        kind=kind,  # type: ignore[arg-type]
        choices=[],
        correct=case.correct,
        equal=equal,
    )


def near(found: Span, label: Row, text: str) -> bool:
    """Whether the place is the labelled one."""
    for start, end in [label["first_correct"], *label.get("also", [])]:
        if found[0] < end and start < found[1]:
            return True
        if abs(found[0] - start) <= 0.02 * len(text):
            return True
        low, high = sorted((found[0], start))
        if not re.search(r"[.!?。！？](?:\s|$)|\n", text[low:high]):
            return True
    return False


def baseline(case: Case) -> Span | None:
    """The first occurrence of the gold answer's text."""
    gold = str(case.row.get("gold") or "").lstrip("0")
    at = case.text.find(gold) if gold else -1
    return (at, at + len(gold)) if at >= 0 else None


def score_first(
    rows: list[Case], find: Callable[[Case], Span | None], show: Callable[[str], object] | None = None
) -> Counts:
    hits = found = there = 0
    for case in rows:
        if "first_correct" not in case.label["labelled"]:
            continue
        span, label = find(case), case.label["first_correct"]
        hit = bool(span and label and near(span, case.label, case.text))
        hits, found, there = hits + hit, found + bool(span), there + bool(label)
        if show and not hit and (span or label):
            show(f"{case.name} gold {case.row['gold']!r} of {len(case.text)}: {case.row['problem'][-120:]!r}")
            for what, place in (("label", label), ("found", span)):
                show(
                    f"   {what} {place} {case.text[max(place[0] - 120, 0) : place[1] + 40]!r}"
                    if place
                    else f"   {what} -"
                )
    return Counts(hits, found, there)


def score_loops(rows: list[Case], show: Callable[[str], object] | None = None) -> Counts:
    """A loop is found where the two spans overlap; rows that the labeller was not sure of are left out."""
    hits = found = there = 0
    for case in rows:
        if "loop" not in case.label["labelled"] or case.label.get("loop_ambiguous"):
            continue
        loop, label = analyse(case).loop, case.label["loop"]
        hit = bool(loop and label and loop.start < label["end"] and label["start"] < loop.end)
        hits, found, there = hits + hit, found + bool(loop), there + bool(label)
        if show and (hit or loop or label):
            show(f"{case.name} of {len(case.text)}: label {label}, found {loop}")
    return Counts(hits, found, there)


def score_foreign(rows: list[Case], show: Callable[[str], object] | None = None) -> Counts:
    """Spans, each found where it overlaps a labelled one."""
    hits = found = there = 0
    for case in rows:
        if "foreign" not in case.label["labelled"]:
            continue
        spans, labels = analyse(case).foreign, case.label["foreign"]
        good = sum(any(s[0] < label[1] and label[0] < s[1] for s in spans) for label in labels)
        hits, found, there = hits + good, found + len(spans), there + len(labels)
        if show and (spans or labels):
            show(f"{case.name}: label {labels}, found {[(s, case.text[s[0] : s[1]]) for s in spans]}")
    return Counts(hits, found, there)


def report(half: str, data: Path = SHARED_DATA, show: Callable[[str], object] | None = None) -> dict[str, Counts]:
    rows = list(cases(half, data))
    return {
        "first correct": score_first(rows, lambda case: analyse(case).first_correct, show),
        "  first occurrence of gold": score_first(rows, baseline),
        "loops": score_loops(rows, show),
        "language mixing": score_foreign(rows, show),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--half", choices=("all", "dev", "held"))
    parser.add_argument("--show", action="store_true", help="print what was missed")
    args = parser.parse_args()
    if not LABELS.is_file() or not (args.data / "transcripts").is_dir():
        print(f"There is no folder {args.data / 'transcripts'}: give the one above it by --data.", file=sys.stderr)
        return 2
    for half in (args.half,) if args.half else ("dev", "held", "all"):
        print(half)
        for name, score in report(half, args.data, print if args.show else None).items():
            print(f"  {name}: {score}")
    for line in quality_loops.lines(args.data, print if args.show else None):
        print(line)
    if not args.half:
        from tests.trace.quality_answers import print_report  # which imports this module

        print_report("all", args.data, show=args.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
