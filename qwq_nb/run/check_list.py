"""List the verdicts worth a look by hand (`run.check()`); each entry opens at the excerpt in question.

On the list, with the reason why:

- the second opinion differs from the official verdict (flag `check_by_hand`),
- the gold value stands in the text although it was not extracted (`present_not_extracted`),
- the reasoning was finished, and nothing could be extracted from what followed it (outcome `no_answer`).

What is withheld in a report (GPQA) is withheld here: the entries come from views that `withhold` has been over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.core.outcomes import UNGRADED
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import RunRecord, SampleView
from qwq_nb.run.check_view import CHECK_MIME, check_view
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.store.rulings import Ruling
from qwq_nb.trace.boxed import closing_brace, trimmed
from qwq_nb.view.budget import saved_size
from qwq_nb.view.clean import one_line
from qwq_nb.view.excerpt import AROUND, Excerpt, cut_out, excerpt_at
from qwq_nb.view.html import Typesetter, code, esc
from qwq_nb.view.tables import demo_frame, demo_line
from qwq_nb.view.wording import SIGNS, UNKNOWN, WORDS, count

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CHECK_BYTES",
    "CHECK_COLUMNS",
    "CheckList",
    "excerpt_of",
    "reasons",
    "worth_checking",
]

CHECK_COLUMNS = (
    "benchmark",
    "subset",
    "id",
    "repeat",
    "outcome",
    "reasons",
    "gold",
    "extracted",
    "second_extracted",
    "ruling",
    "note",
)

CHECK_BYTES: Final = 950_000
"""The whole output, as it stands in the .ipynb."""
_VIEW_SHARE: Final = 0.4
"""Of it, for what JupyterLab's view draws; the rest is html and text."""
LISTED: Final = 300
"""Entries that the html holds (at 2–4 kB each) where they fit; the table has all."""
_TEXT_LISTED: Final = 40
_SHORT: Final = 60

_REASONS = {
    "check_by_hand": "second opinion differs",
    "present_not_extracted": "gold value present but not extracted",
    "no_answer": "reasoned, but nothing extracted",
    "awaiting_ruling": "no verdict yet",
    "ruled_only": "no verdict but a ruling",
}
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=\{)")


def reasons(outcome: str, flags: Sequence[str], reasoned: bool) -> list[str]:
    """Return why a verdict is on the list; empty where it is not."""
    if outcome == "awaiting_ruling":
        return [outcome]
    found = [flag for flag in ("check_by_hand", "present_not_extracted") if flag in flags]
    return found + (["no_answer"] if outcome == "no_answer" and reasoned and not found else [])


def worth_checking(
    results: Iterable[SampleResult], rulings: Mapping[tuple[str, int], Ruling] | None = None
) -> list[SampleResult]:
    """Return the results whose verdicts are worth a look by hand, in order.

    Those that a ruling of `rulings` alone has decided stay: it may be taken back.
    """
    known = rulings or {}
    return [r for r in results if reasons(r.outcome, r.flags, _reasoned(r)) or _only_ruled(r, known)]


def _only_ruled(result: SampleResult, rulings: Mapping[tuple[str, int], Ruling]) -> bool:
    verdict = result.verdict
    return (result.sample.id, result.repeat) in rulings and verdict is not None and verdict.status in UNGRADED


def _reasoned(result: SampleResult) -> bool:
    return bool(result.completion and result.completion.reasoning.strip())


def excerpt_of(text: str, values: Iterable[str], *, boxes: bool = True) -> Excerpt:
    """Cut out the last box in `text`, else the last occurrence of the first of `values` that is there, else the end."""
    box = _last_box(text) if boxes else None
    return excerpt_at(
        text, *(box or next((at for value in values if (at := _last(text, value))), (len(text), len(text))))
    )


def _last_box(text: str) -> tuple[int, int] | None:
    """Where the last box begins and ends; one that is never closed ends with its opening."""
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return None
    end = closing_brace(text, boxes[-1].end())
    return boxes[-1].start(), boxes[-1].end() + 1 if end is None else end + 1


def _last(text: str, value: str) -> tuple[int, int] | None:
    """The last time that `value` stands in `text` as a word or number of its own."""
    for form in dict.fromkeys((value.strip(), trimmed(value))):
        if not form or len(form) > AROUND:
            continue
        edges = (r"(?<![\w.])" if form[0].isalnum() else "", r"(?![\w])" if form[-1].isalnum() else "")
        if found := list(re.finditer(edges[0] + re.escape(form) + edges[1], text)):
            return found[-1].span()
    return None


