"""Fit the weights of `qwq_nb/trace/first_place.py` to the labelled traces, and tell what they are worth.

    python -m tests.trace.fit_first_place [--data ../shared/data]

A logistic regression (Newton's method, a penalty of one on each weight) on the places with the right value, each up to
the one that a reader took as the first: was this one it? Prints the weights, and for each set of labels how many of its
places the weights find that were fitted to the other sets. Labels of the sets `choices` and of choices elsewhere are
left out: options are told by rules alone. Needs numpy, which the package itself does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qwq_nb.trace import first_place
from qwq_nb.trace.answer_places import by_chance, right_value
from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.choice_places import options_of
from qwq_nb.trace.first_place import Evidence
from qwq_nb.trace.question import content_of
from qwq_nb.trace.statements import Teller
from qwq_nb.trace.values import Gold
from tests.support.paths import SHARED_DATA
from tests.trace.quality import Span, equal, near
from tests.trace.quality_answers import UNSEEN, Labelled, labelled

Numbers = npt.NDArray[np.float64]
PENALTY = 1.0


class Place(NamedTuple):
    """A place with the right value."""

    span: Span
    evidence: dict[str, float]


class Trace(NamedTuple):
    """A labelled trace of mathematics with its places."""

    case: Labelled
    places: list[Place]

    def is_first(self, place: Place) -> bool:
        return bool(self.case.label["first_correct"]) and near(place.span, self.case.label, self.case.text)


def read(case: Labelled) -> Trace | None:
    """Read the places of a trace; None where the answer is in words or a letter."""
    gold, request = Gold(case.gold, equal), content_of(case.row["problem"])
    if case.kind != "math" or gold.words or not gold.normal or options_of(case.row["problem"]):
        return None
    candidates = Candidates(
        case.text,
        joined=gold.joined,
        equation=gold.equation,
        interval=gold.interval,
        hallmark=gold.hallmark,
        request=request,
    )
    teller, is_right = Teller(candidates, request), right_value(gold, request)
    evidence = Evidence(candidates, request, teller, chance=by_chance(gold, request))
    right = [s for n in range(len(candidates)) if (s := candidates.statement(n)) and is_right(s.text)]
    return Trace(case, [Place((s.start, s.end), _evidence(evidence, teller, right, n)) for n, s in enumerate(right)])


def _evidence(evidence: Evidence, teller: Teller, right: list[Statement], rank: int) -> dict[str, float]:
    said = right[rank]
    soon = any(o.kind in ("box", "answer") and o.lead < said.end + first_place.SOON for o in right[rank + 1 :])
    return evidence.of(said, teller.strength_of(said), rank, final_soon=soon)


def fit(traces: Iterable[Trace]) -> dict[str, float]:
    """Return the weights, and `always`, the constant."""
    rows: list[list[float]] = []
    were: list[bool] = []
    names: list[str] = []
    for trace in traces:
        label = trace.case.label["first_correct"]
        for place in trace.places:
            names, first = list(place.evidence), trace.is_first(place)
            if label and place.span[0] > label[0] and not first:
                break
            rows.append([1.0, *place.evidence.values()])
            were.append(first)
            if first:
                break
    weights = _regression(np.array(rows, dtype=np.float64), np.array(were, dtype=np.float64))
    return dict(zip(["always", *names], (float(w) for w in weights), strict=True))


def _regression(x: Numbers, y: Numbers) -> Numbers:
    weights = np.zeros(x.shape[1])
    penalty = np.full(x.shape[1], PENALTY)
    penalty[0] = 0.01
    for _ in range(50):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (chance - y) + penalty * weights
        step = np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty), slope)
        weights = weights - step
    return weights


def chosen(trace: Trace, weights: dict[str, float]) -> tuple[Place | None, float]:
    """Return the first place whose chance is one half, and its chance; the best of those that are less, if none is."""
    left, best, rest = 1.0, (None, 0.0), 0.0
    for place in trace.places:
        chance = 1 / (1 + np.exp(-weights["always"] - sum(weights[n] * v for n, v in place.evidence.items())))
        if chance >= 0.5:
            return place, float(chance)
        if left * chance > rest:
            rest, best = left * chance, (place, float(chance))  # type: ignore[assignment]
        left *= 1 - chance
    return best


def print_report(data: Path) -> None:
    """Print the weights and what they find in sets that they were not fitted to."""
    traces = [t for case in labelled(data) if case.part not in UNSEEN and (t := read(case))]
    for part in sorted({t.case.part for t in traces}):
        weights = fit(t for t in traces if t.case.part != part)
        stated = [t for t in traces if t.case.part == part and t.case.label["first_correct"]]
        picks = [(t, *chosen(t, weights)) for t in stated]
        hits = sum(place is not None and t.is_first(place) for t, place, _ in picks)
        sure = [t.is_first(place) for t, place, chance in picks if place and chance >= first_place.SURE]
        print(f"{part}: {hits} of {len(stated)} places found by weights of the other sets,", end=" ")
        print(f"{sum(sure)} of the {len(sure)} that are surely the first")
    print("WEIGHTS =", {name: round(weight, 2) for name, weight in fit(traces).items()})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    args = parser.parse_args()
    if not (args.data / "transcripts").is_dir():
        print(f"There is no folder {args.data / 'transcripts'}: give the one above it by --data.", file=sys.stderr)
        return 2
    print_report(args.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
