"""Read from runs what a comparison needs: facts, prices, and the answers as they are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.record import Flip, PairKey, common_opening
from qwq_nb.core.outcomes import counts
from qwq_nb.core.pairing import Pair, Pairing
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import RunRecord, SampleView, SubsetRow
from qwq_nb.core.text import valid_text
from qwq_nb.core.turn_counts import edits_files, turn_counts
from qwq_nb.errors import one_line
from qwq_nb.run.cost import Prices, known_prices
from qwq_nb.run.facts import RunFacts
from qwq_nb.run.withhold import withhold
from qwq_nb.view.wording import estimated_from, number, row_score

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = [
    "FLIP_COLUMNS",
    "doubts",
    "drawn",
    "flip_row",
    "has_game",
    "listed_pairs",
    "pair_keys",
    "role_notes",
    "run_note",
    "run_prices",
    "side_records",
    "token_notes",
]

FLIP_COLUMNS = (
    "a",
    "b",
    "kind",
    "benchmark",
    "subset",
    "id",
    "repeat",
    "gold",
    "outcome_a",
    "outcome_b",
    "extracted_a",
    "extracted_b",
    "tokens_a",
    "tokens_b",
    "flags_a",
    "flags_b",
)


MANY_TIMES = 1.5
"""So many times the tokens are worth a note."""

MOST_NEITHER = 300
"""Pairs that neither run has right, that are listed of two runs."""

SIDE_CHARACTERS = 400_000
"""Characters of the texts of a run's failures, and of its other samples, that a view carries."""


def run_prices(run: Run, given: Mapping[str, tuple[float, float]]) -> Prices | None:
    """Return the prices of a run: those given for its name or its model, else its endpoints'.

    None where they are not known, or 0.
    """
    request = run.manifest.request
    known = given.get(run.name) or given.get(request.endpoint.model)
    if known is None:
        return known_prices(request)
    return Prices(*known) if any(known) else None


def drawn(pairs: Sequence[Pair], first: tuple[str, Run], second: tuple[str, Run], *, reveal: bool) -> list[Flip]:
    """Make the drawn pairs of two lettered runs, with their texts whole, or without those that are withheld."""
    views = [
        withhold(run.record(results), reveal=reveal).samples
        for run, results in ((first[1], [p.a for p in pairs]), (second[1], [p.b for p in pairs]))
    ]
    return [
        Flip(a=first[0], b=second[0], kind=p.flip, first=a, second=b, alike=_alike(a, b))
        for p, a, b in zip(pairs, *views, strict=True)
    ]


def listed_pairs(pairings: Mapping[str, Sequence[Pairing]]) -> dict[str, list[Pair]]:
    """Return by letter the pairs that a view lists: all flips, and the first `MOST_NEITHER` that neither has right."""
    found = {}
    for letter, of_run in pairings.items():
        pairs = [pair for pairing in of_run for pair in pairing.pairs]
        wrong = [pair for pair in pairs if not pair.flip and pair.a.outcome != "correct"]
        found[letter] = [*(pair for pair in pairs if pair.flip), *wrong[:MOST_NEITHER]]
    return found


def pair_keys(pairs: Mapping[str, Sequence[Pair]]) -> list[PairKey]:
    """Name the pairs of each letter, flips first."""
    keys = [
        PairKey(
            b=letter,
            kind=pair.flip,
            first=(pair.a.sample.id, pair.a.repeat),
            second=(pair.b.sample.id, pair.b.repeat),
        )
        for letter, of_run in pairs.items()
        for pair in of_run
    ]
    return sorted(keys, key=lambda key: not key.kind)


def side_records(runs: Mapping[str, Run], pairs: Mapping[str, Sequence[Pair]], *, reveal: bool) -> dict[str, RunRecord]:
    """Return the drawn record of each run with the samples of those pairs, their texts clipped and withheld."""
    own: dict[str, dict[tuple[str, int], SampleResult]] = {letter: {} for letter in runs}
    for letter, of_run in pairs.items():
        for pair in of_run:
            own["A"][pair.a.sample.id, pair.a.repeat] = pair.a
            own[letter][pair.b.sample.id, pair.b.repeat] = pair.b
    return {
        letter: withhold(run.record(list(own[letter].values()), budget=SIDE_CHARACTERS), reveal=reveal)
        for letter, run in runs.items()
    }