class CheckList:
    """Hold the verdicts to check by hand. A notebook shows each at its excerpt; `table()` is a DataFrame.

    In JupyterLab each has buttons and keys that rule on it. `run.rule(id, correct=True, note="…", repeat=0)` records a
    ruling too; the list shows it when it is made anew.
    """

    def __init__(
        self,
        record: RunRecord,
        rulings: Mapping[tuple[str, int], Ruling],
        *,
        total: int,
        anew: Callable[[], CheckList],
    ) -> None:
        """Take a run's record with the samples of the list, their texts whole, or None where they are withheld.

        `total` is the run's number of answers; `anew` makes the list as it is after a ruling.
        """
        self.record = record
        self.views = sorted(record.samples, key=lambda v: (v.id, v.repeat) in rulings)
        self.rulings = rulings
        self.name = record.name
        self.demo = record.demo
        self.total = total
        self._anew = anew

    def __len__(self) -> int:
        return len(self.views)

    def __iter__(self) -> Iterator[SampleView]:
        """The entries: those without a ruling first, then in the data set's order."""
        return iter(self.views)

    def records(self) -> list[dict[str, Any]]:
        """Return dicts of CHECK_COLUMNS. `ruling` is True, False, or None where there is none."""
        made = []
        for view in self.views:
            ruling = self._ruling(view)
            row = {name: getattr(view, name) for name in CHECK_COLUMNS if hasattr(view, name)}
            row["reasons"] = ", ".join(_why_listed(view))
            row |= {"ruling": ruling.correct if ruling else None, "note": ruling.note if ruling else ""}
            made.append({name: row[name] for name in CHECK_COLUMNS})
        return made

    def table(self) -> pd.DataFrame:
        """Return a row an entry; columns as in CHECK_COLUMNS."""
        import pandas as pd

        frame = pd.DataFrame(self.records(), columns=list(CHECK_COLUMNS))
        # True, False and None in one column; pandas would make objects or floats of them.
        return frame.astype({"ruling": "boolean"})

    def _ruling(self, view: SampleView) -> Ruling | None:
        return self.rulings.get((view.id, view.repeat))

    def _title(self) -> str:
        open_ = sum(self._ruling(view) is None for view in self.views)
        if not self.views:
            return f"Nothing to check by hand among {count(self.total, 'answer')}."
        return f"{count(len(self.views), 'verdict')} of {self.total:,} to check by hand, {open_:,} without a ruling"

    @property
    def html(self) -> str:
        """Return the list as html: a fold an entry, the first `LISTED` of them."""
        return self._html(LISTED)

    def _html(self, listed: int) -> str:
        typeset = Typesetter()
        parts = [demo_frame()] if self.demo else []
        parts.append(f"<p><strong>{esc(self.name)}</strong>: {self._title()}</p>")
        if any(_is_withheld(view) for view in self.views):
            parts.append(f"<p>{esc(WITHHELD_NOTE)}</p>")
        parts += (self._entry(view, typeset) for view in self.views[:listed])
        if len(self.views) > listed:
            parts.append(f"<p>{len(self.views) - listed:,} more are in <code>.table()</code>.</p>")
        return "<div>" + "\n".join(parts) + "</div>"

    def _entry(self, view: SampleView, typeset: Typesetter) -> str:
        ruling = self._ruling(view)
        facts = [
            f"{SIGNS[view.outcome]} <strong>{WORDS[view.outcome]}</strong>",
            code(view.id) + (f" repeat {view.repeat}" if view.repeat else ""),
            f"gold {typeset.value(view.gold)}",
            f"extracted {typeset.value(view.extracted)}",
            f"second opinion {typeset.value(view.second_extracted)}",
            *(f"<em>{_REASONS[reason]}</em>" for reason in _why_listed(view)),
        ]
        if ruling:
            facts.append(f"<strong>ruled {'correct' if ruling.correct else 'not correct'}</strong>")
        inside = [f"<p><strong>Why:</strong> {esc(view.why)}</p>"] if view.why else []
        if ruling and ruling.note:
            inside.append(f"<p><strong>Note:</strong> {esc(ruling.note)}</p>")
        inside += (cut_out(title, excerpt, typeset) for title, excerpt in _excerpts(view))
        if view.question is not None and view.question.text:
            question = typeset.prose(view.question.text)
            inside.append(f"<details><summary>Question</summary>{question}</details>")
        repeat = f", repeat={view.repeat}" if view.repeat else ""
        inside.append(f"<p>To rule: {code(f'run.rule({view.id!r}, correct=True{repeat})')}</p>")
        body = "".join(inside)
        return f'<details><summary>{" · ".join(facts)}</summary><div style="margin-left:1.2em">{body}</div></details>'

    @property
    def text(self) -> str:
        """Return the list as plain text."""
        lines = [demo_line()] if self.demo else []
        lines.append(f"{one_line(self.name, 120)}: {self._title()}")
        for view in self.views[:_TEXT_LISTED]:
            values = ", ".join(
                f"{title} {one_line(value, _SHORT) or UNKNOWN}"
                for title, value in (
                    ("gold", view.gold),
                    ("extracted", view.extracted),
                    ("second opinion", view.second_extracted),
                )
            )
            ruling = self._ruling(view)
            said = f" [ruled {'correct' if ruling.correct else 'not correct'}]" if ruling else ""
            repeat = f" repeat {view.repeat}" if view.repeat else ""
            lines.append(f"  {WORDS[view.outcome]:<12}  {one_line(view.id, 80)}{repeat}: {values}{said}")
        if len(self.views) > _TEXT_LISTED:
            lines.append(f"  and {len(self.views) - _TEXT_LISTED:,} more: .table()")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view = self._view()
        listed = LISTED
        while True:
            made = {**view, "text/html": self._html(listed), "text/plain": self.text}
            if saved_size(made) <= CHECK_BYTES or not listed:
                return made
            listed //= 2

    def _ipython_display_(self) -> None:
        """Draw it where it can be drawn again: a ruling changes it."""
        from qwq_nb.view.output import show_with_figure

        show_with_figure(self._repr_mimebundle_(), None, subject=self)

    def after_ruling(self, run_dir: str) -> dict[str, Any] | None:
        """Return it as it is after a ruling on the run in that folder; None if it is of another run."""
        return self._anew()._repr_mimebundle_() if run_dir == self.record.run_dir else None

    def _view(self) -> dict[str, Any]:
        """Return the view's JSON; what escaping adds to the texts is seen only in the result."""
        entries = [(view, [_REASONS[r] for r in _why_listed(view)], _excerpts(view)) for view in self.record.samples]
        most = int(CHECK_BYTES * _VIEW_SHARE)
        budget = most
        while True:
            made: dict[str, Any] = {CHECK_MIME: check_view(self.record, entries, self.total, budget)}
            over = saved_size(made) - most
            if over <= 0 or budget <= 0:
                return made
            budget -= over + budget // 50


