"""Show one sample in the view of its run (`%qwq_show RUN --sample ID`): a link to it that can be run in a cell."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from qwq_nb.core.drawn_parts import Chosen
from qwq_nb.core.run_record import MIME_TYPE, RunRecord, SampleView
from qwq_nb.run.run import Run
from qwq_nb.run.sample import SampleDetail, sample_bundle
from qwq_nb.run.sample_budget import fit_samples
from qwq_nb.run.withhold import withhold
from qwq_nb.view.budget import FINAL_BYTES, saved_size
from qwq_nb.view.clip import lean

__all__ = ["SampleInRun", "sample_in_run"]

_OWN: Final = 0.5
"""Of the bytes that are left for texts, what the sample itself may take; the others share the rest."""


class SampleInRun(SampleDetail, kw_only=True):
    """Hold a sample with its texts whole, which is drawn by the view of its run, opened at this sample.

    Where no extension draws that view, html and text show the sample alone, as those of `run.sample(id)` do.
    """

    record: RunRecord
    """The run as it may be shown."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        alone = sample_bundle(self)
        return {MIME_TYPE: lean(_fitted(self.record, FINAL_BYTES - saved_size(alone))), **alone}


def sample_in_run(run: Run, id: str, repeat: int = 0) -> SampleInRun:
    """Return a sample × repeat with the record of its run, in which it is the one that is shown first.

    Raises:
        OptionError: the run has no such sample.
    """
    sample = run.sample(id, repeat)
    chosen = Chosen(id=sample.id, repeat=sample.repeat)
    # Of a long run the texts are clipped already; those of the sample are taken whole.
    own = [found for found in run.results() if _is(chosen, found.sample.id, found.repeat)]
    whole = withhold(run.record(own), reveal=run.revealed).samples
    record = withhold(run.record(budget=FINAL_BYTES), reveal=run.revealed)
    samples = [whole[0] if whole and _is(chosen, view.id, view.repeat) else view for view in record.samples]
    shown = msgspec.structs.replace(record, samples=samples, chosen=chosen)
    fields = {name: getattr(sample, name) for name in sample.__struct_fields__}
    return SampleInRun(**fields, record=shown)


def _fitted(record: RunRecord, most: int) -> RunRecord:
    """Return the record in at most so many bytes of a saved notebook; its chosen sample loses its texts last."""
    bare = msgspec.structs.replace(record, samples=[])
    left = most - saved_size({MIME_TYPE: lean(bare)})
    places = [_is(record.chosen, view.id, view.repeat) for view in record.samples]
    own = [view for view, here in zip(record.samples, places, strict=True) if here]
    others = [view for view, here in zip(record.samples, places, strict=True) if not here]
    while True:
        kept = fit_samples(own, int(left * _OWN), in_html=False)
        rest = fit_samples(others, left - _cost(kept), in_html=False)
        made = msgspec.structs.replace(record, samples=_merged(places, kept, rest))
        # fit_samples estimates; what is over is taken off, and a little more.
        over = saved_size({MIME_TYPE: lean(made)}) - most
        if over <= 0 or not rest:
            return made
        left -= over + max(left, 0) // 50


def _is(chosen: Chosen | None, id: str, repeat: int) -> bool:
    """Return whether a sample is the one that is chosen."""
    return chosen is not None and (chosen.id, chosen.repeat) == (id, repeat)


def _cost(views: list[SampleView]) -> int:
    return saved_size({MIME_TYPE: lean(views)})


def _merged(places: list[bool], own: list[SampleView], others: list[SampleView]) -> list[SampleView]:
    """Return all views in the order of the record; of the others some may have been left out."""
    return [*own, *others] if len(own) + len(others) < len(places) else _in_order(places, own, others)


def _in_order(places: list[bool], own: list[SampleView], others: list[SampleView]) -> list[SampleView]:
    first, second = iter(own), iter(others)
    return [next(first) if here else next(second) for here in places]
