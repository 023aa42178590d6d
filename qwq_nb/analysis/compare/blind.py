"""Rule on two runs' answers without knowing whose they are (`compare(a, b).blind()`), and count by model afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from qwq_nb.analysis.compare.blind_pair import BlindPair, Choice
from qwq_nb.analysis.compare.inputs import drawn
from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.paired import mcnemar
from qwq_nb.core.pairing import Pair
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.store.preferences import Better, Preference, prefer, read_preferences
from qwq_nb.view.wording import count, p_text

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.run.run import Run

__all__ = ["BLIND_COLUMNS", "TALLY_COLUMNS", "Blind"]

BLIND_COLUMNS: Final = ("benchmark", "subset", "id", "repeat", "choice", "model", "note")
TALLY_COLUMNS: Final = ("run", "model", "better", "worse", "tie", "neither")


class Blind:
    """Hold two runs' answers to the same prompts, each pair in an order of its own that the seed decides.

    `rule(id, choice)` says which is better; only then is it known whose they were. `tally()` counts by model.
    """

    def __init__(self, runs: Sequence[Run], pairs: Sequence[Pair], *, seed: int, reveal: bool = False) -> None:
        """`pairs` are those of the two runs; those without an answer on either side are left out."""
        self.runs = tuple(runs)
        self.seed = seed
        self._reveal = reveal
        found = [pair for pair in pairs if is_answered(pair.a.outcome) and is_answered(pair.b.outcome)]
        self._pairs = {(pair.a.sample.id, pair.a.repeat): pair for pair in found}
        self._views = dict(
            zip(self._pairs, drawn(found, ("A", runs[0]), ("B", runs[1]), reveal=reveal), strict=True) if found else ()
        )

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def names(self) -> tuple[str, str]:
        """Return what the two runs are called: their models, or their names where these are the same."""
        models = tuple(run.model for run in self.runs)
        return models if models[0] != models[1] else tuple(run.name for run in self.runs)  # type: ignore[return-value]

    def pairs(self) -> list[BlindPair]:
        """Return all pairs, those that await a ruling first, else in the data set's order."""
        known = self._preferences()
        made = [self._shown(key, known.get(key)) for key in self._pairs]
        return sorted(made, key=lambda pair: pair.choice is not None)

    def rule(self, id: str, choice: Choice | None, note: str = "", repeat: int = 0) -> BlindPair:
        """Say which answer to a prompt is better, in the order shown; None takes it back. Returns the pair, revealed.

        It is kept in the first run's directory (`qwq_preferences.jsonl`).

        Raises:
            OptionError: no such pair, or another choice.
        """
        key = str(id), repeat
        if key not in self._pairs:
            hint = did_you_mean(str(id), [pair_id for pair_id, _ in self._pairs], many="pairs() lists them.")
            raise OptionError(f"There are no two answers to {id!r} repeat {repeat}.{hint}")
        if choice is not None and choice not in get_args(Choice):
            raise OptionError(f"A choice is one of {', '.join(get_args(Choice))}, or None, not {choice!r}.")
        pair = self._pairs[key]
        made = prefer(self.runs[0].directory, self._ids, (pair.a, pair.b), self._better(key, choice), note)
        return self._shown(key, made)

    def table(self) -> pd.DataFrame:
        """Return a row a pair; columns as in BLIND_COLUMNS. `model` is that of the better answer, once it is known."""
        import pandas as pd

        return pd.DataFrame([_row(pair) for pair in self.pairs()], columns=list(BLIND_COLUMNS))

    def tally(self) -> pd.DataFrame:
        """Return a row a run over the pairs that were ruled on; columns as in TALLY_COLUMNS."""
        import pandas as pd

        said = self.counts()
        rows = []
        for own, other, run in (("a", "b", self.runs[0]), ("b", "a", self.runs[1])):
            counted = (said[cast(Better, own)], said[cast(Better, other)], said["tie"], said["neither"])
            rows.append(dict(zip(TALLY_COLUMNS, (run.name, run.model, *counted), strict=True)))
        return pd.DataFrame(rows, columns=list(TALLY_COLUMNS))

    def counts(self) -> dict[Better, int]:
        """Return how many pairs were ruled each way, by whose answer is better."""
        said = [preference.better for preference in self._preferences().values()]
        return {better: said.count(better) for better in get_args(Better)}

    @property
    def sentence(self) -> str:
        """Return the tally in words; while nothing is ruled on, how many pairs await it."""
        said = self.counts()
        done = sum(said.values())
        left = len(self) - done
        awaits = f"{count(left, 'pair')} await{'s' if left == 1 else ''} a ruling."
        if not done:
            return f"Blind: {awaits}" if len(self) else "There is no prompt that both runs have an answer to."
        (a, b), p = self.names, p_text(mcnemar(said["b"], said["a"]))
        test = f"p {p}" if p.startswith("<") else f"p = {p}"
        told = (
            f"Of {count(done, 'pair')} ruled on blind, {a} was better in {said['a']:,} and {b} in {said['b']:,} "
            f"(sign test {test}); {count(said['tie'], 'tie')}, neither good in {said['neither']:,}."
        )
        return f"{told} {awaits}" if left else told

    @property
    def text(self) -> str:
        """Return the pairs as plain text."""
        from qwq_nb.analysis.compare.blind_view import blind_text

        return blind_text(self.sentence, self.pairs())

    @property
    def html(self) -> str:
        """Return the pairs as html, those that await a ruling first."""
        from qwq_nb.analysis.compare.blind_view import blind_html

        return blind_html(self.sentence, self.pairs())

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def _ipython_display_(self) -> None:
        """Shown once a cell: the panel of `%qwq_compare --blind` has the list below its buttons already."""
        from qwq_nb.view.output import is_shown, show_with_figure

        if not is_shown(self):
            show_with_figure(dict(self._repr_mimebundle_()), None)

    @property
    def _ids(self) -> tuple[str, str]:
        return self.runs[0].manifest.run_id, self.runs[1].manifest.run_id

    def _preferences(self) -> dict[tuple[str, int], Preference]:
        results = {key: (pair.a, pair.b) for key, pair in self._pairs.items()}
        return read_preferences(self.runs[0].directory, self._ids, results)

    def _is_swapped(self, key: tuple[str, int]) -> bool:
        """Whether the second run's answer is shown first."""
        return bool(hashlib.sha256(f"{self.seed}/{key[0]}/{key[1]}".encode("utf-8", "replace")).digest()[0] & 1)

    def _better(self, key: tuple[str, int], choice: Choice | None) -> Better | None:
        if choice in ("first", "second"):
            return "a" if (choice == "first") != self._is_swapped(key) else "b"
        return cast(Better | None, choice)

    def _shown(self, key: tuple[str, int], preference: Preference | None) -> BlindPair:
        flip, swapped = self._views[key], self._is_swapped(key)
        first, second = (flip.second, flip.first) if swapped else (flip.first, flip.second)
        better = preference.better if preference is not None else None
        choice = better if better in ("tie", "neither") else None
        if better in ("a", "b"):
            choice = "first" if (better == "a") != swapped else "second"  # type: ignore[assignment]
        names = self.names[::-1] if swapped else self.names
        return BlindPair(
            benchmark=flip.first.benchmark,
            subset=flip.first.subset,
            id=key[0],
            repeat=key[1],
            question=flip.first.question,
            first=first.answer,
            second=second.answer,
            choice=cast(Choice | None, choice),
            models=(names[0], names[1]) if choice is not None else None,
            note=preference.note if preference is not None and choice is not None else "",
        )


def _row(pair: BlindPair) -> dict[str, Any]:
    better = {"first": 0, "second": 1}.get(pair.choice or "")
    model = pair.models[better] if pair.models is not None and better is not None else ""
    row = {name: getattr(pair, name) for name in ("benchmark", "subset", "id", "repeat", "choice", "note")}
    return {**row, "choice": pair.choice or "", "model": model}