def _why_listed(view: SampleView) -> list[str]:
    # Only what is worth checking is here, and a withheld text cannot be looked at: no answer means reasoned.
    return reasons(view.outcome, view.flags, reasoned=True) or ["ruled_only"]


def _is_withheld(view: SampleView) -> bool:
    return view.question is None and view.reasoning is None and view.answer is None


def _excerpts(view: SampleView) -> list[tuple[str, Excerpt]]:
    """The last box or the value in the answer; in the reasoning, where the answer has neither.

    Beside a box, the excerpt of the gold value where that is said to be somewhere and is out of sight.
    """
    answer = view.answer.text if view.answer else ""
    reasoning = view.reasoning.text if view.reasoning else ""
    values = [value for value in (view.gold, view.second_extracted, view.extracted) if value.strip()]
    found = [("Answer", excerpt_of(answer, values))] if answer.strip() else []
    if reasoning.strip() and not (found and found[0][1].hit):
        found.append(("End of the reasoning", excerpt_of(reasoning, values)))
    if "present_not_extracted" in view.flags and view.gold.strip():
        seen = "".join(excerpt.before + excerpt.hit + excerpt.after for _, excerpt in found)
        for title, text in (("Gold value in the answer", answer), ("Gold value in the reasoning", reasoning)):
            excerpt = excerpt_of(text, [view.gold], boxes=False)
            if excerpt.hit and _last(seen, view.gold) is None:
                found.append((title, excerpt))
                break
    return found