def has_game(pair: Pair) -> bool:
    """Return whether one of the two answers is a game that was played."""
    verdicts = [result.verdict for result in (pair.a, pair.b)]
    return any(v is not None and v.execution is not None and v.execution.game is not None for v in verdicts)


def doubts(flips: Sequence[Flip]) -> list[str]:
    """Return how many flips may be the grader's fault, as sentences: those where it and the second opinion differ."""
    found = [flip for flip in flips if "check_by_hand" in (*flip.first.flags, *flip.second.flags)]
    if not found:
        return []
    return [
        f"{len(found):,} of {len(flips):,} flips are flagged “check by hand”: the official verdict and the second "
        "opinion differ, so the grader, and not the model, may have flipped."
    ]


def token_notes(rows: Iterable[ComparisonRow], names: Mapping[str, str]) -> list[str]:
    """Say of each whole benchmark by how many times more tokens one run answered the same questions, if it is much.

    Accuracy alone does not show a model that thinks twice as long, as one does that is sampled wrongly. `names`: of the
    runs, by letter.
    """
    said = []
    for row in rows:
        if row.subset != "all" or not row.comparable or not row.mean_tokens_a or not row.mean_tokens_b:
            continue
        ratio = row.mean_tokens_b / row.mean_tokens_a
        more, less, times = (row.b, row.a, ratio) if ratio >= 1 else (row.a, row.b, 1 / ratio)
        if times >= MANY_TIMES:
            tokens = sorted((row.mean_tokens_a, row.mean_tokens_b), reverse=True)
            said.append(
                f"{row.benchmark}: {names[more]} took {number(times, 1)} times the tokens of {names[less]} for the "
                f"same questions, {number(tokens[0])} against {number(tokens[1])} an answer."
            )
    return said


def role_notes(results: Mapping[str, Sequence[SampleResult]]) -> list[str]:
    """Say of runs whose answers are edits what each role wrote, and in how many exercises every reply could be read.

    Args:
        results: name of a run → its results.
    """
    found = {
        name: [turn_counts(each) for each in own if counts(each.outcome)]
        for name, own in results.items()
        if edits_files(own)
    }
    tokens, readable = [], []
    for name, turns in found.items():
        roles: Counter[str] = Counter()
        for each in turns:
            roles.update(each.completion_tokens)
        means = ", ".join(f"{one_line(role, 40)} {number(sum_ / len(turns))}" for role, sum_ in roles.items())
        tokens.append(f"{name} {means}")
        readable.append(f"{name} {sum(not each.num_malformed for each in turns):,} of {len(turns):,}")
    if not any(found.values()):
        return []
    return [
        f"Tokens of an answer by role: {'; '.join(tokens)}.",
        f"Exercises in which every reply of every role could be read: {'; '.join(readable)}.",
    ]


def _alike(a: SampleView, b: SampleView) -> int:
    return common_opening(a.reasoning.text, b.reasoning.text) if a.reasoning and b.reasoning else 0


def flip_row(flip: Flip) -> dict[str, Any]:
    """Return a flip as a dict of FLIP_COLUMNS."""
    a, b = flip.first, flip.second
    row: dict[str, Any] = {"a": flip.a, "b": flip.b, "kind": flip.kind}
    row |= {name: getattr(a, name) for name in ("benchmark", "subset", "id", "repeat", "gold")}
    for letter, view in (("a", a), ("b", b)):
        row |= {f"outcome_{letter}": view.outcome, f"extracted_{letter}": view.extracted}
        row[f"tokens_{letter}"] = view.reasoning_tokens + view.answer_tokens
        row[f"flags_{letter}"] = ", ".join(view.flags)
    # pandas keeps text in Arrow, which refuses lone surrogates.
    return {name: valid_text(value) if isinstance(value, str) else value for name, value in row.items()}


def run_note(facts: RunFacts, rows: Iterable[SubsetRow]) -> str:
    """Return what the heading says of a run beside its name; empty for a complete run of ours on a real endpoint.

    `rows` are those of the run's table: of a part of a benchmark its own accuracy stands here, since the comparison is
    over the pairs.
    """
    notes = ["demo"] if facts.demo else []
    if facts.maker:
        notes.append(f"made by {one_line(facts.maker, 60)}")
    if facts.state != "complete":
        notes.append(facts.state)
    whole = [row for row in rows if row.subset == "all"]
    for row in whole:
        said = estimated_from(row)
        if said:
            notes.append(f"{f'{row.benchmark} ' if len(whole) > 1 else ''}{row_score(row)} {said}")
    return ", ".join(notes)
