"""Read and show what judges said of a run (`run.judged()`): their verdicts, whose word the accuracy is, agreement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.analysis.judge.agreement import Agreement, agreement
from qwq_nb.analysis.judge.report import JudgedRecord, judged_html, judged_text
from qwq_nb.analysis.judge.rows import JUDGED_COLUMNS, Summary, judged_rows, summaries
from qwq_nb.analysis.judge.sides import held, judge_side, reader_side, shown_judge
from qwq_nb.analysis.judge.whose import accuracy_sentences
from qwq_nb.core.files import save_file
from qwq_nb.core.paths import expand_user
from qwq_nb.errors import listed, one_line
from qwq_nb.run.record import frame
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD
from qwq_nb.store.judgements import Judging, read_judgements
from qwq_nb.view.output import show_with_figure
from qwq_nb.view.page import save_page

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "judged", "undecided_note"]

_COUNTED: Final = ("correct", "not correct", "no decision", "win", "tie", "loss", "inconsistent")


def judged(run: Run) -> pd.DataFrame:
    """Return what judges said of a run's answers, with a row a verdict; columns as in `JUDGED_COLUMNS`."""
    return frame(judged_rows(run), JUDGED_COLUMNS)


class Judged:
    """Hold what judges said of a run: `table()` by judge, `samples()` by answer, `agreement()`; shown by a notebook."""

    def __init__(
        self,
        run: Run,
        asked: Sequence[Judging],
        *,
        told: Sequence[str] = (),
        spent: Sequence[str] = (),
        failures: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self._run = run
        self._asked = list(asked)
        self.cost = "\n".join(told)
        """What it was said to cost, before it was asked."""
        self.spent = "\n".join(spent)
        """What was asked by this call, and what it cost; empty where nothing was to be asked."""
        self._notes = list(notes)
        self.failures = list(failures)
        """Why units have no verdict although they were asked: the endpoint's errors."""

    @property
    def run(self) -> Run:
        """Return the run that was judged."""
        return self._run

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a judge and benchmark: its verdicts counted, and the share of correct ones.

        `accuracy`, `ci_low`, `ci_high`: of the answers that it decided on; of pairs the share of preferences.
        """
        import pandas as pd

        rows = []
        for summary in self._record().summaries:
            judging = summary.judging
            rows.append(
                {
                    "benchmark": summary.benchmark,
                    "protocol": judging.protocol,
                    "judge": judging.judge,
                    "model": judging.model,
                    "rubric": judging.rubric_name,
                    "against": judging.against,
                    "under_test": judging.under_test,
                    "n": summary.n,
                    **{word.replace(" ", "_"): summary.counts.get(word, 0) for word in _COUNTED},
                    "accuracy": summary.share.value,
                    "ci_low": summary.share.low,
                    "ci_high": summary.share.high,
                    "mean_score": summary.mean_score.value if summary.mean_score is not None else None,
                    "metric": summary.metric,
                    "p": summary.p,
                }
            )
        return pd.DataFrame(rows)

    def samples(self) -> pd.DataFrame:
        """Return `run.judged()`: a row a verdict."""
        return judged(self._run)

    def agreement(self, judge: str | None = None, against: str = "reader") -> Agreement:
        """Return `run.agreement()`: how far a judge agrees with your rulings, the grader, or another judge."""
        return agreement(self._run, judge, against)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the verdicts (`.csv`), a page (`.html`, `.htm`), or the text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        file = expand_user(path)
        if file.suffix.lower() == ".csv":
            return save_file(file, self.samples().to_csv(index=False))
        return save_page(path, str(self).splitlines()[0], lambda: self.html, lambda: str(self))

    @property
    def html(self) -> str:
        """Return it as html."""
        return judged_html(self._record())

    def __str__(self) -> str:
        return judged_text(self._record())

    def __repr__(self) -> str:
        return f"<Judged {self._run.name!r} by {listed(dict.fromkeys(map(shown_judge, self._asked)))}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        record = self._record()
        return {"text/html": judged_html(record), "text/plain": judged_text(record)}

    def _ipython_display_(self) -> None:
        """The tables and the disagreements."""
        show_with_figure(self._repr_mimebundle_(), None)

    def _record(self) -> JudgedRecord:
        run, results = self._run, self._run.graded()
        kept = read_judgements(run.directory, run.model)
        ids = dict.fromkeys(judging.id for judging in self._asked)
        wanted = [judging for id, judging in kept.judgings.items() if id in ids]
        others = [judging for id, judging in kept.judgings.items() if id not in ids]
        single = [j for j in wanted if j.protocol != "pairwise" and kept.verdicts.get(j.id)]
        reader = reader_side(run, results)
        compared = [held(reader, judge_side(kept, j, results), results) for j in single if reader.opinions]
        compared += [
            held(judge_side(kept, a, results), judge_side(kept, b, results), results)
            for i, a in enumerate(single)
            for b in single[i + 1 :]
        ]
        notes = [
            f"{shown_judge(judging)} is the model under test itself: it judges its own answers."
            for judging in wanted
            if judging.under_test
        ]
        if self.failures:
            n, first = len(self.failures), one_line(self.failures[0], 300).rstrip(".")
            notes.append(f"{n:,} without a verdict, since the endpoint failed: {first}. The same line asks again.")
        notes += self._notes
        own = summaries(kept, results, wanted)
        notes += [undecided_note(s, hidden=s.benchmark in run.withheld) for s in own if s.undecided]
        known = summaries(kept, results, others)
        if known:
            said = listed(dict.fromkeys(shown_judge(s.judging) for s in known))
            notes.append(f"Other judges of this run, kept apart: {said}. run.judged() has their verdicts too.")
        return JudgedRecord(
            name=run.name,
            model=run.model,
            demo=run.demo,
            summaries=own,
            held=[one for one in compared if one.kappa.n],
            accuracy=accuracy_sentences(run),
            notes=notes,
            cost=[line for line in (*self.spent.splitlines(), *([] if self.spent else self.cost.splitlines())) if line],
            hidden=run.withheld,
        )


def undecided_note(summary: Summary, *, hidden: bool = False) -> str:
    """Say how many answers a judge did not decide on, and why: the most frequent reason, unless it is `hidden`."""
    n = sum(summary.undecided.values())
    reason, times = max(summary.undecided.items(), key=lambda item: item[1])
    said = WITHHELD if hidden else one_line(reason, 300)
    why = f" ({times:,} of them: {said})" if len(summary.undecided) > 1 else f": {said}"
    return f"{summary.benchmark}: {n:,} without a decision of {shown_judge(summary.judging)}{why}."
