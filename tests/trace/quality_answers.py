"""How good is the place of the first right answer? Precision and recall against fresh labels, by kind.

    python -m tests.trace.quality_answers [--data ../shared/data] [--set PART|all] [--show]

`answer_labels.json` beside this script: 1,055 traces drawn at random (seeded, by model and level) from recorded
transcripts, none of which is in `labels.json`. One reader wrote each label before a detector saw the trace. A row has
file and row of the transcript, the first 12 digits of the sha256 of the labelled text, its length, and spans of it.

The rule of labelling. `first_correct` is the first place at which the trace gives the right answer *as that of what was
asked*, be it sure of it or not: at the end of a calculation for it, in a sentence that says so, or as the chosen option
(by its letter or number, or by what the option says). It is not where the value is supposed ("if x = 3"), denied, one
of several that are yet to be decided between, given by the question or listed among its options, or the value of
something else. The value must be in a form that the benchmark takes for the answer (an expression yet to be simplified
is none; 137.5 is one where the question asks for a mixed number, since the benchmark takes it). An option is chosen by
what it says where a sentence says all of that, whatever letter follows. Where a trace weighs the options, it is chosen
where it is called the answer, right, true, the best or most likely, where it alone of a list gets a "yes", or where a
result is said to be what it says or near it; not where it is possible or plausible, asked about ("Is it B?"), or right
only if something holds. null: the right answer is never stated so.
`also`: places that a reader may take for the first as well, such as the value of a bound that is then found to be
reached. The reader saw long traces in cut-out windows around the right value; three labels of the open set (of problems
whose answer is a letter) were mended when a place before the windows came to light.

The parts. `seen`: 216 traces that were looked at while the rules were changed. The others were drawn, labelled and
counted once before a rule was changed by them; since then they are seen, too:

| part | traces | precision at the one count | recall |
|---|---|---|---|
| `first` (sha modulo 3 is 0) | 93 | 0.886 (78/88) | 0.897 (78/87) |
| `second` | 106 | 0.788 (82/104) | 0.781 (82/105) |
| `third` | 99 | 0.876 (85/97) | 0.876 (85/97) |
| `fourth` | 123 | 0.866 (103/119) | 0.866 (103/119) |
| `fifth` | 110 | 0.881 (96/109) | 0.881 (96/109) |
| `sixth`, mathematics | 51 | 0.920 (46/50) | 0.939 (46/49) |
| `sixth` and `choices`, choices | 68 | 0.521 (25/48) | 0.490 (25/51) |
| `locked`, mathematics | 51 | 0.923 (36/39) | 0.878 (36/41) |
| `locked`, choices | 24 | 0.615 (8/13) | 0.615 (8/13) |
| `last`, mathematics | 45 | 0.868 (33/38) | 0.846 (33/39) |
| `last`, choices | 20 | 0.750 (9/12) | 0.750 (9/12) |

About 0.9 of mathematics is what to expect, not what the parts give now; `qwq_nb/trace/place_errors.py` tells the counts
of the fifth, the locked and the last part together. `sixth` and `choices` were then tuned to, `locked` and `last` were
counted with the weights of `first_place.py`; the rules alone, as they were before, have 36/39 and 34/38 of mathematics,
9/13 and 6/13 of choices. `disputed` are 49 of 560 more traces, on which rules and weights differed: the reader agrees
with the rules 26 times, with the weights 23 times and with the weights, if sure, else the rules, 31 times.

These files are put together of `sixth_*.jsonl`: MATH-500 by deepseek-reasoner-v3.2-exp, -special and qwen3-max
(modenicheng/llm_eval_evalscope, data_process/eval_result at 9dd686f), by R1-Distill-Llama-8B, -Qwen-7B and DeepSeek-R1
(markyx316/LLM-Reasoning-Trace-Topology, data/traces/pilot_* at f841ba7), MATH by R1-Distill-Llama-8B and -Qwen-14B
(interp-reasoning/thought-anchors.com, src/app/data at 68acc04), AIME 2024 by Qwen3-8B (1563245379/Soft-Thinking, blob
e6fd9f9), kinship (fairydreaming/farel-bench, results/v0.13.0-alpha/qwq-32b-preview-sys.log at 1fc255d), MMLU-Pro and
GPQA by Gemma 4 12B (tobypullan/logit_cot_overthinking, outputs at f02cd56) and MMLU-Pro by Gemma 3
(tobypullan/CoTOverthinking, CoT_Overthinking_Ollama/baseline at d4dec7a). Two labels of kinship and one of `choices`
were mended when a place before the windows came to light.

The labels of the fourth and fifth part have choices of two kinds: kinship by QwQ-32B-Preview
(fairydreaming/farel-bench, results/v0.13.0-alpha/qwq-32b-preview.log at 1fc255d, the replies that
`qwq_preview_farel_100.jsonl` leaves out) and MMLU-Pro by Qwen3-32B (tobypullan/CoTOverthinking,
baseline/baseline_CoTs_options.jsonl at d4dec7a). At the fourth count two labels were of the letter that the model gave,
though MMLU-Pro's own key has another one (recall 0.851, 103/121, with them; the table is without), and one was of a
mixed number only; all three were mended after it. Where a file of transcripts is not there its labels are left out.

Between the fourth and the fifth count the places found in the 309 traces of `evalscope_math500_3models.jsonl` that no
part has, and in 60 of MMLU-Pro's, were looked at as well, so no trace of those files is unseen any more: another count
needs other transcripts. The parts share problems, asked of other models.

How much a reader agrees with a reader: of 30 traces of mathematics of the parts up to the fifth, drawn at random and
labelled a second time without sight of the labels or of a place found, 29 have the same place; of 16 choices 14, and 12
where `also` is not counted. So mathematics are well defined, and choices less. Of the 15 places of mathematics missed
in the counts of the sixth, locked and last part five are of small numbers, said of what is asked in words of the
trace's own, four of another thing of the same value, two of answers written in a form that was not read, two of traces
that left a mere result for another answer, and two are a neighbouring statement, 55 and 933 characters away.

A found place counts as in `quality.py`: it overlaps a label, stands in the same sentence, or is not more than 2 %
of the trace away.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import inf, sqrt
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.core.stats import wilson
from qwq_nb.trace.measure import measure
from tests.support.paths import SHARED_DATA
from tests.trace.quality import Row, Span, equal, near, parts
from tests.trace.quality_loops import Counts

LABELS = Path(__file__).with_name("answer_labels.json")
LABELLED = LABELS.is_file() and (SHARED_DATA / "transcripts").is_dir()

PARTS = {
    "seen": "labels seen while the rules were changed",
    "first": "first locked labels (seen since they were counted)",
    "second": "second locked labels (seen since they were counted)",
    "third": "third locked labels (seen since they were counted)",
    "fourth": "fourth locked labels (seen since they were counted)",
    "fifth": "fifth locked labels (seen since they were counted)",
    "sixth": "open half of the sixth labels",
    "choices": "choices labelled with the sixth labels",
    "disputed": "traces on which rules and weights differed",
    "locked": "locked half of the sixth labels (counted once)",
    "last": "labels drawn when those were counted (counted once)",
}
UNSEEN = ("last",)
"""To which no weights were fitted."""
_SETS = {
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "choices": 7,
    "disputed": 8,
    "locked": 9,
    "last": 10,
}
_OPTION = re.compile(r"^(?:(\d)\. |([A-J]): )(.+)$", re.M)


class Labelled(NamedTuple):
    """A labelled trace with its text and row."""

    label: Row
    text: str
    answer: str
    row: Row

    @property
    def gold(self) -> str:
        return str(self.label.get("gold") or self.row.get("gold") or "")

    @property
    def kind(self) -> str:
        return str(self.label.get("kind", "math"))

    @property
    def part(self) -> str:
        if "set" in self.label:
            return next(part for part, number in _SETS.items() if number == self.label["set"])
        return "first" if int(self.label["sha"], 16) % 3 == 0 else "seen"

    @property
    def family(self) -> str:
        """The model, and what it was asked."""
        return f"{self.row['model'].split(' ')[0]} on {self.row['dataset']}"

    @property
    def correct(self) -> bool | None:
        known: Any = self.label.get("correct", self.row.get("source_label"))
        return known if isinstance(known, bool) else None

    def found(self) -> Span | None:
        choices = [text for *_, text in _OPTION.findall(self.row["problem"])] if self.kind == "choice" else []
        return measure(
            self.text,
            self.answer,
            self.row["problem"],
            self.gold,
            kind=self.kind,  # type: ignore[arg-type]
            choices=choices,
            correct=self.correct,
            equal=equal,
        ).first_correct


def labelled(data: Path = SHARED_DATA) -> Iterator[Labelled]:
    """Read the labelled traces whose files are there. Raises ValueError where a transcript is not the labelled one."""
    files: dict[str, list[str]] = {}
    for label in json.loads(LABELS.read_text(encoding="utf-8")):
        name = label["file"]
        if name not in files:
            path = data / "transcripts" / name
            files[name] = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        if not files[name]:
            continue
        row = json.loads(files[name][label["row"]])
        text, answer = parts(row, whole=label.get("text") == "response")
        if hashlib.sha256(text.encode()).hexdigest()[:12] != label["sha"]:
            raise ValueError(f"{name}:{label['row']} is not the text that was labelled")
        yield Labelled(label, text, answer, row)


def missing_files(part: str, data: Path = SHARED_DATA) -> list[str]:
    """Return the names of the transcripts of a part that are not there."""
    labels = [label for label in json.loads(LABELS.read_text(encoding="utf-8")) if label.get("set") == _SETS[part]]
    return sorted({label["file"] for label in labels if not (data / "transcripts" / label["file"]).is_file()})


def counted(cases: list[Labelled], show: Callable[[str], object] | None = None) -> dict[str, Counts]:
    """Counts the places found: of all, by kind of benchmark, and by model."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in cases:
        span, label = case.found(), case.label["first_correct"]
        hit = bool(span and label and near(span, case.label, case.text))
        for name in ("all", case.kind, case.family):
            for i, count in enumerate((hit, bool(span), bool(label))):
                sums[name][i] += count
        if show and not hit and (span or label):
            show(f"{case.label['file']}:{case.label['row']} gold {case.gold!r} of {len(case.text)}")
            show(f"   asked {case.row['problem'][-160:]!r}")
            for what, at in (("label", label), ("found", span)):
                show(f"   {what} {at} {case.text[max(at[0] - 140, 0) : at[1] + 40]!r}" if at else f"   {what} -")
    return {name: Counts(*counts) for name, counts in sums.items()}


