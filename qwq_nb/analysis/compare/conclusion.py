"""Describe in plain sentences what can be concluded from a comparison, and what cannot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qwq_nb.analysis.compare.contrasts import ComparisonRow, Contrast
from qwq_nb.analysis.compare.record import Conclusion, ConclusionKind
from qwq_nb.analysis.compare.scores import difference, interval
from qwq_nb.core.paired import ALPHA, detectable_difference, problems_needed
from qwq_nb.core.pairing import Pair, same_prompt
from qwq_nb.run.comparability import OTHER_SETTINGS
from qwq_nb.view.wording import count, number, p_text, percent, points

__all__ = ["contrast_conclusion", "shows_difference"]

POWER = 0.8
"""Power for the stated numbers of problems: Cohen's convention (1988, "Statistical Power Analysis")."""

_FEWEST = 6
"""Differing problems below which no outcome has p < 0.05: 2 · (1/2)⁵ = 0.0625."""


def shows_difference(row: ComparisonRow) -> bool:
    """Return whether a difference is shown: the exact test rejects, after Holm's adjustment where there is one."""
    p = row.p_value if row.p_holm is None else row.p_holm
    return p is not None and p < ALPHA


def contrast_conclusion(contrast: Contrast, names: Mapping[str, str], family: int = 1) -> Conclusion:
    """Return what the whole benchmark says about run `b` against run `a`, in words.

    `names` are the runs' names by letter; `family` is how many whole-benchmark comparisons were made together. Where a
    caveat forbids a conclusion about the models, the counts of what both were asked alike and finished are all it says.
    """
    row = contrast.whole
    a, b = names[row.a], names[row.b]
    on = f"{row.benchmark}, {count(row.problems, 'problem')}"
    if row.pairs != row.problems:
        on += f" with {row.pairs:,} paired answers"

    def made(kind: ConclusionKind, headline: str, detail: str) -> Conclusion:
        return Conclusion(benchmark=row.benchmark, b=row.b, on=on, kind=kind, headline=headline, detail=detail)

    if not row.pairs:
        on = row.benchmark
        awaiting = sum("awaiting_ruling" in (p.a.outcome, p.b.outcome) for p in contrast.pairing.unanswered)
        if awaiting:
            waiting = f"{count(awaiting, 'pair')} of answers await a ruling: run.rule, or %qwq_compare A B --blind."
            return made("nothing", f"{a} and {b} cannot be compared yet", waiting)
        return made("nothing", f"{a} and {b} cannot be compared", "Nothing that counts was answered by both.")
    if contrast.bars:
        left = _left(contrast.pairing.pairs, a, b)
        if contrast.bars == [OTHER_SETTINGS]:
            left = f"{left} Their difference may be that of the settings: see above."
        else:
            left = f"{left} Nothing can be concluded about the models: see above."
        return made("barred", f"Not comparable: {'; '.join(contrast.bars)}", left)
    shown = shows_difference(row)
    unit = f" in the mean {row.metric}" if row.metric else ""
    headline = f"{b} − {a}: {difference(row)}{unit} ({_interval(row)}), "
    headline += f"{'significant' if shown else 'not significant'} ({_test(row, family)})"
    kind: ConclusionKind = ("gain" if (row.difference or 0) > 0 else "loss") if shown else "open"
    if row.metric:
        alike = "This does not show that either is better; nor that they are alike."
        return made(kind, headline, _better(row, a, b) if shown else alike)
    if not row.only_a and not row.only_b:
        headline = f"{b} − {a}: {difference(row)} ({_interval(row)}), none flipped"
        detail = f"They are right and wrong on the same answers, none flipped. {_none_flipped(row)}"
        return made("open", headline, detail.rstrip())
    flips = f"{row.only_b:,} gained and {row.only_a:,} lost."
    return made(kind, headline, f"{flips} {_shown(row, a, b) if shown else _not_shown(contrast, row)}")