def shift_of(cases: list[Labelled]) -> tuple[float, float]:
    """The mean T̂ / T of the labels less that of the places found, and its standard error (of a ratio's difference)."""
    found = [span[1] / len(case.text) if (span := case.found()) else None for case in cases]
    there = [at[1] / len(case.text) if (at := case.label["first_correct"]) else None for case in cases]
    shift, parts = 0.0, [0.0] * len(cases)
    for sign, shares in ((1, there), (-1, found)):
        known = [share for share in shares if share is not None]
        mean = sum(known) / len(known)
        shift += sign * mean
        for i, share in enumerate(shares):
            parts[i] += sign * (share - mean) * len(cases) / len(known) if share is not None else 0.0
    return shift, sqrt(sum(part * part for part in parts) / (len(cases) - 1) / len(cases))


def curve_gap(cases: list[Labelled]) -> float:
    """The largest difference of two shares over all lengths k: of traces that state the right answer within k by their
    labels, and by the places found (the curve S of `%qwq_budget`)."""
    ends = [
        (at[1] if (at := c.label["first_correct"]) else inf, span[1] if (span := c.found()) else inf) for c in cases
    ]
    lengths = {end for pair in ends for end in pair if end < inf}
    gaps = [sum((by_label <= k) - (found <= k) for by_label, found in ends) / len(ends) for k in lengths]
    return max(map(abs, gaps), default=0.0)


def in_words(score: Counts) -> str:
    """Format precision and recall with Wilson's intervals."""
    return ", ".join(
        f"{name} {_share(score.hits, n)}" for name, n in (("precision", score.found), ("recall", score.there))
    )


def _share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits / n:.3f} [{low:.2f}, {high:.2f}] ({hits}/{n})" if low is not None else "- (0/0)"


def print_report(which: str, data: Path = SHARED_DATA, *, show: bool = False) -> None:
    """Print the figures of a part of the labels, or of each."""
    cases = list(labelled(data))
    for part, name in PARTS.items():
        if which in (part, "all"):
            print(f"first right answer, {name}")
            chosen = [c for c in cases if c.part == part]
            for group, score in counted(chosen, print if show else None).items():
                print(f"  {group}: {in_words(score)}")
            if math := [c for c in chosen if c.kind == "math"]:
                print(f"  mathematics: the curve of answers stated is {curve_gap(math):.3f} off at most")
            for kind in {c.kind: 0 for c in chosen}:
                shift, error = shift_of([c for c in chosen if c.kind == kind])
                print(f"  {kind}: mean T̂ / T of the labels less that of the places {shift:+.4f} ± {error:.4f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--set", choices=(*PARTS, "all"), default="all")
    parser.add_argument("--show", action="store_true", help="print what was missed")
    args = parser.parse_args()
    if not (args.data / "transcripts").is_dir():
        print(f"There is no folder {args.data / 'transcripts'}: give the one above it by --data.", file=sys.stderr)
        return 2
    print_report(args.set, args.data, show=args.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