def _left(pairs: Sequence[Pair], a: str, b: str) -> str:
    """State the counts over the pairs that were the same question, asked alike, and that both finished."""
    alike = [pair for pair in pairs if pair.same_gold and same_prompt(pair) is not False]
    kept = [pair for pair in alike if pair.is_finished]
    asked = " asked alike" if len(alike) < len(pairs) else ""
    ended = " that both finished" if len(kept) < len(alike) else ""
    if not kept:
        return f"No pair{asked}{ended} is left."
    right = [sum(getattr(pair, side).outcome == "correct" for pair in kept) for side in ("a", "b")]
    return f"Of the {count(len(kept), 'pair')}{asked}{ended}, {a} has {right[0]:,} right and {b} {right[1]:,}."


def _better(row: ComparisonRow, a: str, b: str) -> str:
    better, worse = (b, a) if (row.difference or 0) > 0 else (a, b)
    return f"So {better} is better than {worse} on problems like these."


def _shown(row: ComparisonRow, a: str, b: str) -> str:
    said = _better(row, a, b)
    if _excludes_zero(row):
        return said
    return f"{said} The interval, another method, still holds 0: the case is a narrow one."


def _not_shown(contrast: Contrast, row: ComparisonRow) -> str:
    parts = [f"This does not show that either is better; nor that they are alike, as {_between(row)} fit it."]
    if row.p_value is not None and row.p_value < ALPHA:
        parts = [f"Alone it would be significant, among all comparisons made here it is not. {parts[0]}"]
    elif _excludes_zero(row):
        parts.append("The interval leaves 0 out by a little while the exact test, the stricter one, does not reject.")
    differing = sum(only_a != only_b for _, only_a, only_b in contrast.problems)
    if differing < _FEWEST:
        some = f"{count(differing, 'problem')} {'differs' if differing == 1 else 'differ'}"
        parts.append(f"Only {some}: with fewer than {_FEWEST}, p is never below {ALPHA}, however they fall.")
    needed = problems_needed(contrast.problems, POWER, ALPHA)
    least = detectable_difference(row.problems, (row.only_a + row.only_b) / row.pairs, POWER, ALPHA)
    if needed is not None:
        parts.append(
            f"To show a difference as large as the one seen takes about {_round(needed)} problems "
            f"({percent(POWER, 0)} power)."
        )
    if least is not None and row.pairs == row.problems:
        parts.append(
            f"{count(row.problems, 'problem').capitalize()} show differences of about {number(100 * least, 1)} points "
            "or more."
        )
    return " ".join(parts)


def _none_flipped(row: ComparisonRow) -> str:
    if row.ci_low is None or row.ci_high is None:
        return ""
    most = 100 * max(-row.ci_low, row.ci_high)
    fits = f"a difference of up to {number(most, 1)} points either way fits it"
    parts = [f"This does not show that they are alike: {fits}."]
    if row.paired_a == 1:
        parts.append("Both have everything right: this benchmark is too easy to tell them apart.")
    elif row.paired_a == 0:
        parts.append("Both have nothing right: this benchmark is too hard to tell them apart.")
    return " ".join(parts)


def _interval(row: ComparisonRow) -> str:
    if row.ci_low is None or row.ci_high is None:
        return "no interval"
    return f"95 % interval {interval(row)}"


def _between(row: ComparisonRow) -> str:
    if row.ci_low is None or row.ci_high is None:
        return "all differences"
    return f"differences from {points(row.ci_low)} to {points(row.ci_high)} points"


def _test(row: ComparisonRow, family: int) -> str:
    name = "exact McNemar" if row.pairs == row.problems else "exact sign-flip test by problem"
    if row.metric:
        name = "paired t-test by problem"
    shown = p_text(row.p_value)
    text = f"{name} p {shown}" if shown.startswith("<") else f"{name} p = {shown}"
    return f"{text}, of {family} comparisons {p_text(row.p_holm)}" if family > 1 and row.p_holm is not None else text


def _excludes_zero(row: ComparisonRow) -> bool:
    return row.ci_low is not None and row.ci_high is not None and (row.ci_low > 0 or row.ci_high < 0)


def _round(n: int) -> str:
    """Round up to two digits, which is the precision of such a number."""
    if n < 100:
        return str(n)
    step = 10 ** (len(str(n)) - 2)
    return f"{-(-n // step) * step:,}"
